"""What an optimizer makes of gradients: one call of torch's fused kernel where there is one."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import SGD, Adam, Optimizer

from nnspec.training.optimizer import members

Gradients = list[Tensor]
Kernel = Callable[[Gradients], None]


class Update:
    """Moves parameters against gradients, given in the parameters' order; what they are not given for stays."""

    def __init__(
        self,
        optimizer: Optimizer,
        parameters: Sequence[Tensor],
        clip_grad_norm: float | None = None,
        clip_grad_value: float | None = None,
    ) -> None:
        self.optimizer, self.clip_grad_norm, self.clip_grad_value = optimizer, clip_grad_norm, clip_grad_value
        self.parameters = list(parameters)
        self.place = {parameter: place for place, parameter in enumerate(parameters)}
        self.kernels: list[Kernel] = []
        self.bound: Any = None  # the state that the kernels write to

    @torch.no_grad()
    def __call__(self, gradients: Gradients) -> None:
        """One step. The gradients may be changed."""
        if self.clip_grad_value:
            torch._foreach_clamp_min_(gradients, -self.clip_grad_value)
            torch._foreach_clamp_max_(gradients, self.clip_grad_value)
        if self.clip_grad_norm:
            clip(gradients, self.clip_grad_norm)
        if self.bound is None or self._state() is not self.bound:
            return self._first(gradients)
        for kernel in self.kernels:
            kernel(gradients)
        return None

    def _first(self, gradients: Gradients) -> None:
        """A step by the optimizer itself, which makes its state; then the kernels know where that is."""
        for parameter, place in self.place.items():
            parameter.grad = gradients[place]
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        groups = [(member, group) for member in members(self.optimizer) for group in member.param_groups]
        if all(isinstance(member, SGD | Adam) and group["fused"] for member, group in groups):
            trained = [(member, group) for member, group in groups if any(x in self.place for x in group["params"])]
            self.kernels = [self._kernel(member, group) for member, group in trained]
            self.bound = self._state()

    def _state(self) -> Any:
        first = next(iter(self.place))
        return next((member.state[first] for member in members(self.optimizer) if first in member.state), None)

    def _kernel(self, member: Optimizer, group: dict[str, Any]) -> Kernel:
        parameters = [x for x in group["params"] if x in self.place]
        places = [self.place[x] for x in parameters]
        states = [member.state[x] for x in parameters]
        if isinstance(member, SGD):
            return _sgd(group, parameters, places, states)
        return _adam(group, parameters, places, states)


def clip(gradients: Gradients, norm: float) -> None:
    """Scale gradients down to a norm of them all, as torch.nn.utils.clip_grad_norm_ does."""
    whole = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    torch._foreach_mul_(gradients, torch.clamp(norm / (whole + 1e-6), max=1.0))


def _sgd(group: dict[str, Any], parameters: list[Tensor], places: list[int], states: list[dict[str, Any]]) -> Kernel:
    buffers = [state["momentum_buffer"] for state in states] if group["momentum"] else []

    def step(gradients: Gradients) -> None:
        torch._fused_sgd_(
            parameters,
            [gradients[place] for place in places],
            buffers,
            weight_decay=group["weight_decay"],
            momentum=group["momentum"],
            lr=group["lr"],
            dampening=group["dampening"],
            nesterov=group["nesterov"],
            maximize=False,
            is_first_step=False,
        )

    return step


def _adam(group: dict[str, Any], parameters: list[Tensor], places: list[int], states: list[dict[str, Any]]) -> Kernel:
    kernel = torch._fused_adamw_ if group["decoupled_weight_decay"] else torch._fused_adam_
    means, squares = ([state[key] for state in states] for key in ("exp_avg", "exp_avg_sq"))
    largest = [state["max_exp_avg_sq"] for state in states] if group["amsgrad"] else []
    # One tensor counts the steps of all, of which each parameter's state has its own.
    counts = torch.stack([state["step"] for state in states])
    steps = list(counts.unbind())
    for state, count in zip(states, steps, strict=True):
        state["step"] = count

    def step(gradients: Gradients) -> None:
        counts.add_(1)
        beta1, beta2 = group["betas"]
        kernel(
            parameters,
            [gradients[place] for place in places],
            means,
            squares,
            largest,
            steps,
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=group["amsgrad"],
            maximize=False,
        )

    return step
