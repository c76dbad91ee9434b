"""A column's numbers, or the first value that is none, with its place.

Columns of text become numbers when they are asked for, so that a column nobody reads cannot be wrong.
"""

import re
from collections.abc import Iterable
from typing import NoReturn

import numpy as np

from nnspec.diagnostics import SpecError
from nnspec.spec.cells import is_missing
from nnspec.tables.table import Array, LazyColumns, Table, shown_value

NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*", re.ASCII)


def numbers(table: Table, column: str) -> Array:
    """A column's numbers, all finite: float64 from text, an array's own type otherwise."""
    if table.parts:
        return np.concatenate([numbers(part, column) for part in table.parts])
    if isinstance(table.columns, LazyColumns) and (quick := table.columns.numbers(column)) is not None:
        return quick
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


def _not_a_number(table: Table, column: str, row: int, text: str) -> SpecError:
    finite = "finite " if NUMBER.fullmatch(text) or "inf" in text.casefold() else ""
    way_out = f"write decimals with a point: {text.replace(',', '.')}" if DECIMAL_COMMA.fullmatch(text) else ""
    message = f"{table.subject(column, row)}: {shown_value(text)} is not a {finite}number"
    return SpecError.of("data-value", message, table.span(row), help=way_out)
