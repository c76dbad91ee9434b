"""The metrics of an output, on numpy arrays: the commonest computed here, the others torchmetrics' own objects."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

from nnspec.codegen.direct import direct
from nnspec.codegen.load import evaluate
from nnspec.objectives import Metric
from nnspec.spec.spec import Output

Rows = Any  # a numpy.ndarray whose first axis counts examples


def score(
    output: Output, classes: Sequence[Any], answers: Rows, targets: Rows, scores: Rows | None = None
) -> dict[str, float]:
    """Each metric of an output by name; NaN where there are too few rows for it.

    `answers` and `targets` are class indices for an output that reads as classes or yes and no, and values in their
    own units otherwise. `scores` are the probabilities behind the answers, as the network arranges them, or of yes.
    """
    if not output.metrics or not len(answers):
        return {}
    # A spec without metrics needs none of it.
    import torch

    reads = output.loss.reads if output.loss else "values"
    there = _there(targets, reads)
    given, wanted = (torch.from_numpy(_flat(rows, reads, there)) for rows in (answers, targets))
    likely = torch.from_numpy(_flat_scores(scores, output)[there]) if scores is not None else given
    count = len(classes) or likely.shape[-1] if reads == "classes" else given.shape[1:].numel()
    return {
        type(metric).__name__: _value(metric, likely if metric.of_scores else given, wanted, reads, count)
        for metric in output.metrics
    }


def of_scores(output: Output) -> bool:
    """Whether a metric of the output reads probabilities."""
    return any(metric.of_scores for metric in output.metrics)


def _value(metric: Metric, given: Any, wanted: Any, reads: Any, count: int) -> float:
    # R2 compares with the rows' mean: one row has no variance to explain.
    if len(given) < metric.least or (metric.needs_both and bool((wanted == wanted[0]).all())):
        return math.nan
    if measured := direct(metric):
        return measured(given, wanted)
    import torchmetrics

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it keeps all rows; that a class has none, and is left out of the mean
        measure = evaluate(metric.code(reads, count), {"torchmetrics": torchmetrics})
        return float(measure(given, wanted).mean())


def _there(targets: Rows, reads: str) -> Rows:
    """Which of the flat rows have a target: NaN and indices below 0 stand where it is missing."""
    if reads == "classes":
        return targets.reshape(-1) >= 0
    rows = len(targets) if reads == "values" else targets.size
    return (targets == targets).reshape(rows, -1).all(axis=1)


def _flat(rows: Rows, reads: str, there: Rows) -> Rows:
    """Class indices as one row of numbers; values as one row, or a column for each. Of those that have a target."""
    if reads != "values":
        return rows.reshape(-1)[there].astype("int64")
    columns = rows.reshape(len(rows), -1)[there]
    return (columns[:, 0] if columns.shape[1] == 1 else columns).astype("float32")


def _flat_scores(scores: Rows, output: Output) -> Rows:
    """Probabilities in the order of the flat indices: one of yes, or a row of all classes."""
    if not output.loss or output.loss.reads != "classes":
        return scores.reshape(-1).astype("float32")
    axis = output.loss.class_axis % scores.ndim
    places = [other for other in range(scores.ndim) if other != axis]
    return scores.transpose(*places, axis).reshape(-1, scores.shape[axis]).astype("float32")
