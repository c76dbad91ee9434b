"""Examples that stay in their file, read and prepared in the background while the steps run.

Chunks of rows that follow one another are drawn at random. As many as the buffer holds are mixed: their rows are
shuffled together and cut into batches, and what is left over begins the next buffer.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from nnspec.data import BUFFERS, StreamedPart, prepared_inputs, prepared_targets, weights_of
from nnspec.data import Examples as Data
from nnspec.diagnostics import SpecError
from nnspec.graph import Graph
from nnspec.spec.spec import Spec
from nnspec.training.batches import Batch, Tensors, batch_size_of, batch_sizes, cut, on_device

LARGEST = 2**62
STEPS = 1000  # whose losses are kept on the device before anyone looks at them

Read = Callable[[int, int], Tensors]  # the inputs of some examples, as the network takes them
Chunk = tuple[int, int]
Rows = tuple[Tensors, Tensors]  # inputs and targets


@dataclass(frozen=True, eq=False)
class Streamed:
    """The examples of a part whose inputs memory does not hold."""

    part: StreamedPart
    read: Read
    targets: Tensors
    device: torch.device
    row_bytes: int
    buffer_rows: int  # that are mixed at a time; two buffers are in memory, one of which is being filled

    @property
    def rows(self) -> int:
        return len(self.part)

    def shuffled(self, size: int, order: torch.Generator, skip: int = 0) -> Iterator[list[Batch]]:
        """An epoch's batches. The buffers that come before those to skip are not read."""
        chunks = self.part.chunks
        drawn = [chunks[at] for at in torch.randperm(len(chunks), generator=order).tolist()]
        seed = int(torch.randint(LARGEST, (1,), generator=order))
        buffers = list(_grouped(drawn, self.buffer_rows))
        sizes = batch_sizes(self.rows, size)
        taken, sizes = sum(sizes[:skip]), sizes[skip:]
        ends = list(accumulate(sum(end - start for start, end in buffer) for buffer in buffers))
        first = next((at for at, end in enumerate(ends) if end > taken), len(buffers))
        left = taken - (ends[first - 1] if first else 0)
        loads = [lambda at=at: self._mixed(buffers[at], seed + at) for at in range(first, len(buffers))]
        yield from _batches(_ahead(loads), left, sizes)

    def in_order(self, size: int) -> Iterator[Batch]:
        """All examples as they stand; a batch ends where a chunk does."""
        loads = [lambda chunk=chunk: self._tensors([chunk]) for chunk in self.part.chunks]
        for inputs, targets in _ahead(loads):
            rows = len(inputs[0])
            yield from cut(inputs, targets, [size] * (rows // size) + [rows % size] * bool(rows % size))

    def _mixed(self, chunks: Sequence[Chunk], seed: int) -> Rows:
        inputs, targets = self._tensors(chunks)
        order = torch.randperm(len(inputs[0]), generator=torch.Generator().manual_seed(seed % LARGEST))
        order = order.to(inputs[0].device)
        return tuple(x.index_select(0, order) for x in inputs), tuple(x.index_select(0, order) for x in targets)

    def _tensors(self, chunks: Sequence[Chunk]) -> Rows:
        pieces = [self.read(start, end) for start, end in chunks]
        rows = torch.from_numpy(np.concatenate([np.arange(start, end) for start, end in chunks]))
        inputs = [_together(column) for column in zip(*pieces, strict=True)]
        targets = [x.index_select(0, rows) for x in self.targets]
        return self._moved(inputs), self._moved(targets)

    def _moved(self, tensors: Sequence[Tensor]) -> Tensors:
        return tuple(on_device(x, self.device) for x in tensors)


def stream(spec: Spec, graph: Graph, part: StreamedPart, data: Data, device: torch.device) -> Streamed:
    """A part as the network and its losses take it, chunk by chunk."""
    preparation = data.preparation

    def read(start: int, end: int) -> Tensors:
        arrays = prepared_inputs(preparation, part.read(start, end))
        return tuple(
            torch.from_numpy(np.ascontiguousarray(arrays[name], dtype=x.dtype)) for name, x in graph.inputs.items()
        )

    found = prepared_targets(preparation, part)
    arrays = [*(found[output] for output in preparation.outputs), *weights_of(spec, data, part, found)]
    targets = tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays)
    row_bytes = sum(x.nbytes for x in (*read(0, 1), *(x[:1] for x in targets))) if len(part) else 1
    buffer_rows = max(part.chunk, part.memory // (BUFFERS * row_bytes))
    _check_batch(spec, batch_size_of(spec.train.batch_size, len(part)) * spec.train.accumulate, buffer_rows)
    return Streamed(part, read, targets, device, row_bytes, buffer_rows)


def _check_batch(spec: Spec, size: int, buffer_rows: int) -> None:
    """Refuse a batch that is larger than what memory holds at a time."""
    if size > buffer_rows:
        raise SpecError.of(
            "limit",
            f"a batch of {size:,} examples is more than the {buffer_rows:,} that memory holds at a time",
            spec.span_of("train", "batch_size"),
            help="take a smaller `batch_size`, or give more: `nnspec train --memory 16GB`",
        )


def _together(pieces: Sequence[Tensor]) -> Tensor:
    return pieces[0] if len(pieces) == 1 else torch.cat(tuple(pieces))


def _grouped(chunks: Sequence[Chunk], rows: int) -> Iterator[list[Chunk]]:
    """Chunks that fill a buffer together."""
    group, filled = list[Chunk](), 0
    for start, end in chunks:
        if group and filled + end - start > rows:
            yield group
            group, filled = [], 0
        group, filled = [*group, (start, end)], filled + end - start
    if group:
        yield group


def _ahead(loads: Sequence[Callable[[], Rows]]) -> Iterator[Rows]:
    """What each gives, in their order; the next one is at work while the last one's result is in use."""
    with ThreadPoolExecutor(1, "nnspec-stream") as pool:
        coming = pool.submit(loads[0]) if loads else None
        for following in [*loads[1:], None]:
            if coming is None:
                return
            found = coming.result()
            coming = pool.submit(following) if following else None
            yield found


def _batches(buffers: Iterator[Rows], left: int, sizes: list[int]) -> Iterator[list[Batch]]:
    """The rows of buffers as batches, but for so many rows at the begin; what is left over begins the next buffer."""
    kept: Rows | None = None
    for found in buffers:
        inputs, targets = (tuple(x[left:] for x in part) for part in found)
        if kept:
            inputs, targets = (
                tuple(map(_together, zip(*two, strict=True))) for two in zip(kept, (inputs, targets), strict=True)
            )
        fitting = _fitting(sizes, len(inputs[0]))
        used, sizes, left = sum(fitting), sizes[len(fitting) :], 0
        batches = cut(tuple(x[:used] for x in inputs), tuple(x[:used] for x in targets), fitting)
        # A copy, so that the rest of the buffer does not stay in memory with it.
        kept = tuple(x[used:].clone() for x in inputs), tuple(x[used:].clone() for x in targets)
        for start in range(0, len(batches), STEPS):
            yield batches[start : start + STEPS]


def _fitting(sizes: Sequence[int], rows: int) -> list[int]:
    """The sizes at the begin that so many rows are enough for."""
    ends = accumulate(sizes)
    return [size for size, end in zip(sizes, ends, strict=True) if end <= rows]
