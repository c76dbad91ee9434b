"""Learning-rate schedules, by torch.optim.lr_scheduler's names, arguments and defaults."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from nnspec.objectives.described import Described
from nnspec.objectives.optimizers import Beta
from nnspec.pycode import Code, torch

lr_scheduler = torch.optim.lr_scheduler


class Scheduler(Described, ABC):
    """A schedule: its call, and when it moves."""

    # After each step, each epoch, or each epoch with the validation loss.
    moves: ClassVar[Literal["step", "epoch", "loss"]] = "epoch"

    def in_words(self, lr: float, epochs: int) -> str:
        """What becomes of a learning rate, with the numbers; the class's own sentence unless told."""
        return ""

    @abstractmethod
    def code(self, optimizer: Code, *, epochs: int, steps: int) -> Code:
        """The constructor's call, for a training of so many epochs and steps."""


class StepLR(Scheduler):
    """Multiplies the learning rate by gamma every step_size epochs."""

    step_size: PositiveInt = Field(description="epochs between two changes")
    gamma: PositiveFloat = Field(default=0.1, description="factor of each change")

    def in_words(self, lr: float, epochs: int) -> str:
        return f"{lr:g}, times {self.gamma:g} after every {self.step_size} epochs: {lr * self.gamma:g} then, and so on"

    def code(self, optimizer: Code, *, epochs: int, steps: int) -> Code:
        return lr_scheduler.StepLR(optimizer, **self.changed())


class CosineAnnealingLR(Scheduler):
    """Half a cosine from the learning rate down to eta_min (Loshchilov & Hutter 2016)."""

    T_max: PositiveInt | None = Field(default=None, description="epochs down; the whole training unless given")
    eta_min: NonNegativeFloat = Field(default=0.0, description="the lowest learning rate")

    def in_words(self, lr: float, epochs: int) -> str:
        span = f"{self.T_max or epochs} epochs"
        return f"from {lr:g} down to {self.eta_min:g} over {span}, along half a cosine: slow, fast, slow"

    def code(self, optimizer: Code, *, epochs: int, steps: int) -> Code:
        return lr_scheduler.CosineAnnealingLR(optimizer, **{"T_max": epochs, **self.changed()})


class OneCycleLR(Scheduler):
    """Up to max_lr and down again, over the whole training, a little each step (Smith 2018)."""

    max_lr: PositiveFloat = Field(description="the highest learning rate")
    total_steps: PositiveInt | None = Field(default=None, description="steps in all; the whole training unless given")
    pct_start: float = Field(default=0.3, gt=0, lt=1, description="share of the steps that go up")
    anneal_strategy: Literal["cos", "linear"] = Field(default="cos", description="form of both ways")
    div_factor: PositiveFloat = Field(default=25.0, description="max_lr over the first learning rate")
    final_div_factor: PositiveFloat = Field(default=1e4, description="the first learning rate over the last")

    cycle_momentum: bool = Field(default=True, description="move the momentum (or the first beta) the other way")
    base_momentum: Beta = Field(default=0.85, description="the lowest momentum")
    max_momentum: Beta = Field(default=0.95, description="the highest momentum")

    moves = "step"

    def in_words(self, lr: float, epochs: int) -> str:
        first = self.max_lr / self.div_factor
        return (
            f"from {first:.3g} up to {self.max_lr:g} in the first {self.pct_start:.0%} of the steps, then down to "
            f"{first / self.final_div_factor:.2g}: a gentle start, a bold middle, a fine end"
        )

    def code(self, optimizer: Code, *, epochs: int, steps: int) -> Code:
        return lr_scheduler.OneCycleLR(optimizer, **{"total_steps": steps, **self.changed()})


class ReduceLROnPlateau(Scheduler):
    """Multiplies the learning rate by factor when the validation loss stays for patience epochs."""

    factor: float = Field(default=0.1, gt=0, lt=1, description="factor of each change")
    patience: NonNegativeInt = Field(default=10, description="epochs without a better loss")
    threshold: NonNegativeFloat = Field(default=1e-4, description="how much better counts as better, relatively")
    cooldown: NonNegativeInt = Field(default=0, description="epochs to wait after a change")
    min_lr: NonNegativeFloat = Field(default=0.0, description="the lowest learning rate")

    moves = "loss"

    def in_words(self, lr: float, epochs: int) -> str:
        return (
            f"{lr:g}, times {self.factor:g} whenever the validation loss has not fallen for {self.patience} epochs, "
            f"down to {self.min_lr:g} at least"
        )

    def code(self, optimizer: Code, *, epochs: int, steps: int) -> Code:
        return lr_scheduler.ReduceLROnPlateau(optimizer, **self.changed())


SCHEDULERS: dict[str, type[Scheduler]] = {
    scheduler.__name__: scheduler for scheduler in (StepLR, CosineAnnealingLR, OneCycleLR, ReduceLROnPlateau)
}
