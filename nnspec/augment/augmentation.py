"""The contract of an augmentation: which tensors it takes, and what it does to a batch.

It works on batches that it is handed, with the library that they belong to (`torch`), and imports neither. Chance is
torch's own, so that a seed and a checkpoint hold it too.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from nnspec.shapes import Tensor

Library = Any  # the module `torch`
Batch = Any  # a torch.Tensor whose first axis counts examples


class Augmentation(BaseModel, ABC):
    """An augmentation. Subclasses are final: fields first, then `check` and `apply`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)

    # Batches that it takes, and arguments.
    examples: ClassVar[Mapping[str, dict[str, Any]]] = {}
    # Whether it moves what it shows, so that a target that says something of each place would have to move along.
    moves: ClassVar[bool] = False

    def check(self, x: Tensor) -> None:
        """ShapeError where the batch is none that it takes."""
        x.needs_float()

    @abstractmethod
    def apply(self, torch: Library, x: Batch) -> Batch:
        """The batch, each of its examples changed by chance."""


class Mixing(Augmentation):
    """An augmentation that mixes each example with another one, and their targets in the same shares."""

    def apply(self, torch: Library, x: Batch) -> Batch:
        raise AssertionError("examples are mixed with their targets: see `mix`")

    @abstractmethod
    def mix(self, torch: Library, x: Batch, others: Batch) -> tuple[Batch, float]:
        """The batch mixed with the same examples in another order, and the first ones' share."""


def needs_images(x: Tensor) -> None:
    """Refuse what is no batch of images, channels first."""
    x.needs_float()
    x.needs_rank(4)


def some(torch: Library, x: Batch, p: float) -> Batch:
    """Which examples are chosen: a truth value for each, with the axes of the batch."""
    return torch.rand(len(x), device=x.device).reshape(-1, *[1] * (x.dim() - 1)) < p


def between(torch: Library, x: Batch, low: float, high: float) -> Batch:
    """A number for each example, evenly between two, with the axes of the batch."""
    return (low + (high - low) * torch.rand(len(x), device=x.device)).reshape(-1, *[1] * (x.dim() - 1))


def in_order(ends: Sequence[float], name: str) -> None:
    """Refuse two ends in the wrong order."""
    low, high = ends
    if low > high:
        raise ValueError(f"{name} goes from the least to the most, got {low:g} and {high:g}")
