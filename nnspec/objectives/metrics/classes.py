"""Metrics of classes, and of yes or no."""

from typing import Literal

from pydantic import Field

from nnspec.objectives.losses import Reads
from nnspec.objectives.metrics import Metric, torchmetrics
from nnspec.pycode import Code


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
