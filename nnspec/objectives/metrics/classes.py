"""Metrics of the class that is answered, or of yes or no; of every place alike where an output has several."""

from typing import ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from nnspec.objectives.losses import Reads
from nnspec.objectives.metrics import Metric
from nnspec.pycode import Code

Average = Literal["micro", "macro", "weighted"]
AVERAGE = "over all rows, or over classes (each alike, or by their rows)"


class Classifying(Metric):
    """A metric with a task: binary or multiclass."""

    fits = ("classes", "binary")
    greater_is_better = True

    def code(self, reads: Reads, count: int) -> Code:
        if reads == "binary":
            return self.made(task="binary")
        return self.made(task="multiclass", num_classes=count)


class _Averaged(Classifying):
    average: Average = Field(default="micro", description=AVERAGE)

    of_several: ClassVar[tuple[str, ...]] = ("average",)


class Accuracy(_Averaged):
    """Share of right answers."""

    top_k: PositiveInt = Field(default=1, description="right is a class among so many likeliest")

    of_several = ("average", "top_k")

    @property
    def of_scores(self) -> bool:
        return self.top_k > 1

    def code(self, reads: Reads, count: int) -> Code:
        fewer = self.model_copy(update={"top_k": min(self.top_k, max(count, 1))})
        return Classifying.code(fewer, reads, count)


class F1Score(_Averaged):
    """Harmonic mean of precision and recall: Dice's coefficient."""


class FBetaScore(_Averaged):
    """Harmonic mean of precision and recall, in which recall counts beta² times as much."""

    beta: PositiveFloat = Field(default=1.0, description="how much more recall counts than precision")


class Precision(_Averaged):
    """Share of what is answered yes, or is answered a class, that is it."""


class Recall(_Averaged):
    """Share of what is yes, or is of a class, that is answered so: the sensitivity."""


class Specificity(_Averaged):
    """Share of what is no, or is not of a class, that is answered so."""


class JaccardIndex(Classifying):
    """Intersection over union of what is answered and what is, of each class."""

    average: Average = Field(default="macro", description=AVERAGE)

    of_several: ClassVar[tuple[str, ...]] = ("average",)


class HammingDistance(_Averaged):
    """Share of wrong answers."""

    greater_is_better = False


class CohenKappa(Classifying):
    """Agreement beyond what chance gives: 1 is perfect, 0 is chance (Cohen 1960)."""

    weights: Literal["linear", "quadratic"] | None = Field(
        default=None, description="whether classes far apart disagree more; all alike unless given"
    )


class MatthewsCorrCoef(Classifying):
    """Correlation of answers and classes, from -1 to 1, fair to seldom classes (Matthews 1975)."""
