"""Named columns of one length, with their place in the file."""

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from nnspec.diagnostics import Span, SpecError, Text, did_you_mean

Array = np.ndarray[Any, np.dtype[Any]]

MAX_SHOWN = 60  # characters of a value that a message repeats


class LazyColumns(Mapping[str, Array], ABC):
    """Columns that become arrays when they are asked for."""

    rows: int

    @abstractmethod
    def part(self, start: int, rows: int) -> "LazyColumns":
        """The same columns for some of the rows."""

    @abstractmethod
    def is_single(self, column: str) -> bool:
        """Whether a column has one value a row; known without reading it."""

    @abstractmethod
    def numbers(self, column: str) -> Array | None:
        """A column as finite numbers where that is quick; None where it has to be looked at value by value."""

    def distinct(self, column: str) -> tuple[list[str], Array] | None:
        """A column's different texts, sorted, and for each row its text's place; None where that is not quick."""
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns of one length. `lines` holds each row's line in a text file, where it came from one.

    A table of several files has one of each as its `parts`. Paths in its columns are seen from `folder`.
    """

    name: str
    columns: Mapping[str, Array]
    lines: Array | None = None
    parts: tuple["Table", ...] = ()
    folder: Path | None = None
    first: int = 0  # row of the file that row 0 is, in a table that is a part of one

    @property
    def rows(self) -> int:
        """How many rows each column has."""
        if self.lines is not None:
            return len(self.lines)
        return self.columns.rows if isinstance(self.columns, LazyColumns) else len(next(iter(self.columns.values())))

    def is_single(self, column: str) -> bool:
        """Whether a column has one value a row."""
        if isinstance(self.columns, LazyColumns):
            return self.columns.is_single(column)
        return self.columns[column].ndim == 1

    def span(self, row: int) -> Span:
        """The row's line in its file; the file as a whole where it has no lines."""
        if self.parts:
            part, row = self._part(row)
            return part.span(row)
        return Span(Text(self.name), int(self.lines[row]) if self.lines is not None else 0)

    def subject(self, column: str, row: int) -> str:
        """How a message names a value whose span is `span(row)`: rows count from 1."""
        if self.parts:
            part, row = self._part(row)
            return part.subject(column, row)
        return f"column '{column}'" if self.lines is not None else f"row {self.first + row + 1} of '{column}'"

    def place(self, row: int) -> str:
        """The row in words: `line 5`, or `row 4` where the file has no lines."""
        if self.parts:
            part, row = self._part(row)
            return f"{part.place(row)} of {part.name}"
        return f"line {self.lines[row]}" if self.lines is not None else f"row {self.first + row + 1}"

    def part(self, start: int, rows: int) -> "Table":
        """Some rows that follow one another; their columns are read when they are asked for."""
        columns: Mapping[str, Array]
        if isinstance(self.columns, LazyColumns):
            columns = self.columns.part(start, rows)
        else:
            columns = {name: values[start : start + rows] for name, values in self.columns.items()}
        lines = None if self.lines is None else self.lines[start : start + rows]
        parts = tuple(within(self.parts, start, rows))
        return replace(self, columns=columns, lines=lines, parts=parts, first=self.first + start)

    def _part(self, row: int) -> tuple["Table", int]:
        """The file that a row stands in, and its place there."""
        ends = list(accumulate(part.rows for part in self.parts))
        at = bisect_right(ends, row)
        return self.parts[at], row - (ends[at] - self.parts[at].rows)


def within(parts: Sequence[Table], start: int, rows: int) -> Iterator[Table]:
    """The parts of tables that follow one another which some rows of all stand in."""
    for part in parts:
        here, end = max(start, 0), min(start + rows, part.rows)
        if here < end:
            yield part.part(here, end - here)
        start -= part.rows


def find_column(table: Table, name: str, asked: Span | None = None) -> Array:
    """A column by its name; `asked` is the place that names it."""
    check_column(table, name, asked)
    return table.columns[name]


def check_column(table: Table, name: str, asked: Span | None = None) -> None:
    """Refuse a name that no column has, without reading one."""
    if name in table.columns:
        return
    columns = list(table.columns)
    listed = ", ".join(columns[:12]) + (f" and {len(columns) - 12} more" if len(columns) > 12 else "")
    raise SpecError.of(
        "unknown-column",
        f"{table.name} has no column '{name}'",
        asked or Span(Text(table.name)),
        help=did_you_mean(name, columns) or f"its columns are {listed}",
    )


def shown_value(value: object) -> str:
    """A value as a message repeats it: quoted, short, nothing in it that drives a terminal."""
    text = str(value)
    return repr(text) if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]!r}…"
