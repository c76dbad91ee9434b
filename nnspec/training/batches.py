"""Examples as tensors in memory, and the batches of an epoch.

One permutation an epoch; its rows are gathered in chunks that fit the processor's cache, and a step's batch is a slice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import torch
from torch import Tensor

SMALLEST = 32  # examples of a batch that `auto` takes, where there are so many
CHUNK_BYTES = 16 * 2**20  # gathered at a time
CHUNK_STEPS = 1000  # steps whose losses are kept on the device before anyone looks at them

Tensors = tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """So many examples: what goes into the network, in its order, and the targets of its losses."""

    rows: int
    inputs: Tensors
    targets: Tensors
    mixed: tuple[Tensors, float] | None = None  # targets of the examples that are mixed in, and the first ones' share


class Feed(Protocol):
    """Where the examples of a part come from, batch by batch: memory, or a stream.

    Where an epoch stands is told by the state of `order` when it began and the number of batches that were taken:
    the same state and `skip` go on from there.
    """

    @property
    def targets(self) -> Tensors:
        """Those of all examples, in their order."""
        ...

    @property
    def rows(self) -> int: ...

    @property
    def row_bytes(self) -> int:
        """Bytes of one example with its targets."""
        ...

    def shuffled(self, size: int, order: torch.Generator, skip: int = 0) -> Iterator[list[Batch]]:
        """An epoch's batches, chunk by chunk, after so many that are left out."""
        ...

    def in_order(self, size: int) -> Iterator[Batch]:
        """All examples as they stand, for evaluation."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """All examples of a part. They stand on `device`, or in main memory where `device` has too little of it."""

    inputs: Tensors
    targets: Tensors
    device: torch.device
    draw: Tensor | None = None  # how often each is drawn, relative to the others; None where an epoch takes each once

    @property
    def rows(self) -> int:
        return len(self.inputs[0])

    @property
    def row_bytes(self) -> int:
        """Bytes of one example with its targets."""
        return sum(x[:1].nbytes for x in (*self.inputs, *self.targets))

    def to(self, device: torch.device) -> "Examples":
        """The same examples on a device; they stay where they are if it has no room, and travel chunk by chunk."""
        try:
            inputs, targets = (tuple(x.to(device) for x in part) for part in (self.inputs, self.targets))
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            inputs, targets = self.inputs, self.targets
        return Examples(inputs, targets, device, self.draw)

    def shuffled(self, size: int, order: torch.Generator, skip: int = 0) -> Iterator[list[Batch]]:
        """An epoch's batches, chunk by chunk. A batch of all examples needs no order."""
        if size >= self.rows and self.draw is None:
            yield from [[Batch(self.rows, *self._pick(slice(None)))]][skip:]
            return
        rows = self._drawn(order).to(self.inputs[0].device)
        for start, sizes in self._chunks(size, skip):
            yield self._batches(rows[start : start + sum(sizes)], sizes)

    def _drawn(self, order: torch.Generator) -> Tensor:
        """The rows of an epoch: each once, or with replacement, each as often as it is to be drawn."""
        if self.draw is None:
            return torch.randperm(self.rows, generator=order)
        ends = self.draw.double().cumsum(0)
        at = torch.rand(self.rows, generator=order, dtype=torch.float64) * ends[-1]
        return torch.searchsorted(ends, at, right=True).clamp(max=self.rows - 1)

    def in_order(self, size: int) -> Iterator[Batch]:
        """All examples as they stand, for evaluation."""
        for start in range(0, self.rows, size):
            end = min(start + size, self.rows)
            yield Batch(end - start, *self._pick(slice(start, end)))

    def _pick(self, rows: Tensor | slice) -> tuple[Tensors, Tensors]:
        """Some rows, on the device."""
        inputs, targets = (tuple(self._take(x, rows) for x in part) for part in (self.inputs, self.targets))
        return inputs, targets

    def _take(self, x: Tensor, rows: Tensor | slice) -> Tensor:
        return on_device(x[rows] if isinstance(rows, slice) else x.index_select(0, rows), self.device)

    def _batches(self, rows: Tensor, sizes: list[int]) -> list[Batch]:
        return cut(*self._pick(rows), sizes)

    def _chunks(self, size: int, skip: int) -> Iterator[tuple[int, list[int]]]:
        steps = max(1, min(CHUNK_STEPS, CHUNK_BYTES // (size * self.row_bytes)))
        every = batch_sizes(self.rows, size)
        sizes, start = iter(every[skip:]), sum(every[:skip])
        while chunk := list(islice(sizes, steps)):
            yield start, chunk
            start += sum(chunk)


def batch_size_of(asked: int | str, rows: int) -> int:
    """Examples of a batch: so many as the spec says, or all of so many rows. Where it is yet to be found, the least."""
    if asked == "auto":
        return min(SMALLEST, rows)
    return asked if isinstance(asked, int) else rows


def batch_sizes(rows: int, size: int) -> list[int]:
    """The sizes of an epoch's batches. A last one of a single example joins the one before it.

    BatchNorm can't learn from a single example, and its gradient would weigh as much as a whole batch's.
    """
    sizes = [size] * (rows // size) + ([rows % size] if rows % size else [])
    if size > 1 and len(sizes) > 1 and sizes[-1] == 1:
        sizes[-2:] = [size + 1]
    return sizes


def cut(inputs: Tensors, targets: Tensors, sizes: list[int]) -> list[Batch]:
    """Rows that follow one another as batches of these sizes."""
    split = (zip(*(torch.split(x, sizes) for x in part), strict=True) for part in (inputs, targets))
    return [Batch(*batch) for batch in zip(sizes, *split, strict=True)]


def on_device(x: Tensor, device: torch.device) -> Tensor:
    """A tensor on a device. From pinned memory the copy runs beside the steps."""
    if x.device == device:
        return x
    return x.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else x.to(device)
