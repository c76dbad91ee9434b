"""CSV, JSON lines and NPZ files -> named columns with their place in the file.

A CSV's columns come as text; `numbers` turns one into numbers when it is asked for, so that a column nobody
reads cannot be wrong.
"""

import csv
import io
import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from nnspec.diagnostics import Span, SpecError, Text, did_you_mean
from nnspec.jsonlines import read_json_lines
from nnspec.spec.cells import DELIMITERS, is_missing

Array = np.ndarray[Any, np.dtype[Any]]

MAX_TEXT_BYTES = 2 * 10**9
MAX_ARRAY_BYTES = 8 * 10**9  # unpacked: a small zip can hold terabytes
MAX_SIBLINGS = 1000  # names looked through for the one that was meant
MAX_SHOWN = 60  # characters of a value that a message repeats

JSON_LINES = (".jsonl", ".ndjson")
SUFFIXES = (*DELIMITERS, *JSON_LINES, ".npz")
DELIMITER_NAMES = {",": "comma", "\t": "tab", ";": "semicolon"}
DELIMITER_HELP = {
    ";": ", and write decimals with a point (1.5)",
    "\t": ", or name the file .tsv",
    ",": ", or name it .csv",
}

NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns of one length. `lines` holds each row's line in a text file, where it came from one."""

    name: str
    columns: Mapping[str, Array]
    lines: Array | None = None

    @property
    def rows(self) -> int:
        """How many rows each column has."""
        return len(next(iter(self.columns.values())))

    def span(self, row: int) -> Span:
        """The row's line in the file; the file as a whole where it has no lines."""
        return Span(Text(self.name), int(self.lines[row]) if self.lines is not None else 0)

    def subject(self, column: str, row: int) -> str:
        """How a message names a value whose span is `span(row)`: rows count from 1."""
        return f"column '{column}'" if self.lines is not None else f"row {row + 1} of '{column}'"

    def place(self, row: int) -> str:
        """The row in words: `line 5`, or `row 4` where the file has no lines."""
        return f"line {self.lines[row]}" if self.lines is not None else f"row {row + 1}"


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
        return _read_arrays(path, name) if suffix == ".npz" else _read_text(path, name, DELIMITERS[suffix])
    except OSError as error:
        raise SpecError.of("data-file", f"'{name}' cannot be read: {error.strerror or error}", place) from None


def find_column(table: Table, name: str, asked: Span | None = None) -> Array:
    """A column by its name; `asked` is the place that names it."""
    if name in table.columns:
        return table.columns[name]
    columns = list(table.columns)
    listed = ", ".join(columns[:12]) + (f" and {len(columns) - 12} more" if len(columns) > 12 else "")
    raise SpecError.of(
        "unknown-column",
        f"{table.name} has no column '{name}'",
        asked or Span(Text(table.name)),
        help=did_you_mean(name, columns) or f"its columns are {listed}",
    )


def numbers(table: Table, column: str) -> Array:
    """A column's numbers, all finite: float64 from text, an array's own type otherwise."""
    values = table.columns[column]
    if values.dtype.kind not in "OU":
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            _refuse_not_finite(table, column, values)
        return values
    text = "".join(values.ravel().tolist())
    # Python's own float() also takes 1_000 and digits of other scripts.
    if text.isascii() and "_" not in text:
        try:
            parsed = values.astype(np.float64)
        except ValueError:
            parsed = None
        if parsed is not None and np.isfinite(parsed).all():
            return parsed
    return _parse_each(table, column, values)


def shown_value(value: object) -> str:
    """A value as a message repeats it: quoted, short, nothing in it that drives a terminal."""
    text = str(value)
    return repr(text) if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]!r}…"


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


def _read_text(path: Path, name: str, delimiter: str) -> Table:
    text = _decode(path.read_bytes(), name)
    records = _records(text, name, delimiter)
    header_line, header = next(records, (0, []))
    if not header:
        raise SpecError.of("data-file", "the file is empty", Span(Text(name)), help="the first line names the columns")
    names = _column_names(header, Span(Text(name), header_line), delimiter)
    lines, rows = [], []
    for line, fields in records:
        if len(fields) != len(names):
            if len(fields) == 1 and not fields[0].strip():
                continue  # a line of spaces is a blank one
            _refuse_ragged(len(fields), len(names), Span(Text(name), line))
        lines.append(line)
        rows.append(fields)
    if not rows:
        raise SpecError.of("data-file", "the file has a header and no rows", Span(Text(name), header_line))
    columns = np.ascontiguousarray(np.array(rows, dtype=object).T)
    return Table(name, dict(zip(names, columns, strict=True)), np.array(lines))


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


