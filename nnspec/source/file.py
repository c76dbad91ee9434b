"""A file -> its text."""

import os
import stat
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from nnspec.diagnostics import Span, SpecError, Text, did_you_mean
from nnspec.source.limits import MAX_BYTES

MAX_SIBLINGS = 1000  # file names looked at for a suggestion
WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
SAVE_AS_UTF8 = "save the file as UTF-8"


def read_text(path: Path | str, named: Text | None = None) -> str:
    """The text of a regular file in UTF-8, without a byte order mark; messages call it as it is `named`."""
    whole = Span(named or Text(str(path)))
    try:
        data = _read_bytes(Path(path), whole)
    except FileNotFoundError:
        raise SpecError.of("file", "no such file", whole, help=near(Path(path))) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SpecError.of("file", f"cannot be read: {reason.lower()}", whole) from None
    return _decode(data, whole)


def read_stream(stream: BinaryIO, name: str) -> str:
    """The text of a stream in UTF-8, without a byte order mark."""
    data = stream.read(MAX_BYTES + 1)
    whole = Span(Text(name))
    check_length(len(data), whole)
    return _decode(data, whole)


def split_lines(text: str) -> tuple[str, ...]:
    """The lines as editors and YAML 1.2 count them: U+2028 and its kin are no line breaks."""
    return tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def _read_bytes(path: Path, whole: Span) -> bytes:
    # Asked before opening: a pipe would wait for its writer, a device may act on being opened.
    info = path.stat()
    if not stat.S_ISREG(info.st_mode):
        what = "a folder" if stat.S_ISDIR(info.st_mode) else "a pipe or a device"
        raise SpecError.of("file", f"is {what}, not a file", whole)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        data = file.read(MAX_BYTES + 1) or b""
    check_length(max(info.st_size, len(data)), whole)
    return data


def check_length(length: int, whole: Span) -> None:
    """Refuse a text of so many bytes where that is more than a spec may hold."""
    if length > MAX_BYTES:
        message = f"the file holds more than {MAX_BYTES // 1_000_000} MB"
        help = "keep data and weights in files of their own; split a long spec with 'imports'"
        raise SpecError.of("limit", message, whole, help=help)


def near(path: Path) -> str:
    """The file beside a missing one that may be meant."""
    try:
        with os.scandir(path.parent) as entries:
            names = sorted(entry.name for entry in islice(entries, MAX_SIBLINGS) if entry.is_file())
    except OSError:
        return f"there is no folder '{path.parent}'"
    return did_you_mean(path.name, names)


def _decode(data: bytes, whole: Span) -> str:
    # UTF-16 without a mark still shows: a spec begins with ASCII, so a zero byte stands among the first.
    if data.startswith(WIDE_MARKS) or b"\x00" in data[:2]:
        message = "the file is not UTF-8: it begins as UTF-16 or UTF-32 does"
        raise SpecError.of("encoding", message, whole, help=SAVE_AS_UTF8)
    try:
        return data.decode().lstrip("\ufeff")
    except UnicodeDecodeError as error:
        start = error.start
    before = split_lines(data[:start].decode().lstrip("\ufeff"))
    lines = split_lines(data.decode(errors="replace").lstrip("\ufeff"))
    line, column = len(before), len(before[-1]) + 1
    message = f"the byte 0x{data[start]:02x} (number {start + 1} of the file) is not UTF-8"
    span = Span(replace(whole.text, lines=lines), line, column, line, column + 1)
    raise SpecError.of("encoding", message, span, help=SAVE_AS_UTF8)
