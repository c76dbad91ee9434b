"""The best weights so far, kept beside those that go on moving."""

import math

import torch
from torch import nn

from nnspec.codegen.load import state_of
from nnspec.spec.document import EarlyStoppingSection


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

    def _wait(self, loss: float) -> None:
        min_delta = self.stopping.min_delta if self.stopping else 0.0
        if loss < self._to_beat - min_delta:
            self._to_beat, self._waited = loss, 0
        else:
            self._waited += 1
