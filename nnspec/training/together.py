"""Several optimizers that step as one, each on parameters of its own."""

from collections.abc import Sequence
from typing import Any

from torch.optim import Optimizer


class Together(Optimizer):
    """Its parameter groups are those of its members, so that a schedule and a clean start reach them all."""

    def __init__(self, members: Sequence[Optimizer]) -> None:
        self.members = tuple(members)
        super().__init__([group for member in members for group in member.param_groups], {})

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One step of each."""
        assert closure is None, "a step evaluates the loss once, before it"
        for member in self.members:
            member.step()

    def state_dict(self) -> dict[str, Any]:
        """Every member's own."""
        return {"members": [member.state_dict() for member in self.members]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Give every member its own back; the groups are then other objects."""
        for member, state in zip(self.members, state_dict["members"], strict=True):
            member.load_state_dict(state)
        self.param_groups = [group for member in self.members for group in member.param_groups]
