"""Several optimizers that step as one, each on parameters of its own."""

from collections.abc import Sequence
from typing import Any

from torch.optim import Optimizer

from nnspec.training.unguarded import unguarded


class Together(unguarded(Optimizer)):  # type: ignore[misc]
    """Its parameter groups are those of its members, so that a schedule reaches them all."""

    def __init__(self, members: Sequence[Optimizer]) -> None:
        self.members = tuple(members)
        super().__init__([group for member in members for group in member.param_groups], {})

    def step(self, closure: Any = None) -> None:
        """One step of each."""
        assert closure is None, "a step evaluates the loss once, before it"
        for member in self.members:
            member.step()
