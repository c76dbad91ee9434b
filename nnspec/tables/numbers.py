"""A column's numbers, or the first value that is none, with its place.

Columns of text become numbers when they are asked for, so that a column nobody reads cannot be wrong.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import NoReturn

import numpy as np

from nnspec.diagnostics import SpecError
from nnspec.prepare.missing import is_missing
from nnspec.tables.table import Array, LazyColumns, Table, shown_value

FILL_IN = "fill the gaps in, or leave those rows out"

NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*", re.ASCII)


def numbers(table: Table, column: str, *, gaps: bool = False, help: str = FILL_IN) -> Array:
    """A column's numbers, all finite: float64 from text, an array's own type otherwise.

    With `gaps` a missing one is NaN; `help` is the way out where it may not be.
    """
    if table.parts:
        return np.concatenate([numbers(part, column, gaps=gaps, help=help) for part in table.parts])
    if isinstance(table.columns, LazyColumns) and (quick := table.columns.numbers(column)) is not None:
        return quick
    values = table.columns[column]
    if values.dtype.kind not in "OU":
        if values.dtype.kind == "f" and not (np.isfinite(values) | (gaps & np.isnan(values))).all():
            _refuse_not_finite(table, column, values, gaps, help)
        return values
    if gaps and (missing := _gaps(values)).any():
        filled = numbers(replace(table, columns={column: np.where(missing, "0", values)}), column).copy()
        filled[missing] = np.nan
        return filled
    text = "".join(values.ravel().tolist())
    # Python's own float() also takes 1_000 and digits of other scripts.
    if text.isascii() and "_" not in text:
        try:
            parsed = values.astype(np.float64)
        except ValueError:
            parsed = None
        if parsed is not None and np.isfinite(parsed).all():
            return parsed
    return _parse_each(table, column, values, help)


def texts(table: Table, column: str) -> Array:
    """A column's texts without the spaces around them; whole numbers as they are written, a missing one as ""."""
    if isinstance(table.columns, LazyColumns) and (quick := table.columns.distinct(column)):
        bare, places = [text.strip() for text in quick[0]], quick[1]
        return np.array(bare, dtype=object)[places]
    values = table.columns[column]
    if values.dtype.kind in "OU":
        found = np.array([text.strip() for text in values.flat], dtype=object)
        return found.reshape(values.shape)
    if values.dtype.kind != "f":
        return values.astype(str).astype(object)
    gaps = np.isnan(values)
    broken = ~gaps & (values != np.floor(values))
    if broken.any():
        row, value = int(np.argwhere(broken)[0][0]), values[broken][0]
        message = f"{table.subject(column, row)}: {value:g} is no text and no whole number"
        raise SpecError.of("data-value", message, table.span(row), help="categories are texts or whole numbers")
    whole = np.where(gaps, 0, values).astype(np.int64).astype(str).astype(object)
    return np.where(gaps, "", whole)


def _gaps(values: Array) -> Array:
    """Where a text stands for a value that is not there."""
    flat = values.ravel().tolist()
    known = {text: is_missing(text) for text in set(flat)}
    return np.array([known[text] for text in flat]).reshape(values.shape)


def missing_values(table: Table, column: str, rows: Iterable[int], help: str = FILL_IN) -> SpecError:
    """The error for rows that lack a column's value."""
    gaps = [int(row) for row in rows]
    count = f"{len(gaps):,} of its {table.rows:,} rows lack" if len(gaps) > 1 else "one row lacks"
    return SpecError.of(
        "data-value",
        f"column '{column}': {count} a value, the first is {table.place(gaps[0])}",
        table.span(gaps[0]),
        help=help,
    )


def _refuse_not_finite(table: Table, column: str, values: Array, gaps: bool, help: str) -> NoReturn:
    missing = np.isnan(values).reshape(len(values), -1).any(axis=1)
    if missing.any() and not gaps:
        raise missing_values(table, column, np.flatnonzero(missing), help)
    row = int(np.flatnonzero(np.isinf(values).reshape(len(values), -1).any(axis=1))[0])
    raise _not_a_number(table, column, row, "inf")


def _parse_each(table: Table, column: str, values: Array, help: str) -> Array:
    """The slow way, to find the first value that is not a finite number."""
    per_row = values.reshape(len(values), -1)
    for row, texts in enumerate(per_row):
        for text in texts:
            if is_missing(text):
                gaps = [i for i, others in enumerate(per_row) if any(map(is_missing, others))]
                raise missing_values(table, column, gaps, help)
            if not NUMBER.fullmatch(text) or not np.isfinite(float(text)):
                raise _not_a_number(table, column, row, text)
    return values.astype(np.float64)


def _not_a_number(table: Table, column: str, row: int, text: str) -> SpecError:
    finite = "finite " if NUMBER.fullmatch(text) or "inf" in text.casefold() else ""
    way_out = f"write decimals with a point: {text.replace(',', '.')}" if DECIMAL_COMMA.fullmatch(text) else ""
    message = f"{table.subject(column, row)}: {shown_value(text)} is not a {finite}number"
    return SpecError.of("data-value", message, table.span(row), help=way_out)
