"""Metrics of real numbers, in the target's units; the mean over columns where there are several."""

from pydantic import Field

from nnspec.objectives.losses import Reads
from nnspec.objectives.metrics import Metric
from nnspec.pycode import Code


class _Measuring(Metric):
    fits = ("values",)
    greater_is_better = False

    def code(self, reads: Reads, count: int) -> Code:
        return self.made()


class _OfColumns(_Measuring):
    def code(self, reads: Reads, count: int) -> Code:
        return self.made(num_outputs=count)


class MeanAbsoluteError(_Measuring):
    """Mean of |output - target|."""


class MeanSquaredError(_Measuring):
    """Mean of (output - target)²."""

    squared: bool = Field(default=True, description="false gives its root, in the target's units")


class R2Score(_Measuring):
    """Share of the target's variance that the output explains; 1 is perfect, 0 is the mean."""

    greater_is_better = True
    least = 2


class MeanSquaredLogError(_Measuring):
    """Mean of (log(1 + output) - log(1 + target))², for values above -1."""


class MeanAbsolutePercentageError(_Measuring):
    """Mean of |output - target| / |target|, as a share."""


class SymmetricMeanAbsolutePercentageError(_Measuring):
    """Mean of 2 |output - target| / (|output| + |target|), from 0 to 2."""


class ExplainedVariance(_Measuring):
    """Share of the target's variance that the output explains, but for a constant difference."""

    greater_is_better = True
    least = 2


class PearsonCorrCoef(_OfColumns):
    """Linear correlation of output and target, from -1 to 1."""

    greater_is_better = True
    least = 2


class SpearmanCorrCoef(_OfColumns):
    """Correlation of the ranks of output and target, from -1 to 1."""

    greater_is_better = True
    least = 2


class CosineSimilarity(_Measuring):
    """Cosine of the angle between output and target as vectors, mean over the rows."""

    greater_is_better = True

    def code(self, reads: Reads, count: int) -> Code:
        rows = "given.reshape(len(given), -1), wanted.reshape(len(wanted), -1)"
        return Code(f'lambda given, wanted: torchmetrics.CosineSimilarity(reduction="mean")({rows})')


class LogCoshError(_OfColumns):
    """Mean of log cosh(output - target): squared near zero, absolute far from it."""
