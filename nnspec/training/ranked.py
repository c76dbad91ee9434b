"""A step that several processes take together, each on its share of the batch."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from nnspec.training.batches import Batch, Tensors
from nnspec.training.interrupt import Stop
from nnspec.training.step import PlainStep

if TYPE_CHECKING:
    from nnspec.training.scale import Team


class RankedStep:
    """The plain step on this process's share. The loss is that of the whole batch.

    A process's loss counts as much as it has examples, so the mean of all gradients is the whole batch's. With the
    loss each process says what it wishes: all hear it before the step after, and so act on it after the same step.
    """

    def __init__(
        self, plain: PlainStep, net: nn.Module, team: "Team", augment: Callable[[Batch], Batch] | None
    ) -> None:
        self.plain = replace(plain, net=net, objective=self._weighed)
        self.objective, self.team, self.augment = plain.objective, team, augment
        self.weight, self.heard = 0.0, torch.zeros(3)
        self.stop_asked = self.stop = Stop()
        self.save_wished = False

    def __call__(self, batch: Batch) -> Tensor:
        """A step on what `share` gave."""
        if self.heard[1]:  # of the step before: what it waits for is long done
            self.stop.asked = True
        loss = self.plain(batch).reshape(1)
        wishes = loss.new_tensor([float(self.stop_asked.asked), float(self.save_wished)])
        self.heard = self.team.sum(torch.cat([loss / self.team.place.size, wishes]))
        return self.heard[0]

    @property
    def save_agreed(self) -> bool:
        """Whether a process wished that the state is saved."""
        return bool(self.heard[2])

    def hear(self, asked: Stop) -> Stop:
        """The request to stop that all processes agree on; this one's is `asked`."""
        self.stop_asked, self.stop = asked, Stop()
        return self.stop

    def share(self, batch: Batch) -> Batch:
        """This process's examples of a batch, changed as the spec's `augment` says."""
        own = own_rows(batch, self.team.place.rank, self.team.place.size)
        self.weight = self.team.place.size * own.rows / batch.rows
        own = replace(own, rows=max(own.rows, 1))
        return self.augment(own) if self.augment else own

    def _weighed(self, outputs: Any, targets: Tensors) -> Tensor:
        return self.objective(outputs, targets) * self.weight


def own_rows(batch: Batch, rank: int, size: int) -> Batch:
    """A process's share of a batch. Where it has none `rows` is 0, and the first example stands in for it."""
    start, end = (batch.rows * at // size for at in (rank, rank + 1))
    rows = slice(start, end) if end > start else slice(0, 1)
    inputs, targets = (tuple(x[rows] for x in part) for part in (batch.inputs, batch.targets))
    return Batch(end - start, inputs, targets)
