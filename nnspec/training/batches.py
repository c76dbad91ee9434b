"""Examples as tensors in memory, and the batches of an epoch.

One permutation an epoch; its rows are gathered in chunks that fit the processor's cache, and a step's batch is a slice.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

CHUNK_BYTES = 16 * 2**20  # gathered at a time
CHUNK_STEPS = 1000  # steps whose losses are kept on the device before anyone looks at them

Tensors = tuple[Tensor, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """So many examples: what goes into the network, in its order, and the targets of its losses."""

    rows: int
    inputs: Tensors
    targets: Tensors


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """All examples of a part. They stand on `device`, or in main memory where `device` has too little of it."""

    inputs: Tensors
    targets: Tensors
    device: torch.device

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
        return Examples(inputs, targets, device)

    def pick(self, rows: Tensor | slice) -> tuple[Tensors, Tensors]:
        """Some rows, on the device."""
        inputs, targets = (tuple(_take(x, rows, self.device) for x in part) for part in (self.inputs, self.targets))
        return inputs, targets


def batch_sizes(rows: int, size: int) -> list[int]:
    """The sizes of an epoch's batches. A last one of a single example joins the one before it.

    BatchNorm can't learn from a single example, and its gradient would weigh as much as a whole batch's.
    """
    sizes = [size] * (rows // size) + ([rows % size] if rows % size else [])
    if size > 1 and len(sizes) > 1 and sizes[-1] == 1:
        sizes[-2:] = [size + 1]
    return sizes


def shuffled(examples: Examples, size: int, order: torch.Generator) -> Iterator[list[Batch]]:
    """An epoch's batches, chunk by chunk. A batch of all examples needs no order."""
    if size >= examples.rows:
        yield [Batch(examples.rows, *examples.pick(slice(None)))]
        return
    rows = torch.randperm(examples.rows, generator=order).to(examples.inputs[0].device)
    for start, sizes in _chunks(examples, size):
        yield _batches(examples, rows[start : start + sum(sizes)], sizes)


def in_order(examples: Examples, size: int) -> Iterator[Batch]:
    """All examples as they stand, for evaluation."""
    for start in range(0, examples.rows, size):
        end = min(start + size, examples.rows)
        yield Batch(end - start, *examples.pick(slice(start, end)))


def _batches(examples: Examples, rows: Tensor, sizes: list[int]) -> list[Batch]:
    inputs, targets = (zip(*(torch.split(x, sizes) for x in part), strict=True) for part in examples.pick(rows))
    return [Batch(*batch) for batch in zip(sizes, inputs, targets, strict=True)]


def _chunks(examples: Examples, size: int) -> Iterator[tuple[int, list[int]]]:
    steps = max(1, min(CHUNK_STEPS, CHUNK_BYTES // (size * examples.row_bytes)))
    sizes = iter(batch_sizes(examples.rows, size))
    start = 0
    while chunk := list(islice(sizes, steps)):
        yield start, chunk
        start += sum(chunk)


def _take(x: Tensor, rows: Tensor | slice, device: torch.device) -> Tensor:
    taken = x[rows] if isinstance(rows, slice) else x.index_select(0, rows)
    if taken.device == device:
        return taken
    # From pinned memory the copy runs beside the steps.
    return taken.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else taken.to(device)
