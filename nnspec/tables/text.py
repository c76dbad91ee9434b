"""The text of a file: unpacked where it is gzip, and UTF-8 or a message that says what it is."""

import gzip
import zlib
from pathlib import Path

from nnspec.diagnostics import Span, SpecError, Text

MAX_TEXT_BYTES = 2 * 10**9
GZIP = ".gz"
STEP_BYTES = 2**20  # unpacked at a time: a small file can hold terabytes


def read_text(path: Path, name: str) -> str:
    """The whole text, without the byte order mark that it may begin with."""
    return decode(read_bytes(path, name), name)


def read_bytes(path: Path, name: str) -> bytes:
    """What stands in the file, unpacked."""
    if path.suffix.lower() != GZIP:
        return path.read_bytes()
    try:
        return _unpack(path, name)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        message = f"the file is cut short or is not a gzip file: {error}"
        raise SpecError.of("data-file", message, Span(Text(name)), help="`gzip --test` says so too") from None


def decode(data: bytes, name: str) -> str:
    """Bytes as UTF-8 text; SpecError with the line where they are none."""
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


def _unpack(path: Path, name: str) -> bytes:
    unpacked = bytearray()
    with gzip.open(path) as file:
        while step := file.read(STEP_BYTES):
            unpacked += step
            if len(unpacked) > MAX_TEXT_BYTES:
                message = f"the file unpacks to more than the {MAX_TEXT_BYTES:,} bytes that nnspec reads"
                raise SpecError.of("limit", message, Span(Text(name)))
    return bytes(unpacked)
