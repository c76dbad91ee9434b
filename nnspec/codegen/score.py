"""The metrics of an output: torchmetrics' own objects, on numpy arrays."""

import math
from collections.abc import Sequence
from typing import Any

from nnspec.codegen.load import evaluate
from nnspec.spec.spec import Output

Rows = Any  # a numpy.ndarray whose first axis counts examples


def score(output: Output, classes: Sequence[Any], answers: Rows, targets: Rows) -> dict[str, float]:
    """Each metric of an output by name; NaN where there are too few rows for it.

    `answers` and `targets` are class indices for an output that reads as classes or yes and no, and values in their
    own units otherwise.
    """
    if not output.metrics or not len(answers):
        return {}
    # torchmetrics takes 2 s to import, and a spec without metrics needs none of it.
    import torch
    import torchmetrics

    reads = output.loss.reads if output.loss else "values"
    given, wanted = (torch.from_numpy(_flat(rows, reads)) for rows in (answers, targets))
    found = {}
    for metric in output.metrics:
        measure = evaluate(metric.code(reads, len(classes)), {"torchmetrics": torchmetrics})
        name = type(metric).__name__
        # R2 compares with the rows' mean: one row has no variance to explain.
        found[name] = math.nan if name == "R2Score" and len(given) < 2 else float(measure(given, wanted))
    return found


def _flat(rows: Rows, reads: str) -> Rows:
    """Class indices as one row of numbers; values as one row, or a column for each."""
    if reads != "values":
        return rows.reshape(-1).astype("int64")
    columns = rows.reshape(len(rows), -1)
    return (columns[:, 0] if columns.shape[1] == 1 else columns).astype("float32")
