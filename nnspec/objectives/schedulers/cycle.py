"""Schedules that go up and down: cosines and cycles."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from nnspec.objectives.optimizers import Beta
from nnspec.objectives.schedulers import Scheduler, lr_scheduler
from nnspec.pycode import Code


class CosineAnnealingLR(Scheduler):
    """Half a cosine from the learning rate down to eta_min (Loshchilov & Hutter 2016)."""

    T_max: PositiveInt | None = Field(default=None, description="epochs down; the whole training unless given")
    eta_min: NonNegativeFloat = Field(default=0.0, description="the lowest learning rate")

    def in_words(self, lr: float, epochs: int) -> str:
        span = f"{self.T_max or epochs} epochs"
        return f"from {lr:g} down to {self.eta_min:g} over {span}, along half a cosine: slow, fast, slow"

    def code(self, optimizer: Code, *, epochs: int, steps: int) -> Code:
        return lr_scheduler.CosineAnnealingLR(optimizer, **{"T_max": epochs, **self.changed()})


class CosineAnnealingWarmRestarts(Scheduler):
    """Half a cosine down to eta_min, and again from the top, each time T_mult as long (Loshchilov & Hutter 2016)."""

    T_0: PositiveInt | None = Field(
        default=None, description="epochs until the first restart; the whole training unless given"
    )
    T_mult: PositiveInt = Field(default=1, description="how much longer each is than the one before")
    eta_min: NonNegativeFloat = Field(default=0.0, description="the lowest learning rate")

    def in_words(self, lr: float, epochs: int) -> str:
        again = "" if self.T_mult == 1 else f", each {self.T_mult} times as long as the one before"
        first = self.T_0 or epochs
        return f"from {lr:g} down to {self.eta_min:g} over {first} epochs along half a cosine, then again{again}"

    def code(self, optimizer: Code, *, epochs: int, steps: int) -> Code:
        return lr_scheduler.CosineAnnealingWarmRestarts(optimizer, **{"T_0": epochs, **self.changed()})


class OneCycleLR(Scheduler):
    """Up to max_lr and down again, over the whole training, a little each step (Smith 2018)."""

    max_lr: PositiveFloat = Field(description="the highest learning rate")
    total_steps: PositiveInt | None = Field(default=None, description="steps in all; the whole training unless given")
    pct_start: float = Field(default=0.3, gt=0, lt=1, description="share of the steps that go up")
    anneal_strategy: Literal["cos", "linear"] = Field(default="cos", description="form of both ways")
    cycle_momentum: bool = Field(default=True, description="move the momentum (or the first beta) the other way")
    base_momentum: Beta = Field(default=0.85, description="the lowest momentum")
    max_momentum: Beta = Field(default=0.95, description="the highest momentum")
    div_factor: PositiveFloat = Field(default=25.0, description="max_lr over the first learning rate")
    final_div_factor: PositiveFloat = Field(default=1e4, description="the first learning rate over the last")
    three_phase: bool = Field(default=False, description="down as long as up, and then on to the last learning rate")

    moves = "step"

    @property
    def highest(self) -> str:
        return "max_lr"

    @property
    def moves_momentum(self) -> bool:
        return self.cycle_momentum

    def in_words(self, lr: float, epochs: int) -> str:
        first = self.max_lr / self.div_factor
        return (
            f"from {first:.3g} up to {self.max_lr:g} in the first {self.pct_start:.0%} of the steps, then down to "
            f"{first / self.final_div_factor:.2g}: a gentle start, a bold middle, a fine end"
        )

    def code(self, optimizer: Code, *, epochs: int, steps: int) -> Code:
        return lr_scheduler.OneCycleLR(optimizer, **{"total_steps": steps, **self.changed()})


class CyclicLR(Scheduler):
    """Between base_lr and max_lr, up and down again, a little each step (Smith 2015)."""

    base_lr: PositiveFloat = Field(description="the lowest learning rate")
    max_lr: PositiveFloat = Field(description="the highest learning rate")
    step_size_up: PositiveInt = Field(default=2000, description="steps of the way up")
    step_size_down: PositiveInt | None = Field(default=None, description="steps of the way down; as many unless given")
    mode: Literal["triangular", "triangular2", "exp_range"] = Field(
        default="triangular", description="every cycle alike, each half as high, or gamma^step as high"
    )
    gamma: PositiveFloat = Field(default=1.0, description="factor of each step, for exp_range")
    cycle_momentum: bool = Field(default=True, description="move the momentum (or the first beta) the other way")
    base_momentum: Beta = Field(default=0.8, description="the lowest momentum")
    max_momentum: Beta = Field(default=0.9, description="the highest momentum")

    moves = "step"

    @property
    def highest(self) -> str:
        return "max_lr"

    @property
    def moves_momentum(self) -> bool:
        return self.cycle_momentum

    def in_words(self, lr: float, epochs: int) -> str:
        down = self.step_size_down or self.step_size_up
        return (
            f"from {self.base_lr:g} up to {self.max_lr:g} in {self.step_size_up} steps and down again in {down}, "
            "over and over"
        )

    def code(self, optimizer: Code, *, epochs: int, steps: int) -> Code:
        return lr_scheduler.CyclicLR(optimizer, **self.changed())
