"""The commonest metrics without torchmetrics, whose import takes longer than many a training."""

from collections.abc import Callable
from typing import Any

from nnspec.objectives import Metric

Tensor = Any  # a torch.Tensor
Measure = Callable[[Tensor, Tensor], float]


def direct(metric: Metric) -> Measure | None:
    """What torchmetrics would give for answers and targets, in double precision; None where only it knows."""
    changed = metric.changed()
    match type(metric).__name__:
        case "Accuracy" if not changed:
            return _accuracy
        case "MeanSquaredError" if not changed:
            return _mean_squared_error
        case "MeanSquaredError":
            return lambda given, wanted: _mean_squared_error(given, wanted) ** 0.5
        case "MeanAbsoluteError":
            return lambda given, wanted: float((given.double() - wanted.double()).abs().mean())
        case "R2Score":
            return _r2
    return None


def _accuracy(given: Tensor, wanted: Tensor) -> float:
    return float((given == wanted).double().mean())


def _mean_squared_error(given: Tensor, wanted: Tensor) -> float:
    return float((given.double() - wanted.double()).square().mean())


def _r2(given: Tensor, wanted: Tensor) -> float:
    """The mean over columns of 1 - residual / total sum of squares; where the target is constant as torchmetrics has
    it: 1 for what is exact, 0 for what is not.
    """
    given, wanted = given.double(), wanted.double()
    residual = (given - wanted).square().sum(0)
    total = (wanted - wanted.mean(0)).square().sum(0)
    explained = (1 - residual / total).where(total > 0, (residual == 0).double())
    return float(explained.mean())
