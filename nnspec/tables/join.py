"""Several tables as one: the rows of each after those of the one before, under the same columns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

import numpy as np

from nnspec.diagnostics import Note, Span, SpecError, Text, did_you_mean
from nnspec.tables.table import Array, LazyColumns, Table, within


class JoinedColumns(LazyColumns):
    """The columns of several tables, each put together when it is asked for."""

    def __init__(self, parts: Sequence[Table]) -> None:
        self.parts, self.rows = parts, sum(part.rows for part in parts)
        self.read: dict[str, Array] = {}

    def __getitem__(self, column: str) -> Array:
        if column not in self.read:
            self.read[column] = _joined(self.parts, column)
        return self.read[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self.parts[0].columns)

    def __len__(self) -> int:
        return len(self.parts[0].columns)

    def __contains__(self, column: object) -> bool:
        return column in self.parts[0].columns

    def part(self, start: int, rows: int) -> "JoinedColumns":
        return JoinedColumns(tuple(within(self.parts, start, rows)))

    def is_single(self, column: str) -> bool:
        return self.parts[0].is_single(column)

    def numbers(self, column: str) -> None:
        return None


def join(tables: Sequence[Table], name: str) -> Table:
    """One table of several, which must have the same columns, in any order."""
    first, *others = tables
    for other in others:
        if other.columns.keys() != first.columns.keys():
            _refuse_columns(first, other)
    return Table(name, JoinedColumns(tables), parts=tuple(tables)) if others else first


def beside(columns: Mapping[str, Table], name: str, place: Span) -> Table:
    """One table of tables that have one column each: each under a name of its own."""
    found = {column: next(iter(table.columns.values())) for column, table in columns.items()}
    (first, rows), *others = [(column, len(array)) for column, array in found.items()]
    for other, count in others:
        if count != rows:
            message = f"'{first}' has {rows:,} rows, '{other}' has {count:,}"
            raise SpecError.of("data-file", message, place, help="the first axis counts the examples in every array")
    return Table(name, found)


def _refuse_columns(first: Table, other: Table) -> NoReturn:
    lacking = [column for column in first.columns if column not in other.columns]
    more = [column for column in other.columns if column not in first.columns]
    column = lacking[0] if lacking else more[0]
    message = f"the file {'lacks' if lacking else 'has'} the column '{column}', which {first.name} "
    help = did_you_mean(column, more) if lacking and more else ""
    raise SpecError.of(
        "unknown-column",
        message + ("has" if lacking else "lacks"),
        Span(Text(other.name), 1 if other.lines is not None else 0),
        notes=[Note("together", "files that are read as one table have the same columns")],
        help=help or "",
    )


def _joined(parts: Sequence[Table], column: str) -> Array:
    arrays = [part.columns[column] for part in parts]
    first = arrays[0]
    for part, array in zip(parts, arrays, strict=True):
        if _kind(array) != _kind(first):
            message = f"column '{column}' holds {_kind(array)}, in {parts[0].name} it holds {_kind(first)}"
            raise SpecError.of("data-value", message, part.span(0), help="write one type throughout")
        if array.shape[1:] != first.shape[1:]:
            message = f"column '{column}' has {array.shape[1:]} a row, in {parts[0].name} {first.shape[1:]}"
            raise SpecError.of("data-shape", message, part.span(0), help="files of one table hold rows of one shape")
    return np.concatenate(arrays)


def _kind(array: Array) -> str:
    return "text" if array.dtype.kind in "OU" else "numbers"
