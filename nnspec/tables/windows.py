"""A series cut into examples: each sees so many rows in a row, and learns from those that come after them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nnspec.diagnostics import Span, SpecError
from nnspec.tables.numbers import numbers
from nnspec.tables.table import Array, Table, find_column


@dataclass(frozen=True, slots=True)
class Window:
    """How a table is cut: rows that are seen, rows between two examples, the column that tells series apart."""

    length: int
    stride: int = 1
    by: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Columns(Mapping[str, Array]):
    """Columns that are made of a table's when they are asked for."""

    table: Table
    made: Callable[[str], Array]

    def __getitem__(self, column: str) -> Array:
        if column not in self.table.columns:
            raise KeyError(column)
        return self.made(column)

    def __iter__(self) -> Iterator[str]:
        return iter(self.table.columns)

    def __len__(self) -> int:
        return len(self.table.columns)


def seen(table: Table, window: Window, ahead: int = 0, asked: Span | None = None) -> Table:
    """What each example sees: of every column of numbers (examples, length). Its line is that of its last row."""
    starts, order = _starts(table, window, ahead, asked)
    places = order[starts[:, None] + np.arange(window.length)]
    columns = _Columns(table, lambda column: numbers(table, column, gaps=True)[places])
    return Table(table.name, columns, _lines(table, places[:, -1]))


def followed(table: Table, window: Window, ahead: int, learnt: Collection[str], asked: Span | None = None) -> Table:
    """What each example learns from: of the columns that are `learnt` the next `ahead` rows, of others its last row."""
    starts, order = _starts(table, window, ahead, asked)
    last = order[starts + window.length - 1]
    places = order[starts[:, None] + window.length + np.arange(ahead)]
    places = places[:, 0] if ahead == 1 else places
    columns = _Columns(table, lambda column: table.columns[column][places if column in learnt else last])
    return Table(table.name, columns, _lines(table, last))


def side_by_side(parts: Sequence[Array], rank: int) -> Array:
    """Several columns of an input as one array: windows along a new last axis, all others in a row."""
    if rank == 3 and all(part.ndim == 2 for part in parts):
        return np.stack(parts, axis=-1)
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def _starts(table: Table, window: Window, ahead: int, asked: Span | None) -> tuple[Array, Array]:
    """Where each example begins in the rows' order, and that order: series by series, in each as they stand."""
    span = window.length + ahead
    if window.by is None:
        order, sizes = np.arange(table.rows), np.array([table.rows])
    else:
        _, series, sizes = np.unique(
            find_column(table, window.by, asked).astype(str), return_inverse=True, return_counts=True
        )
        order = np.argsort(series, kind="stable")
    ends = np.cumsum(sizes)
    parts = [
        np.arange(end - size, end - span + 1, window.stride)
        for size, end in zip(sizes.tolist(), ends.tolist(), strict=True)
    ]
    starts = np.concatenate(parts)
    if not len(starts):
        most = int(sizes.max())
        what = f"series of at most {most:,} rows" if window.by else f"{most:,} rows"
        need = f"{window.length} to look at" + (f" and {ahead} to learn from" if ahead else "")
        message = f"{table.name} has {what}, and an example takes {span:,}: {need}"
        raise SpecError.of("data-shape", message, asked, help="give more rows, or a shorter window")
    return starts, order


def _lines(table: Table, rows: Array) -> Array | None:
    return None if table.lines is None else table.lines[rows]
