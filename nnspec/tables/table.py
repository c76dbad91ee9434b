"""Named columns of one length, with their place in the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnspec.diagnostics import Span, SpecError, Text, did_you_mean

Array = np.ndarray[Any, np.dtype[Any]]

MAX_SHOWN = 60  # characters of a value that a message repeats


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


def shown_value(value: object) -> str:
    """A value as a message repeats it: quoted, short, nothing in it that drives a terminal."""
    text = str(value)
    return repr(text) if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]!r}…"
