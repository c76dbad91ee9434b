"""A file -> its text."""

import os
import stat
from itertools import islice
from pathlib import Path

from nnspec.diagnostics import Span, SpecError, Text, did_you_mean
from nnspec.source.limits import MAX_BYTES

MAX_SIBLINGS = 1000  # file names looked at for a suggestion
WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
SAVE_AS_UTF8 = "save the file as UTF-8"


def read_text(path: Path | str) -> str:
    """The text of a regular file in UTF-8, without a byte order mark."""
    name = str(path)
    try:
        data = _read_bytes(Path(path), name)
    except FileNotFoundError:
        raise SpecError.of("file", "no such file", Span(Text(name)), help=_near(Path(path))) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SpecError.of("file", f"cannot be read: {reason.lower()}", Span(Text(name))) from None
    return _decode(data, name)


def split_lines(text: str) -> tuple[str, ...]:
    """The lines as editors and YAML 1.2 count them: U+2028 and its kin are no line breaks."""
    return tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def _read_bytes(path: Path, name: str) -> bytes:
    # Asked before opening: a pipe would wait for its writer, a device may act on being opened.
    info = path.stat()
    if not stat.S_ISREG(info.st_mode):
        what = "a folder" if stat.S_ISDIR(info.st_mode) else "a pipe or a device"
        raise SpecError.of("file", f"is {what}, not a file", Span(Text(name)))
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        data = file.read(MAX_BYTES + 1) or b""
    if max(info.st_size, len(data)) > MAX_BYTES:
        message = f"the file holds more than {MAX_BYTES // 1_000_000} MB"
        help = "keep data and weights in files of their own; split a long spec with 'imports'"
        raise SpecError.of("limit", message, Span(Text(name)), help=help)
    return data


def _near(path: Path) -> str:
    try:
        with os.scandir(path.parent) as entries:
            names = sorted(entry.name for entry in islice(entries, MAX_SIBLINGS) if entry.is_file())
    except OSError:
        return f"there is no folder '{path.parent}'"
    return did_you_mean(path.name, names)


def _decode(data: bytes, name: str) -> str:
    # UTF-16 without a mark still shows: a spec begins with ASCII, so a zero byte stands among the first.
    if data.startswith(WIDE_MARKS) or b"\x00" in data[:2]:
        message = "the file is not UTF-8: it begins as UTF-16 or UTF-32 does"
        raise SpecError.of("encoding", message, Span(Text(name)), help=SAVE_AS_UTF8)
    try:
        return data.decode().lstrip("\ufeff")
    except UnicodeDecodeError as error:
        start = error.start
    before = split_lines(data[:start].decode().lstrip("\ufeff"))
    lines = split_lines(data.decode(errors="replace").lstrip("\ufeff"))
    line, column = len(before), len(before[-1]) + 1
    message = f"the byte 0x{data[start]:02x} (number {start + 1} of the file) is not UTF-8"
    raise SpecError.of("encoding", message, Span(Text(name, lines), line, column, line, column + 1), help=SAVE_AS_UTF8)
