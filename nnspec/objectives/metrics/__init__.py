"""Metrics, by torchmetrics' names."""

from abc import ABC, abstractmethod
from typing import ClassVar

from nnspec.objectives.described import Described
from nnspec.objectives.losses import Reads
from nnspec.objectives.table import Table
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


METRICS = Table[Metric](
    __name__,
    {
        "classes": "Accuracy F1Score",
        "values": "MeanAbsoluteError MeanSquaredError R2Score",
    },
)
