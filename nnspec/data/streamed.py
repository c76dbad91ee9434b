"""Parts whose inputs stay in their file: read chunk by chunk, wherever memory does not hold them.

Targets and what a split goes by are held whole. Preparation is fitted in passes over the training rows, one for each
step that learns.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from math import prod

import numpy as np

from nnspec.data.columns import Lengths, agree, check_indices, input_columns, read_input
from nnspec.data.learnt import Rows, before_file, learn_from
from nnspec.diagnostics import Diagnostic, Note, SpecError
from nnspec.graph import Vertex
from nnspec.prepare.fitted import FittedStep
from nnspec.shapes import Tensor
from nnspec.spec.spec import Input, Spec
from nnspec.tables import Array, Table

BUFFERS = 12  # one that is used, one that is being filled, and the copies that are made on the way
MIXED_CHUNKS = 16  # that a buffer holds at least: rows of so many places of the file are mixed
MOST_ROWS, FEWEST_ROWS = 65_536, 64  # of a chunk
UNKNOWN_SIZE = 128  # of an axis whose length only the data know, and of a text
ITEM_BYTES = {"float32": 4, "int64": 8, "uint8": 1, "bool": 1, "string": UNKNOWN_SIZE}

Columns = Mapping[str, tuple[str, ...]]


def bytes_of_row(spec: Spec) -> int:
    """What an example's inputs take in memory, as the columns hold them and prepared."""
    return sum(_bytes(x) for given in spec.inputs.values() for x in (given.held, given.raw, given.tensor))


def chunk_rows(spec: Spec, memory: int) -> int:
    """Rows that are read at once: a buffer mixes those of many chunks."""
    fitting = memory // (BUFFERS * MIXED_CHUNKS * bytes_of_row(spec))
    return max(FEWEST_ROWS, min(MOST_ROWS, fitting))


@dataclass(frozen=True, slots=True, eq=False)
class StreamedPart:
    """The examples of one part; the arrays of its inputs are read when they are asked for."""

    spec: Spec
    held: Rows  # which rows of which table
    chunk: int  # rows of the table that are read at once
    memory: int  # bytes that its inputs may take
    steps: Mapping[str, tuple[FittedStep, ...]]
    targets: Mapping[str, Array]
    weights: Array | None = None  # what each example counts in the losses; None where all count alike

    def __len__(self) -> int:
        return len(self.held.rows)

    @property
    def source(self) -> str:
        """The file or set."""
        return self.held.table.name

    @property
    def rows(self) -> Array:
        """The row in the source of each example, increasing."""
        return self.held.rows

    @property
    def lengths(self) -> Lengths:
        """Of the symbols in the inputs' shapes."""
        return self.held.lengths

    @property
    def chunks(self) -> list[tuple[int, int]]:
        """The examples of each chunk, from the first to one after the last; none where a chunk has no example."""
        starts = np.arange(0, self.held.table.rows + self.chunk, self.chunk)
        ends = np.searchsorted(self.rows, starts).tolist()
        return [(start, end) for start, end in pairwise(ends) if start < end]

    def read(self, start: int, end: int) -> dict[str, Array]:
        """The inputs of some examples as the exported file takes them, by name."""
        near = read_chunk(self.spec, self.held.table, self.rows[start:end], self.held.columns)
        return {name: before_file(given, self.steps[name], near) for name, given in self.spec.inputs.items()}

    def head(self, most: int) -> dict[str, Array]:
        """The inputs of the first examples."""
        pieces = [self.read(start, min(end, most)) for start, end in self.chunks if start < most]
        if not pieces:
            return {name: np.zeros((0, *_sizes(given.raw)), np.float32) for name, given in self.spec.inputs.items()}
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in self.spec.inputs}


def read_chunk(spec: Spec, table: Table, rows: Array, columns: Columns) -> Rows:
    """Rows that stand near each other in a table, as its columns hold them."""
    first = int(rows[0])
    near, within = table.part(first, int(rows[-1]) + 1 - first), rows - first
    raw = {name: read_input(spec, given, near, columns[name]) for name, given in spec.inputs.items()}
    return Rows(near, within, {name: array[within] for name, array in raw.items()}, columns)


def check_rows(
    spec: Spec, table: Table, chunk: int, known: Columns, lookups: Mapping[str, tuple[int, Vertex]]
) -> Columns:
    """Look at every row once, so that no mistake comes up in the middle of a training; the columns of each input."""
    columns = known or _columns(spec, table)
    lengths: Lengths | None = None
    for start in range(0, table.rows, chunk):
        near = read_chunk(spec, table, np.arange(start, min(start + chunk, table.rows)), columns)
        for name, (size, layer) in lookups.items():
            if not spec.inputs[name].steps:
                check_indices(near.raw[name], near.table, near.rows, columns[name], size, layer)
        there = agree(spec, {name: x for name, x in near.raw.items() if not _outside(spec, name)}, near.table)
        lengths = there if lengths is None else lengths
        if there != lengths:
            raise _other_length(lengths, there, near)
    return columns


def first_lengths(spec: Spec, train: Rows, steps: Mapping[str, tuple[FittedStep, ...]]) -> Lengths:
    """The length of each symbol in the inputs' shapes, which is the same in all rows."""
    near = read_chunk(spec, train.table, train.rows[:1], train.columns)
    return agree(spec, {name: before_file(given, steps[name], near) for name, given in spec.inputs.items()}, near.table)


def learn_streamed(
    spec: Spec, table: Table, rows: Array, columns: Columns, chunk: int
) -> dict[str, tuple[FittedStep, ...]]:
    """Every input's steps, fitted on the training rows of a table."""

    def chunks(given: Input) -> Iterator[Rows]:
        alone = replace(spec, inputs={given.name: given})
        for start in range(0, table.rows, chunk):
            taken = rows[np.searchsorted(rows, start) : np.searchsorted(rows, start + chunk)]
            if len(taken):
                yield read_chunk(alone, table, taken, columns)

    return {name: learn_from(spec, given, partial(chunks, given)) for name, given in spec.inputs.items()}


def _columns(spec: Spec, table: Table) -> Columns:
    """The columns of each input; the mistakes of all inputs are told at once."""
    columns: dict[str, tuple[str, ...]] = {}
    found: list[Diagnostic] = []
    first = table.part(0, 1)
    for name, given in spec.inputs.items():
        try:
            columns[name] = input_columns(spec, given, table)
            read_input(spec, given, first, columns[name])
        except SpecError as error:
            found += error.diagnostics
    if found:
        raise SpecError(found)
    return columns


def _outside(spec: Spec, name: str) -> bool:
    return any(step.outside for step in spec.inputs[name].steps)


def _other_length(first: Lengths, there: Lengths, near: Rows) -> SpecError:
    symbol = next(symbol for symbol in there if there[symbol] != first.get(symbol))
    message = f"{symbol} is {there[symbol]} from {near.table.place(0)} on, and {first.get(symbol)} before"
    note = Note("data", near.table.name)
    return SpecError.of("data-shape", message, near.table.span(0), notes=[note], help="all rows have one length")


def _bytes(x: Tensor) -> int:
    return prod(_sizes(x)) * ITEM_BYTES.get(x.dtype, 4)


def _sizes(x: Tensor) -> tuple[int, ...]:
    return tuple(size if isinstance(size, int) else UNKNOWN_SIZE for size in x.shape[1:])
