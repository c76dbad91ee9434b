"""Metrics, by torchmetrics' names."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from pydantic import Field

from nnspec.objectives.described import Described
from nnspec.objectives.losses import Reads
from nnspec.pycode import Code, name

torchmetrics = name("torchmetrics")


class Metric(Described, ABC):
    """A metric: which outputs it fits, and torchmetrics' object for it."""

    fits: ClassVar[tuple[Reads, ...]]
    greater_is_better: ClassVar[bool]

    def misfit(self, reads: Reads) -> str:
        """The field that says nothing for such an output, where one was given; empty where all fit."""
        return ""

    @abstractmethod
    def code(self, reads: Reads, classes: int) -> Code:
        """The constructor's call. Classifying metrics get class indices, the others values in their own units."""


class _Classifying(Metric):
    average: Literal["micro", "macro", "weighted"] = Field(
        default="micro", description="over all rows, or over classes (each alike, or by their rows)"
    )

    fits = ("classes", "binary")
    greater_is_better = True

    def misfit(self, reads: Reads) -> str:
        # torchmetrics takes no average for yes or no, and leaves it out without a word.
        return "average" if reads == "binary" and self.average != "micro" else ""

    def code(self, reads: Reads, classes: int) -> Code:
        make: Code = getattr(torchmetrics, type(self).__name__)
        if reads == "binary":
            return make(task="binary")
        return make(task="multiclass", num_classes=classes, **self.changed())


class Accuracy(_Classifying):
    """Share of right answers."""


class F1Score(_Classifying):
    """Harmonic mean of precision and recall."""


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


METRICS: dict[str, type[Metric]] = {
    metric.__name__: metric for metric in (Accuracy, F1Score, MeanAbsoluteError, MeanSquaredError, R2Score)
}
