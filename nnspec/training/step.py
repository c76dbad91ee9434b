"""A step of a training: the loss of a batch, its gradient, and what the optimizer makes of it."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import LBFGS, Optimizer

from nnspec.training.batches import Batch, Tensors
from nnspec.training.objective import Objective

# From a batch to its loss, as it was before the step. It stays on the device: to look at it would wait for the step.
Step = Callable[[Batch], Tensor]


@dataclass(frozen=True, eq=False)
class PlainStep:
    """A step as everybody writes it. What else a step can be makes the same of the weights."""

    net: nn.Module
    objective: Objective
    optimizer: Optimizer
    clip_grad_norm: float | None
    bf16: bool = False  # multiply in bfloat16, where autocast does; weights and their sums stay float32

    def __call__(self, batch: Batch) -> Tensor:
        """One step down the gradient."""
        return self.down(lambda: self.loss_of(batch.inputs, batch.targets, batch.mixed))

    def loss_of(self, inputs: Tensors, targets: Tensors, mixed: tuple[Tensors, float] | None = None) -> Tensor:
        """The loss of a batch, whose examples may be `mixed` with others in a share."""
        if not self.bf16:
            return self._loss(inputs, targets, mixed)
        with torch.autocast(inputs[0].device.type, torch.bfloat16):
            return self._loss(inputs, targets, mixed)

    def _loss(self, inputs: Tensors, targets: Tensors, mixed: tuple[Tensors, float] | None) -> Tensor:
        outputs = self.net(*inputs)
        loss = self.objective(outputs, targets)
        if mixed is None:
            return loss
        others, share = mixed
        return share * loss + (1 - share) * self.objective(outputs, others)

    def down(self, loss_of_batch: Callable[[], Tensor]) -> Tensor:
        """One step down the gradient of a loss."""

        def backward() -> Tensor:
            self.optimizer.zero_grad(set_to_none=True)
            loss = loss_of_batch()
            loss.backward()  # type: ignore[no-untyped-call]
            if self.clip_grad_norm:
                clip_grad_norm_(self.net.parameters(), self.clip_grad_norm)
            return loss

        if isinstance(self.optimizer, LBFGS):  # which evaluates the loss as often as it likes
            loss: Tensor = self.optimizer.step(backward)  # type: ignore[no-untyped-call]
        else:
            loss = backward()
            self.optimizer.step()
        return loss.detach()
