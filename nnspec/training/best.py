"""The best weights so far, kept beside those that go on moving."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nnspec.codegen.load import state_of, write_weights
from nnspec.spec.stopping import EarlyStoppingSection
from nnspec.training.sharded import parted_like, whole


class Best:
    """Keeps a network's weights of the epoch with the lowest validation loss; without validation rows, the last."""

    def __init__(self, net: nn.Module, stopping: EarlyStoppingSection | None) -> None:
        self.net, self.stopping = net, stopping
        self.epoch = 0  # none has come to its end
        self.loss = math.inf
        self.weights: dict[str, torch.Tensor] = {}
        self._to_beat, self._waited = math.inf, 0

    def offer(self, epoch: int, loss: float, *, chosen: bool) -> bool:
        """Take the network's weights if they are better, and say so. Where nothing is `chosen`, the last are best.

        The loss is that of the validation rows, or where there are none that of the training.
        """
        self._wait(loss)
        if chosen and loss >= self.loss:
            return False
        self.epoch, self.loss = epoch, loss
        for name, tensor in state_of(self.net).items():
            self.weights.setdefault(name, torch.empty_like(tensor)).copy_(tensor)
        return True

    @property
    def tired(self) -> bool:
        """Whether so many epochs were no better that the training should end."""
        return self.stopping is not None and self._waited >= self.stopping.patience

    def restore(self) -> None:
        """Put the best weights back. Before the end of the first epoch there are none, and the network stays."""
        if self.weights:
            for name, tensor in state_of(self.net).items():
                tensor.copy_(self.weights[name])

    def save(self, path: Path) -> None:
        """Write the best weights, whatever the network's are."""
        write_weights(whole(self.weights), path)

    def state(self) -> dict[str, Any]:
        """All that it knows, but for what the spec says."""
        return {
            "epoch": self.epoch,
            "loss": self.loss,
            "weights": self.weights,
            "to_beat": self._to_beat,
            "waited": self._waited,
        }

    def go_back(self, state: Mapping[str, Any]) -> None:
        """Put such a state back."""
        self.epoch, self.loss = state["epoch"], state["loss"]
        self._to_beat, self._waited = state["to_beat"], state["waited"]
        here = state_of(self.net)
        kept = {name: parted_like(here[name], tensor) for name, tensor in state["weights"].items()}
        self.weights = {name: torch.empty_like(here[name]).copy_(tensor) for name, tensor in kept.items()}

    def _wait(self, loss: float) -> None:
        min_delta = self.stopping.min_delta if self.stopping else 0.0
        if loss < self._to_beat - min_delta:
            self._to_beat, self._waited = loss, 0
        else:
            self._waited += 1
