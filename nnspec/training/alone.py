"""One training at a time in a run folder, and what is said where it ends for want of room."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from nnspec.diagnostics import SpecError
from nnspec.files import locked
from nnspec.runs import Run


@contextmanager
def alone(run: Run) -> Iterator[None]:
    """While it lasts no other process trains in the folder."""
    with locked(run.path) as free:
        if not free:
            raise SpecError.of("resume", f"another process trains in {run.path}", help="wait for it to end")
        yield


@contextmanager
def resumable(run: Run) -> Iterator[None]:
    """Where a file cannot be written, as on a full disk, say how the training goes on once it can."""
    try:
        yield
    except SpecError as error:
        if error.diagnostics[0].code != "file":
            raise
        kept = run.checkpoints()
        where = f"after step {int(kept[-1].stem):,}" if kept else "from its begin"
        help = f"once that is mended `nnspec train --resume {run.path}` goes on {where}"
        raise SpecError([replace(found, help=help) for found in error.diagnostics]) from None
