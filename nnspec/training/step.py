"""A step of a training: the loss of a batch, its gradient, and what the optimizer makes of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim import LBFGS, Optimizer

from nnspec.training.batches import Batch, Tensors, batch_sizes, cut
from nnspec.training.objective import Objective

# From a batch to its loss, as it was before the step. It stays on the device: to look at it would wait for the step.
Step = Callable[[Batch], Tensor]


@runtime_checkable
class Recorded(Protocol):
    """A step that knows which parameters are trained, and has to be made again when others are."""

    def anew(self) -> Step:
        """The same for what is trained from here on."""


Share = tuple[float, Batch]  # a part of a batch, with its share of the examples


@dataclass(frozen=True, eq=False)
class PlainStep:
    """A step as everybody writes it. What else a step can be makes the same of the weights."""

    net: nn.Module
    objective: Objective
    optimizer: Optimizer
    clip_grad_norm: float | None
    clip_grad_value: float | None = None
    part_rows: int | None = None  # examples that go through the network at a time; their gradients are summed
    bf16: bool = False  # multiply in bfloat16, where autocast does; weights and their sums stay float32

    def __call__(self, batch: Batch) -> Tensor:
        """One step down the gradient."""
        return self.down(batch, self.loss_of)

    def loss_of(self, inputs: Tensors, targets: Tensors, mixed: tuple[Tensors, float] | None = None) -> Tensor:
        """The loss of a batch, whose examples may be `mixed` with others in a share."""
        if not self.bf16:
            return self._loss(inputs, targets, mixed)
        with torch.autocast(inputs[0].device.type, torch.bfloat16):
            return self._loss(inputs, targets, mixed)

    def _loss(self, inputs: Tensors, targets: Tensors, mixed: tuple[Tensors, float] | None) -> Tensor:
        return loss_of_outputs(self.objective, self.net(*inputs), targets, mixed)

    def parts(self, batch: Batch) -> list[Share]:
        """What goes through the network at a time. The shares add up to 1, as those of a mean do."""
        if self.part_rows is None or batch.rows <= self.part_rows:
            return [(1.0, batch)]
        sizes = batch_sizes(batch.rows, self.part_rows)
        parts = cut(batch.inputs, batch.targets, sizes)
        if batch.mixed:
            others, share = batch.mixed
            mixed = zip(*(torch.split(x, sizes) for x in others), strict=True)
            parts = [replace(part, mixed=(found, share)) for part, found in zip(parts, mixed, strict=True)]
        return [(part.rows / batch.rows, part) for part in parts]

    def down(self, batch: Batch, loss_of: Callable[..., Tensor]) -> Tensor:
        """One step down the gradient of a loss, which is that of inputs, targets and what is mixed."""

        def backward() -> Tensor:
            self.optimizer.zero_grad(set_to_none=True)
            loss = sum_of(self._backward(loss_of, *part) for part in self.parts(batch))
            if self.clip_grad_value:
                clip_grad_value_(self.net.parameters(), self.clip_grad_value)
            if self.clip_grad_norm:
                clip_grad_norm_(self.net.parameters(), self.clip_grad_norm)
            return loss

        if isinstance(self.optimizer, LBFGS):  # which evaluates the loss as often as it likes
            loss: Tensor = self.optimizer.step(backward)  # type: ignore[no-untyped-call]
        else:
            loss = backward()
            self.optimizer.step()
        return loss.detach()

    def _backward(self, loss_of: Callable[..., Tensor], share: float, part: Batch) -> Tensor:
        """Add a part's gradients to those that are there; its share of the loss."""
        loss = loss_of(part.inputs, part.targets, part.mixed)
        loss = loss if share == 1 else loss * share
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()


def sum_of(losses: Iterable[Tensor]) -> Tensor:
    """The sum of one or more."""
    first, *others = losses
    return sum(others, first)


def loss_of_outputs(
    objective: Objective, outputs: Any, targets: Tensors, mixed: tuple[Tensors, float] | None
) -> Tensor:
    """The loss of what the network gave for a batch."""
    loss = objective(outputs, targets)
    if mixed is None:
        return loss
    others, share = mixed
    return share * loss + (1 - share) * objective(outputs, others)
