"""The schedule that watches the validation loss."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from nnspec.objectives.schedulers import Scheduler, lr_scheduler
from nnspec.pycode import Code


class ReduceLROnPlateau(Scheduler):
    """Multiplies the learning rate by factor when the validation loss stays for patience epochs."""

    factor: float = Field(default=0.1, gt=0, lt=1, description="factor of each change")
    patience: NonNegativeInt = Field(default=10, description="epochs without a better loss")
    threshold: NonNegativeFloat = Field(default=1e-4, description="how much better counts as better")
    threshold_mode: Literal["rel", "abs"] = Field(
        default="rel", description="whether threshold is a share of the loss, or in its units"
    )
    cooldown: NonNegativeInt = Field(default=0, description="epochs to wait after a change")
    min_lr: NonNegativeFloat = Field(default=0.0, description="the lowest learning rate")
    eps: NonNegativeFloat = Field(default=1e-8, description="the smallest change that is made")

    moves = "loss"

    def in_words(self, lr: float, epochs: int) -> str:
        return (
            f"{lr:g}, times {self.factor:g} whenever the validation loss has not fallen for {self.patience} epochs, "
            f"down to {self.min_lr:g} at least"
        )

    def code(self, optimizer: Code, *, epochs: int, steps: int) -> Code:
        return lr_scheduler.ReduceLROnPlateau(optimizer, **self.changed())
