"""Learning-rate schedules, by torch.optim.lr_scheduler's names, arguments and defaults.

`last_epoch` is the training's, `mode` too: it has the validation loss to watch, which is better the smaller it is.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from nnspec.objectives.described import Described
from nnspec.objectives.table import Table
from nnspec.pycode import Code, name, torch

lr_scheduler = torch.optim.lr_scheduler


class Scheduler(Described, ABC):
    """A schedule: its call, and when it moves."""

    # After each step, each epoch, or each epoch with the validation loss.
    moves: ClassVar[Literal["step", "epoch", "loss"]] = "epoch"

    @property
    def highest(self) -> str:
        """The field that sets the highest learning rate in place of the optimizer's; empty where there is none."""
        return ""

    @property
    def moves_momentum(self) -> bool:
        """Whether the optimizer's momentum goes up and down too."""
        return False

    @property
    def spans_training(self) -> bool:
        """Whether it hangs on how long the training is."""
        optimizer, long = name("optimizer"), 10**6
        codes = [self.code(optimizer, epochs=count, steps=count).text for count in (long, long + 1)]
        return codes[0] != codes[1]

    def in_words(self, lr: float, epochs: int) -> str:
        """What becomes of a learning rate, with the numbers; the class's own sentence unless told."""
        return ""

    @abstractmethod
    def code(self, optimizer: Code, *, epochs: int, steps: int) -> Code:
        """The constructor's call, for a training of so many epochs and steps."""


SCHEDULERS = Table[Scheduler](
    __name__,
    {
        "decay": "StepLR MultiStepLR ConstantLR LinearLR ExponentialLR PolynomialLR InverseSquareRootLR",
        "cycle": "CosineAnnealingLR CosineAnnealingWarmRestarts OneCycleLR CyclicLR",
        "plateau": "ReduceLROnPlateau",
        "several": "SequentialLR ChainedScheduler",
    },
    absent={
        "LambdaLR": "it takes a function, and a spec is data",
        "MultiplicativeLR": "it takes a function, and a spec is data",
    },
)
