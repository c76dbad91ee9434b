"""One training at a time in a run folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from nnspec.diagnostics import SpecError
from nnspec.runs import Run


@contextmanager
def alone(run: Run) -> Iterator[None]:
    """While it lasts no other process trains in the folder; the lock ends with the process, however that ends."""
    if os.name != "posix":
        yield
        return
    import fcntl

    handle = os.open(run.path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SpecError.of("resume", f"another process trains in {run.path}", help="wait for it to end") from None
        yield
    finally:
        os.close(handle)
