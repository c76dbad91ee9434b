"""A file -> its table, by the ending of its name. What a file may be instead is told, and nothing waits for it."""

import stat
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from nnspec.diagnostics import Span, SpecError, Text, did_you_mean
from nnspec.spec.cells import DELIMITERS
from nnspec.tables import frames, text
from nnspec.tables.arrays import MAX_ARRAY_BYTES, map_npy, read_npz
from nnspec.tables.delimited import read_delimited
from nnspec.tables.jsonlines import read_json_lines
from nnspec.tables.quick import read_plain
from nnspec.tables.table import Table, shown_value

MAX_SIBLINGS = 1000  # names looked through for the one that was meant

JSON_LINES = (".jsonl", ".ndjson")
LINES = ".txt"
TEXTS = (*DELIMITERS, *JSON_LINES, LINES)
SUFFIXES = (*TEXTS, ".npz", ".npy", *frames.ENDINGS)


def read_table(path: Path, shown: str | None = None, asked: Span | None = None) -> Table:
    """The columns of a file. `shown` is its name in messages, `asked` the place that names it."""
    name = shown or path.as_posix()
    place = asked or Span(Text(name))
    ending = ending_of(path)
    if ending not in SUFFIXES and not path.is_dir():
        kind = f"a {path.suffix} file" if path.suffix else "a file without an ending"
        help = f"nnspec reads {', '.join(SUFFIXES)}, and texts as .gz"
        raise SpecError.of("data-file", f"'{name}' is {kind}", place, help=help)
    _check_regular(path, ending, name, place)
    try:
        return replace(_read(path, ending, name, place), folder=path.parent)
    except OSError as error:
        raise SpecError.of("data-file", f"'{name}' cannot be read: {error.strerror or error}", place) from None


def ending_of(path: Path) -> str:
    """What says of a file how it is read: `.csv` of rows.csv, and of rows.csv.gz."""
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]] or [""]
    packed = len(suffixes) == 2 and suffixes[1] == text.GZIP and suffixes[0] in TEXTS
    return suffixes[0] if packed else suffixes[-1]


def _read(path: Path, ending: str, name: str, place: Span) -> Table:
    if ending in frames.ENDINGS:
        return frames.read_frame(path, name, place)
    if ending == ".npz":
        return read_npz(path, name)
    if ending == ".npy":
        return map_npy(path, name)
    if ending in JSON_LINES:
        return Table(name, *read_json_lines(text.read_text(path, name), name))
    if ending == LINES:
        return _read_lines(path, name)
    data, delimiter = text.read_bytes(path, name), DELIMITERS[ending]
    return read_plain(data, name, delimiter) or read_delimited(text.decode(data, name), name, delimiter)


def _read_lines(path: Path, name: str) -> Table:
    """A column of texts, one a line; blank lines are skipped."""
    every = enumerate(text.read_text(path, name).replace("\r\n", "\n").split("\n"), start=1)
    lines = [(at, line) for at, line in every if line.strip()]
    if not lines:
        raise SpecError.of("data-file", "the file is empty", Span(Text(name)), help="each line is a text")
    return Table(name, {"text": np.array([line for _, line in lines], dtype=object)}, np.array([at for at, _ in lines]))


def _check_regular(path: Path, ending: str, name: str, place: Span) -> None:
    size = _regular_file_size(path, name, place)
    limit = MAX_ARRAY_BYTES if ending == ".npz" else text.MAX_TEXT_BYTES
    if size > limit and ending in (*TEXTS, ".npz"):
        raise SpecError.of("limit", f"'{name}' has {size:,} bytes, more than the {limit:,} that nnspec reads", place)


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
