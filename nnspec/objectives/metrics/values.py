"""Metrics of real numbers."""

from pydantic import Field

from nnspec.objectives.losses import Reads
from nnspec.objectives.metrics import Metric, torchmetrics
from nnspec.pycode import Code


class _Measuring(Metric):
    fits = ("values",)
    greater_is_better = False

    def code(self, reads: Reads, classes: int) -> Code:
        make: Code = getattr(torchmetrics, type(self).__name__)
        return make(**self.changed())


class MeanAbsoluteError(_Measuring):
    """Mean of |output - target|."""


class MeanSquaredError(_Measuring):
    """Mean of (output - target)²."""

    squared: bool = Field(default=True, description="false gives its root, in the target's units")


class R2Score(_Measuring):
    """Share of the target's variance that the output explains; 1 is perfect, 0 is the mean."""

    greater_is_better = True
