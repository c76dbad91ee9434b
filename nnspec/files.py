"""Files that are whole or not there: a reader never meets half of one, whatever happens to the writer."""

import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nnspec.diagnostics import SpecError


def write_whole(path: Path, data: bytes) -> None:
    """Write beside the file, then rename: until the last moment an older file stays as it was; its mode lasts."""
    with _told("file", "write", path):
        target = path.resolve()  # a link stays a link
        if target.exists() and not target.is_file():
            target.write_bytes(data)  # a pipe or /dev/stdout has nothing to keep; a folder refuses
            return
        beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            _write_through(beside, data)
            if target.exists():
                shutil.copymode(target, beside)
            beside.replace(target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)


def write_text(path: Path, text: str) -> None:
    """A whole UTF-8 file; what UTF-8 has no bytes for is written as an escape."""
    write_whole(path, text.encode("utf-8", "backslashreplace"))


def write_json(path: Path, value: Any) -> None:
    """A whole JSON file for people and programs; numbers that are not finite become null."""
    write_text(path, json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_lines(path: Path, values: Sequence[Any]) -> None:
    """A whole JSON-lines file."""
    write_text(path, "".join(f"{json_line(value)}\n" for value in values))


def append_line(path: Path, value: Any) -> None:
    """One more line of a JSON-lines file, in a single write: a reader meets it whole or not at all."""
    line = json_line(value) + "\n"
    with _told("file", "write", path), path.open("ab", buffering=0) as file:
        file.write(line.encode("utf-8", "backslashreplace"))


def json_line(value: Any) -> str:
    """The value as JSON on one line; numbers that are not finite become null."""
    return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False)


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Hold a folder's lock: whether nobody else has it. It ends with the process, however that ends."""
    if os.name != "posix":
        yield True
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)


def sync(path: Path) -> None:
    """Wait until the disk has all of a file."""
    with _told("file", "write", path), path.open("rb") as file:
        os.fsync(file.fileno())


def read_text(path: Path) -> str:
    """A UTF-8 file of a run."""
    with _told("run-folder", "read", path):
        return path.read_bytes().decode("utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file that holds an object."""
    return _object(path, read_text(path))


def read_lines(path: Path) -> list[dict[str, Any]]:
    """A JSON-lines file. A last line without an end is one that was being written: it does not count."""
    *lines, _ = read_text(path).split("\n")
    return [_object(path, line) for line in lines]


def _object(path: Path, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SpecError.of("run-folder", f"{path} is not well-formed JSON: {error}") from None
    if not isinstance(value, dict):
        raise SpecError.of("run-folder", f"{path} holds no JSON object")
    return value


def _finite(value: Any) -> Any:
    """The value with null for every float that JSON has no number for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(item) for item in value]
    return value


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What goes wrong while a file is written, as one message."""
    with _told("file", "write", path):
        yield


@contextmanager
def _told(code: str, verb: str, path: Path) -> Iterator[None]:
    """What the operating system refuses, as one message."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SpecError.of(code, f"cannot {verb} {path}: {reason}") from None
    except UnicodeDecodeError:
        raise SpecError.of(code, f"{path} is not UTF-8 text") from None


def _write_through(path: Path, data: bytes) -> None:
    """Write, and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the rename last through a power failure, where folders can be opened."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
