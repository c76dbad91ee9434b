"""A file -> its table, by the ending of its name. What a file may be instead is told, and nothing waits for it."""

import stat
from itertools import islice
from pathlib import Path

from nnspec.diagnostics import Span, SpecError, Text, did_you_mean
from nnspec.spec.cells import DELIMITERS
from nnspec.tables.arrays import MAX_ARRAY_BYTES, read_npz
from nnspec.tables.delimited import read_delimited
from nnspec.tables.jsonlines import read_json_lines
from nnspec.tables.table import Table, shown_value

MAX_TEXT_BYTES = 2 * 10**9
MAX_SIBLINGS = 1000  # names looked through for the one that was meant

JSON_LINES = (".jsonl", ".ndjson")
SUFFIXES = (*DELIMITERS, *JSON_LINES, ".npz")


def read_table(path: Path, shown: str | None = None, asked: Span | None = None) -> Table:
    """The columns of a file. `shown` is its name in messages, `asked` the place that names it."""
    name = shown or path.as_posix()
    place = asked or Span(Text(name))
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES and not path.is_dir():
        kind = f"a {suffix} file" if suffix else "a file without an ending"
        raise SpecError.of("data-file", f"'{name}' is {kind}", place, help=f"nnspec reads {', '.join(SUFFIXES)}")
    size = _regular_file_size(path, name, place)
    limit = MAX_ARRAY_BYTES if suffix == ".npz" else MAX_TEXT_BYTES
    if size > limit:
        raise SpecError.of("limit", f"'{name}' has {size:,} bytes, more than the {limit:,} that nnspec reads", place)
    try:
        if suffix in JSON_LINES:
            return Table(name, *read_json_lines(_decode(path.read_bytes(), name), name))
        if suffix == ".npz":
            return read_npz(path, name)
        return read_delimited(_decode(path.read_bytes(), name), name, DELIMITERS[suffix])
    except OSError as error:
        raise SpecError.of("data-file", f"'{name}' cannot be read: {error.strerror or error}", place) from None


def _regular_file_size(path: Path, name: str, place: Span) -> int:
    # Asked before opening: to open a FIFO waits for ever, and a device never ends.
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        near = did_you_mean(path.name, _siblings(path))
        raise SpecError.of("data-file", f"there is no file '{name}'", place, help=near) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SpecError.of("data-file", f"{shown_value(name)} cannot be read: {reason}", place) from None
    if stat.S_ISDIR(status.st_mode):
        raise SpecError.of("data-file", f"'{name}' is a folder, not a file", place)
    if not stat.S_ISREG(status.st_mode):
        raise SpecError.of("data-file", f"'{name}' is a pipe or a device, not a file", place)
    return status.st_size


def _siblings(path: Path) -> list[str]:
    try:
        return [entry.name for entry in islice(path.parent.iterdir(), MAX_SIBLINGS)]
    except OSError:
        return []


def _decode(data: bytes, name: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SpecError.of(
            "encoding", "the file is UTF-16 text, not UTF-8", Span(Text(name)), help="save it as UTF-8 (`CSV UTF-8`)"
        )
    nul = data.find(b"\0")
    if nul >= 0:
        span = Span(Text(name), data.count(b"\n", 0, nul) + 1)
        raise SpecError.of("encoding", "a NUL byte stands in this line: the file is not text", span)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        span = Span(Text(name), data.count(b"\n", 0, error.start) + 1)
        message = f"the byte 0x{data[error.start]:02x} in this line is not UTF-8"
        raise SpecError.of("encoding", message, span, help="save the file as UTF-8 (`CSV UTF-8`)") from None