def _records(text: str, name: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record that is not a blank line, with the line where it starts."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        raise _csv_mistake(str(error), Span(Text(name), line)) from None


def _csv_mistake(reason: str, span: Span) -> SpecError:
    if "unexpected end" in reason:
        return SpecError.of("data-file", "a quote opened in this row is never closed", span)
    if "expected after" in reason:
        help = 'a quote inside a quoted field is written twice: "say ""yes"""'
        return SpecError.of("data-file", "a quoted field goes on after its closing quote", span, help=help)
    if "field limit" in reason:
        message = f"a field in this row has more than {csv.field_size_limit():,} characters"
        return SpecError.of("data-file", message, span, help="is a quote left open?")
    return SpecError.of("data-file", f"the row cannot be read: {reason}", span)


def _column_names(header: list[str], span: Span, delimiter: str) -> list[str]:
    names = [field.strip() for field in header]
    other = next((mark for mark in DELIMITER_NAMES if len(names) == 1 and mark in names[0]), "")
    if other:
        found, wanted = DELIMITER_NAMES[other], DELIMITER_NAMES[delimiter]
        help = f"separate the columns by {wanted}s" + DELIMITER_HELP.get(other, "")
        message = f"the header has {found}s and no {wanted}: {shown_value(names[0])}"
        raise SpecError.of("data-file", message, span, help=help)
    if "" in names:
        help = "name it; pandas leaves its index out with to_csv(..., index=False)"
        raise SpecError.of("data-file", f"column {names.index('') + 1} of the header has no name", span, help=help)
    twice = [column for column, count in Counter(names).items() if count > 1]
    if twice:
        raise SpecError.of("data-file", f"two columns are called '{twice[0]}'", span, help="rename one of them")
    return names


def _refuse_ragged(fields: int, columns: int, span: Span) -> NoReturn:
    message = f"line {span.line} has {fields} field{'s' * (fields != 1)}, the header names {columns} columns"
    help = "a field that holds a delimiter stands in quotes" if fields > columns else ""
    raise SpecError.of("data-file", message, span, help=help)


def _read_arrays(path: Path, name: str) -> Table:
    broken = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
    span = Span(Text(name))
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            unpacked = sum(member.file_size for member in members)
            if unpacked > MAX_ARRAY_BYTES:
                message = f"the file unpacks to {unpacked:,} bytes, more than the {MAX_ARRAY_BYTES:,} that nnspec reads"
                raise SpecError.of("limit", message, span)
            columns = {member.filename.removesuffix(".npy"): _read_array(archive, member, span) for member in members}
    except broken as error:
        message = f"the file is cut short or is not an NPZ file: {error}"
        raise SpecError.of("data-file", message, span, help="write it with numpy.savez(FILE, x=..., y=...)") from None
    if len(columns) < len(members):
        raise SpecError.of("data-file", "two arrays of the file have one name", span)
    _check_lengths(columns, span)
    return Table(name, columns)


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, span: Span) -> Array:
    column = member.filename.removesuffix(".npy")
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        headers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in headers:
            raise ValueError(f"'{column}' is written in version {version} of NumPy's format")
        shape, fortran_order, dtype = headers[version](file)
        _check_array_type(column, dtype, shape, span)
        # The header's own claim decides how much is allocated, so it must agree with what is there.
        data = file.read()
    if dtype.itemsize * int(np.prod(shape, dtype=object)) != len(data):
        raise ValueError(f"'{column}' has {len(data):,} bytes, other than its shape {shape} says")
    array = np.frombuffer(data, dtype=dtype)
    return array.reshape(shape, order="F" if fortran_order else "C").astype(dtype.newbyteorder("="), copy=False)


def _check_array_type(column: str, dtype: np.dtype[Any], shape: tuple[int, ...], span: Span) -> None:
    if dtype.hasobject:
        raise SpecError.of(
            "data-file",
            f"'{column}' holds Python objects (a pickle), which can run code when read",
            span,
            help="store numbers or text: array.astype(float), array.astype(str)",
        )
    if dtype.kind not in "biufU":
        message = f"'{column}' holds {dtype}, where numbers or text are needed"
        raise SpecError.of("data-file", message, span, help="store it with array.astype(float) or array.astype(str)")
    if not shape:
        raise SpecError.of("data-file", f"'{column}' is a single value, not one for each row", span)


def _check_lengths(columns: Mapping[str, Array], span: Span) -> None:
    if not columns:
        raise SpecError.of("data-file", "the file holds no arrays", span)
    (first, array), *others = columns.items()
    if not len(array):
        raise SpecError.of("data-file", f"'{first}' has no rows", span)
    for name, other in others:
        if len(other) != len(array):
            message = f"'{first}' has {len(array):,} rows, '{name}' has {len(other):,}"
            raise SpecError.of("data-file", message, span, help="the first axis counts the examples in every array")


def _refuse_not_finite(table: Table, column: str, values: Array) -> NoReturn:
    missing = np.isnan(values).reshape(len(values), -1).any(axis=1)
    if missing.any():
        raise missing_values(table, column, np.flatnonzero(missing))
    row = int(np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))[0])
    raise _not_a_number(table, column, row, "inf")


def _parse_each(table: Table, column: str, values: Array) -> Array:
    """The slow way, to find the first value that is not a finite number."""
    per_row = values.reshape(len(values), -1)
    for row, texts in enumerate(per_row):
        for text in texts:
            if is_missing(text):
                gaps = [i for i, others in enumerate(per_row) if any(map(is_missing, others))]
                raise missing_values(table, column, gaps)
            if not NUMBER.fullmatch(text) or not np.isfinite(float(text)):
                raise _not_a_number(table, column, row, text)
    return values.astype(np.float64)


def missing_values(table: Table, column: str, rows: Iterable[int]) -> SpecError:
    """The error for rows that lack a column's value."""
    gaps = [int(row) for row in rows]
    count = f"{len(gaps):,} of its {table.rows:,} rows lack" if len(gaps) > 1 else "one row lacks"
    return SpecError.of(
        "data-value",
        f"column '{column}': {count} a value, the first is {table.place(gaps[0])}",
        table.span(gaps[0]),
        help="fill the gaps in, or leave those rows out",
    )


def _not_a_number(table: Table, column: str, row: int, text: str) -> SpecError:
    finite = "finite " if NUMBER.fullmatch(text) or "inf" in text.casefold() else ""
    way_out = f"write decimals with a point: {text.replace(',', '.')}" if DECIMAL_COMMA.fullmatch(text) else ""
    message = f"{table.subject(column, row)}: {shown_value(text)} is not a {finite}number"
    return SpecError.of("data-value", message, table.span(row), help=way_out)
