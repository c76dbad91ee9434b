"""SGD, Adam and AdamW on stacked weights, each network with a learning rate and a weight decay of its own.

The formulas are torch.optim's; each network's schedule is torch's own, on an optimizer that moves nothing.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nnspec.diagnostics import SpecError
from nnspec.graph import Network
from nnspec.objectives.optimizers.groups import Groups
from nnspec.training.objective import make_scheduler
from nnspec.training.optimizer import make_one

Stacked = dict[str, Tensor]

KINDS = ("SGD", "Adam", "AdamW")


class StackedOptimizer:
    """Moves the stacked weights of several networks, in place."""

    def __init__(self, networks: Sequence[Network], learnt: Stacked, steps: int) -> None:
        first = networks[0].spec
        assert first.optimizer
        self.kind = type(first.optimizer).__name__
        if self.kind not in KINDS:
            given = self.kind if not isinstance(first.optimizer, Groups) else "groups of parameters"
            message = f"a population is trained by {', '.join(KINDS)}, not by {given}"
            help = "leave --population out: the trials then run one by one"
            raise SpecError.of("not-trainable", message, first.span_of("optimizer"), help=help)
        self.learnt = learnt
        self.state: dict[str, Stacked] = {known: {} for known in learnt}
        self.groups: list[dict[str, Any]] = []
        self.schedulers: list[Any] = []  # None where the spec has no schedule
        for network in networks:
            assert network.spec.optimizer
            alone = make_one(network.spec.optimizer, {"x": nn.Parameter(torch.zeros(1))})
            self.groups.append(alone.param_groups[0])
            self.schedulers.append(make_scheduler(network.spec, alone, network.spec.train.epochs or 1, steps))
            alone.step()  # it has no gradient; a schedule warns where its optimizer never stepped
        self.moves = first.scheduler.moves if first.scheduler else ""
        self.count, self.total = 0, steps
        self._numbers: dict[tuple[str, int], Tensor] = {}  # until a schedule moves

    @torch.no_grad()
    def step(self, clip_grad_norm: float | None) -> None:
        """One step of each network, by its own gradient."""
        if clip_grad_norm:
            self._clip(clip_grad_norm)
        self.count += 1
        for known, weight in self.learnt.items():
            if weight.grad is not None:
                getattr(self, f"_{self.kind.lower()}")(weight, weight.grad, self.state[known])
                weight.grad = None
        if self.moves == "step" and self.count < self.total:
            self._numbers = {}
            for scheduler in self.schedulers:
                scheduler.step()

    def end_epoch(self, losses: Tensor) -> None:
        """Move the schedules that move by epoch."""
        if self.moves in ("epoch", "loss"):
            self._numbers = {}
            for scheduler, loss in zip(self.schedulers, losses.tolist(), strict=True):
                scheduler.step(*([loss] if self.moves == "loss" else []))

    def _of(self, key: str, like: Tensor) -> Tensor:
        """A number of each network, with the axes of a stacked tensor."""
        known = (key, like.dim())
        if known not in self._numbers:
            numbers = torch.tensor([float(group[key]) for group in self.groups], dtype=like.dtype, device=like.device)
            self._numbers[known] = numbers.reshape(-1, *[1] * (like.dim() - 1))
        return self._numbers[known]

    def _clip(self, limit: float) -> None:
        gradients = [weight.grad for weight in self.learnt.values() if weight.grad is not None]
        squares = [gradient.flatten(1).square().sum(dim=1) for gradient in gradients]
        share = (limit / (torch.stack(squares).sum(dim=0).sqrt() + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(share.reshape(-1, *[1] * (gradient.dim() - 1)))

    def _sgd(self, weight: Tensor, gradient: Tensor, state: Stacked) -> None:
        group: Any = self.groups[0]
        gradient = gradient + self._of("weight_decay", weight) * weight
        if group["momentum"]:
            momentum = self._of("momentum", weight)
            if "velocity" in state:
                state["velocity"].mul_(momentum).add_(gradient, alpha=1 - group["dampening"])
            else:
                state["velocity"] = gradient.clone()
            gradient = gradient + momentum * state["velocity"] if group["nesterov"] else state["velocity"]
        weight.sub_(self._of("lr", weight) * gradient)

    def _adam(self, weight: Tensor, gradient: Tensor, state: Stacked) -> None:
        if self.groups[0].get("decoupled_weight_decay"):
            self._adamw(weight, gradient, state)
        else:
            self._moments(weight, gradient + self._of("weight_decay", weight) * weight, state)

    def _adamw(self, weight: Tensor, gradient: Tensor, state: Stacked) -> None:
        weight.mul_(1 - self._of("lr", weight) * self._of("weight_decay", weight))
        self._moments(weight, gradient, state)

    def _moments(self, weight: Tensor, gradient: Tensor, state: Stacked) -> None:
        betas, eps = self.groups[0]["betas"], self.groups[0]["eps"]
        mean = state.setdefault("mean", torch.zeros_like(weight)).lerp_(gradient, 1 - betas[0])
        square = state.setdefault("square", torch.zeros_like(weight))
        square.mul_(betas[1]).addcmul_(gradient, gradient, value=1 - betas[1])
        if self.groups[0]["amsgrad"]:
            largest = state.setdefault("largest", torch.zeros_like(weight))
            square = torch.maximum(largest, square, out=largest)
        root = (square / (1 - betas[1] ** self.count)).sqrt().add_(eps)
        weight.sub_(self._of("lr", weight) / (1 - betas[0] ** self.count) * mean / root)
