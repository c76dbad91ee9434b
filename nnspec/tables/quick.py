"""Large CSV texts through polars, where it is installed and the text is so plain that both readers see the same.

A text with a quote, a blank line or a row of another length is left to the strict reader, which knows the place of
every mistake.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nnspec.tables.delimited import MAX_COLUMNS
from nnspec.tables.frames import FrameColumns
from nnspec.tables.table import Array, Table

if TYPE_CHECKING:
    import polars

QUICK_BYTES = 2**20  # below it the import of polars takes longer than it saves
COUNTED_BYTES = 2**20  # at a time, so that they stay in the processor's cache
SEEN_BYTES = 10_000  # looked at for columns of decimals, which are parsed while the text is read
DECIMAL = re.compile(r"[+-]?\d+\.\d+", re.ASCII)
NOT_PLAIN = (b'"', b"\0")  # a blank line has too few delimiters, which the count tells


class PlainText:
    """A text, and what of it has been read once more."""

    def __init__(self, data: bytes, delimiter: str) -> None:
        self.data, self.delimiter = data, delimiter
        self.options: dict[str, Any] = dict(separator=delimiter, infer_schema=False, quote_char=None)
        self.again: dict[int, polars.Series] = {}

    def frame(self, names: Sequence[str]) -> "polars.DataFrame | None":
        """All columns: decimals as numbers, others as they are written."""
        try:
            import polars
        except ImportError:
            return None
        decimals = _decimals(self.data, self.delimiter, len(names))
        for chosen in [decimals, set[int]()] if decimals else [decimals]:
            types = [polars.Float64 if place in chosen else polars.String for place in range(len(names))]
            try:
                return polars.read_csv(self.data, schema_overrides=types, **self.options)
            except polars.exceptions.PolarsError:
                pass  # a column begins with decimals and goes on with something else
        return None

    def written(self, place: int) -> "polars.Series":
        """One column as it is written."""
        import polars

        if place not in self.again:
            self.again[place] = polars.read_csv(self.data, columns=[place], **self.options).to_series()
        return self.again[place]


class PlainColumns(FrameColumns):
    """Columns of texts, of which those of decimals are numbers at once."""

    def __init__(self, frame: "polars.DataFrame", name: str, rows: int, text: PlainText, first: int = 0) -> None:
        super().__init__(frame, name, rows)
        self.plain, self.text, self.first = frame, text, first

    def part(self, start: int, rows: int) -> "PlainColumns":
        return PlainColumns(self.plain.slice(start, rows), self.name, rows, self.text, self.first + start)

    def numbers(self, column: str) -> Array | None:
        import polars

        found = self.plain.get_column(column)
        if found.dtype != polars.Float64:
            return super().numbers(column)
        values: Array = found.to_numpy()  # null is NaN
        return values if np.isfinite(values).all() else super().numbers(column)

    def series(self, column: str) -> "polars.Series":
        import polars

        found = self.plain.get_column(column)
        if found.dtype == polars.String:
            return found
        return self.text.written(self.plain.columns.index(column)).slice(self.first, self.rows)

    @cached_property
    def types(self) -> "Mapping[str, polars.DataType]":
        import polars

        return dict.fromkeys(self.plain.columns, polars.String())


def read_plain(data: bytes, name: str, delimiter: str) -> Table | None:
    """The table of a large plain text; None where the strict reader has to look at it."""
    if len(data) < QUICK_BYTES or any(mark in data for mark in NOT_PLAIN) or _has_lone_return(data):
        return None
    names = _names(data, delimiter)
    reading = PlainText(data, delimiter)
    frame = reading.frame(names) if names else None
    # No row is too long for polars, so none is too short either if there are as many delimiters as there should be.
    if frame is None or _count(data, delimiter) != (frame.height + 1) * (len(names) - 1):
        return None
    frame.columns = names
    columns = PlainColumns(frame, name, frame.height, reading)
    return Table(name, columns, np.arange(2, frame.height + 2))


def _names(data: bytes, delimiter: str) -> list[str]:
    """The header's names, several and all different; none where it is not so simple."""
    header = data[: data.find(b"\n") + 1].decode("utf-8-sig", errors="replace")
    names = [name.strip() for name in header.split(delimiter)]
    if len(names) > MAX_COLUMNS:
        return []
    return names if len(names) > 1 and all(names) and len(set(names)) == len(names) and "\ufffd" not in header else []


def _decimals(data: bytes, delimiter: str, columns: int) -> set[int]:
    """Places of the columns that begin with decimals and nothing else."""
    lines = data[:SEEN_BYTES].decode("utf-8", errors="replace").splitlines()[1:-1]
    rows = [line.split(delimiter) for line in lines]
    if not rows or any(len(row) != columns for row in rows):
        return set()
    return {place for place, column in enumerate(zip(*rows, strict=True)) if all(map(DECIMAL.fullmatch, column))}


def _has_lone_return(data: bytes) -> bool:
    return b"\r" in data and data.count(b"\r") != data.count(b"\r\n")


def _count(data: bytes, delimiter: str) -> int:
    array, mark = np.frombuffer(data, np.uint8), ord(delimiter)
    steps = range(0, len(array), COUNTED_BYTES)
    return sum(int(np.count_nonzero(array[start : start + COUNTED_BYTES] == mark)) for start in steps)
