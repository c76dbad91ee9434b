"""How weights lie in memory: channels first as torch makes them, or side by side as convolutions like them."""

import torch
from torch import Tensor

from nnspec.training.optimizer import members
from nnspec.training.step import PlainStep


def lie(step: PlainStep, form: torch.memory_format) -> None:
    """Lay a network's filters out so, and with them what its optimizer keeps of each."""
    for x in (*step.net.parameters(), *step.net.buffers()):
        _lay(x, form)
    for member in members(step.optimizer):
        for state in member.state.values():
            for x in state.values():
                if isinstance(x, Tensor):
                    _lay(x, form)


def _lay(x: Tensor, form: torch.memory_format) -> None:
    if x.dim() != 4:
        return
    # Anew, since for filters of one channel either layout passes for the other, and convolutions go by the strides.
    laid = torch.empty(x.shape, dtype=x.dtype, device=x.device, memory_format=form)
    if x.stride() != laid.stride():
        x.data = laid.copy_(x.data)
