"""CSV and TSV text -> named columns of text, each row with the line where it starts."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from typing import NoReturn

import numpy as np

from nnspec.diagnostics import Span, SpecError, Text
from nnspec.tables.table import Table, shown_value

MAX_COLUMNS = 100_000
DELIMITER_NAMES = {",": "comma", "\t": "tab", ";": "semicolon"}
DELIMITER_HELP = {
    ";": ", and write decimals with a point (1.5)",
    "\t": ", or name the file .tsv",
    ",": ", or name it .csv",
}


def read_delimited(text: str, name: str, delimiter: str) -> Table:
    """The table of a CSV or TSV text; the first line names the columns, blank lines are skipped."""
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
    if len(header) > MAX_COLUMNS:
        message = f"the header names {len(header):,} columns, more than the {MAX_COLUMNS:,} that nnspec reads"
        help = "keep wide rows as one array: NPZ or NPY"
        raise SpecError.of("limit", message, span, help=help)
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
