"""Metrics of probabilities."""

from typing import Literal

from pydantic import Field, PositiveInt

from nnspec.objectives.losses import Reads
from nnspec.objectives.metrics import Metric
from nnspec.objectives.metrics.classes import AVERAGE, Classifying
from nnspec.pycode import Code


class _Scoring(Classifying):
    @property
    def of_scores(self) -> bool:
        return True


class AUROC(_Scoring):
    """Area under the receiver operating characteristic: how probably a yes scores above a no (Fawcett 2006)."""

    average: Literal["macro", "weighted"] = Field(default="macro", description=AVERAGE)

    needs_both = True
    of_several = ("average",)


class AveragePrecision(_Scoring):
    """Area under precision over recall, for classes that are seldom."""

    average: Literal["macro", "weighted"] = Field(default="macro", description=AVERAGE)

    needs_both = True
    of_several = ("average",)


class CalibrationError(_Scoring):
    """How far the probability of the answers is from the share of them that is right (Guo et al. 2017)."""

    n_bins: PositiveInt = Field(default=15, description="how many groups of alike probability are compared")
    norm: Literal["l1", "l2", "max"] = Field(default="l1", description="mean, root mean square, or largest difference")

    greater_is_better = False


class Perplexity(Metric):
    """exp of the mean negative log-likelihood of the right class: among how many words the network hesitates."""

    fits = ("classes",)
    greater_is_better = False

    @property
    def of_scores(self) -> bool:
        return True

    def code(self, reads: Reads, count: int) -> Code:
        # torchmetrics takes the softmax itself, of (texts, words, classes): that of a logarithm is the probability.
        return Code(
            "lambda scores, wanted: torchmetrics.text.Perplexity()(scores.log().unsqueeze(0), wanted.unsqueeze(0))"
        )
