"""Schedules that multiply the learning rate by a factor, or by one of its own for each epoch."""

from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from nnspec.layers.fields import Listed
from nnspec.objectives.schedulers import Scheduler, lr_scheduler
from nnspec.pycode import Code

Epochs = Annotated[tuple[PositiveInt, ...], Listed, Field(min_length=1)]


class _Decay(Scheduler):
    def code(self, optimizer: Code, *, epochs: int, steps: int) -> Code:
        make: Code = getattr(lr_scheduler, type(self).__name__)
        return make(optimizer, **self.changed())


class StepLR(_Decay):
    """Multiplies the learning rate by gamma every step_size epochs."""

    step_size: PositiveInt = Field(description="epochs between two changes")
    gamma: PositiveFloat = Field(default=0.1, description="factor of each change")

    def in_words(self, lr: float, epochs: int) -> str:
        return f"{lr:g}, times {self.gamma:g} after every {self.step_size} epochs: {lr * self.gamma:g} then, and so on"


class MultiStepLR(_Decay):
    """Multiplies the learning rate by gamma after each of the epochs listed."""

    milestones: Epochs = Field(description="the epochs after which it changes")
    gamma: PositiveFloat = Field(default=0.1, description="factor of each change")

    def code(self, optimizer: Code, *, epochs: int, steps: int) -> Code:
        return lr_scheduler.MultiStepLR(optimizer, **{**self.changed(), "milestones": list(self.milestones)})

    def in_words(self, lr: float, epochs: int) -> str:
        after = ", ".join(map(str, sorted(self.milestones)))
        last = lr * self.gamma ** sum(milestone < epochs for milestone in self.milestones)
        return f"{lr:g}, times {self.gamma:g} after each of the epochs {after}: {last:.3g} in the last"


class ConstantLR(_Decay):
    """The learning rate times factor for total_iters epochs, then as it is."""

    factor: float = Field(default=1 / 3, ge=0, le=1, description="factor of the first epochs")
    total_iters: NonNegativeInt = Field(default=5, description="how many epochs that is")

    def in_words(self, lr: float, epochs: int) -> str:
        return f"{lr * self.factor:.3g} for {self.total_iters} epochs, then {lr:g}"


class LinearLR(_Decay):
    """A straight line from the learning rate times start_factor to that times end_factor: a warm-up (Goyal 2017)."""

    start_factor: float = Field(default=1 / 3, gt=0, le=1, description="factor at the beginning")
    end_factor: float = Field(default=1.0, ge=0, le=1, description="factor at the end of the line, and from then on")
    total_iters: PositiveInt = Field(default=5, description="epochs from one to the other")

    def in_words(self, lr: float, epochs: int) -> str:
        first, last = lr * self.start_factor, lr * self.end_factor
        return f"from {first:.3g} to {last:.3g} along a straight line, over {self.total_iters} epochs"


class ExponentialLR(_Decay):
    """Multiplies the learning rate by gamma every epoch."""

    gamma: PositiveFloat = Field(description="factor of each epoch")

    def in_words(self, lr: float, epochs: int) -> str:
        last = lr * self.gamma ** (epochs - 1)
        return f"{lr:g}, times {self.gamma:g} after every epoch: {last:.3g} in the last of {epochs}"


class PolynomialLR(_Decay):
    """The learning rate down to 0 along (1 - epoch / total_iters)^power (Chen et al. 2017, 4.1)."""

    total_iters: NonNegativeInt = Field(default=5, description="epochs until it is 0")
    power: float = Field(default=1.0, description="1 is a straight line, more falls faster at first")

    def in_words(self, lr: float, epochs: int) -> str:
        return (
            f"from {lr:g} down to 0 over {self.total_iters} epochs, as (1 - epoch / {self.total_iters})^{self.power:g}"
        )


class InverseSquareRootLR(Scheduler):
    """Up a straight line to the learning rate, then down as one over the root of the steps (Vaswani et al. 2017, 5.3).

    min(step / warmup_steps, (warmup_steps / step)^0.5); PyTorch has none.
    """

    warmup_steps: PositiveInt = Field(default=4000, description="steps of the way up")

    moves = "step"

    def in_words(self, lr: float, epochs: int) -> str:
        return f"up to {lr:g} in {self.warmup_steps:,} steps, half of that after {4 * self.warmup_steps:,}, and so on"

    def code(self, optimizer: Code, *, epochs: int, steps: int) -> Code:
        up, down = f"(step + 1) / {self.warmup_steps}", f"({self.warmup_steps} / (step + 1)) ** 0.5"
        return lr_scheduler.LambdaLR(optimizer, Code(f"lambda step: min({up}, {down})"))
