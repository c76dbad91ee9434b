"""Metrics, by torchmetrics' names."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from nnspec.objectives.described import Described
from nnspec.objectives.losses import Reads
from nnspec.objectives.table import Table
from nnspec.pycode import Code, name

torchmetrics = name("torchmetrics")


class Metric(Described, ABC):
    """A metric: which outputs it fits, and torchmetrics' object for it."""

    fits: ClassVar[tuple[Reads, ...]]
    greater_is_better: ClassVar[bool]
    least: ClassVar[int] = 1  # how many rows it needs
    needs_both: ClassVar[bool] = False  # whether it says nothing where all rows are of one class
    # Fields that say nothing of yes or no, which torchmetrics would leave out without a word.
    of_several: ClassVar[tuple[str, ...]] = ()

    @property
    def of_scores(self) -> bool:
        """Whether it reads probabilities; otherwise the class that is answered."""
        return False

    def misfit(self, reads: Reads) -> str:
        """The field that says nothing for such an output, where one was given; empty where all fit."""
        if reads != "binary":
            return ""
        return next((field for field in self.of_several if field in self.changed()), "")

    def made(self, **beside: Any) -> Code:
        """torchmetrics' object, with the fields that are set and what stands beside them."""
        make: Code = getattr(torchmetrics, type(self).__name__)
        return make(**beside, **self.changed())

    @abstractmethod
    def code(self, reads: Reads, count: int) -> Code:
        """The constructor's call. `count` is how many classes there are, or how many columns of values.

        A metric of classes gets indices or, `of_scores`, probabilities: of each class (rows, classes), or of yes.
        The others get values in their own units.
        """


METRICS = Table[Metric](
    __name__,
    {
        "classes": "Accuracy F1Score FBetaScore Precision Recall Specificity JaccardIndex HammingDistance CohenKappa "
        "MatthewsCorrCoef",
        "scores": "AUROC AveragePrecision CalibrationError Perplexity",
        "values": "MeanAbsoluteError MeanSquaredError R2Score MeanSquaredLogError MeanAbsolutePercentageError "
        "SymmetricMeanAbsolutePercentageError ExplainedVariance PearsonCorrCoef SpearmanCorrCoef CosineSimilarity "
        "LogCoshError",
    },
    absent={
        "ConfusionMatrix": "a metric here is one number",
        "ROC": "a metric here is one number, as AUROC is",
        "Dice": "F1Score is Dice's coefficient",
        "DiceScore": "F1Score is Dice's coefficient, over all places at once",
        **dict.fromkeys(
            ("RetrievalMAP", "RetrievalMRR", "RetrievalNormalizedDCG", "RetrievalPrecision", "RetrievalRecall"),
            "it groups rows by their query, and rows here stand alone",
        ),
    },
)
