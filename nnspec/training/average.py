"""An average of the weights on their way, which is often better than where they are (Polyak & Juditsky 1992)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from nnspec.training.sharded import parted_like


class Average:
    """After each step, average = decay · average + (1 - decay) · weights; after the first step it is the weights.

    As torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn and use_buffers: running means are averaged with
    the weights that they belong to, and what counts is copied.
    """

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.net, self.decay, self.steps = net, decay, 0
        here = {**dict(net.named_parameters()), **dict(net.named_buffers())}
        self.here = {name: x for name, x in here.items() if x.is_floating_point()}
        self.counted = {name: x for name, x in here.items() if name not in self.here}
        self.averages = {name: x.detach().clone() for name, x in here.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights after a step."""
        averages = [self.averages[name] for name in self.here]
        if self.steps:
            torch._foreach_lerp_(averages, list(self.here.values()), 1 - self.decay)
        else:
            for average, x in zip(averages, self.here.values(), strict=True):
                average.copy_(x)
        for name, x in self.counted.items():
            self.averages[name].copy_(x)
        self.steps += 1

    @contextmanager
    def worn(self) -> Iterator[None]:
        """Meanwhile the network has the average."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    def state(self) -> dict[str, Any]:
        """All that it knows, but for what the spec says."""
        return {"steps": self.steps, "averages": self.averages}

    def go_back(self, state: Mapping[str, Any]) -> None:
        """Put such a state back."""
        self.steps = state["steps"]
        for name, x in self.averages.items():
            x.copy_(parted_like(x, state["averages"][name]))

    @torch.no_grad()
    def _exchange(self) -> None:
        for name, x in {**self.here, **self.counted}.items():
            kept = x.detach().clone()
            x.copy_(self.averages[name])
            self.averages[name].copy_(kept)
