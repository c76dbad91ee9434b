"""Losses of real numbers."""

from pydantic import Field, PositiveFloat

from nnspec.objectives.losses import SameShape
from nnspec.pycode import Code, F
from nnspec.shapes import Tensor


class MSELoss(SameShape):
    """Mean squared error.

    mean (output - target)²; torch.nn.MSELoss.
    """

    reads = "values"
    takes = "real numbers, in the units of the target after its preparation"
    examples = {"n 1": dict(), "n 3 h w": dict()}

    def chance(self, output: Tensor) -> str:
        return "the target's variance where it answers with its mean: 1 for a standardized target"

    def code(self, output: Code, target: Code) -> Code:
        return F.mse_loss(output, target)


class L1Loss(SameShape):
    """Mean absolute error.

    mean |output - target|; torch.nn.L1Loss.
    """

    reads = "values"
    takes = "real numbers, in the units of the target after its preparation"
    examples = {"n 1": dict(), "n 3 h w": dict()}

    def chance(self, output: Tensor) -> str:
        return "the target's mean distance from its median where it answers with that"

    def code(self, output: Code, target: Code) -> Code:
        return F.l1_loss(output, target)


class HuberLoss(SameShape):
    """Squared error near zero, absolute error far from it.

    mean of ½ d² where |d| ≤ delta, else delta (|d| - ½ delta); torch.nn.HuberLoss (Huber 1964).
    """

    delta: PositiveFloat = Field(default=1.0, description="where the square turns into a straight line")

    reads = "values"
    takes = "real numbers, in the units of the target after its preparation"
    examples = {"n 1": dict(), "n 3": dict(delta=0.5)}

    def code(self, output: Code, target: Code) -> Code:
        return F.huber_loss(output, target, **self.changed())
