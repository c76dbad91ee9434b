"""What rows and their targets count in the losses: what is missing nothing, rows and classes as the spec says."""

from collections.abc import Iterator, Mapping

import numpy as np

from nnspec.data.columns import written
from nnspec.data.targets import known
from nnspec.diagnostics import SpecError
from nnspec.prepare import FittedOutput
from nnspec.spec.spec import Output, Spec
from nnspec.tables import Array, Table, check_column, numbers

MAX_NAMED = 12  # classes whose weights are told


def row_weights(spec: Spec, table: Table, rows: Array) -> Array | None:
    """What each row counts, as the column that `data.weight` names says; None where all count alike."""
    column = spec.data.weight if spec.data else None
    if column is None:
        return None
    span = written(spec, "data", "weight")
    check_column(table, column, span)
    values = numbers(table, column)
    if values.size != table.rows:
        message = f"column '{column}' has several values a row, and a row has one weight"
        raise SpecError.of("data-shape", message, span)
    values = values.reshape(-1)
    below = np.flatnonzero(values < 0)
    if len(below):
        row = int(below[0])
        message = f"{table.subject(column, row)}: {values[row]:g} is below 0, and no row counts less than nothing"
        raise SpecError.of("data-value", message, table.span(row), help="0 leaves a row out")
    found = values[rows].astype(np.float32)
    if len(found) and not found.any():
        message = f"column '{column}' is 0 in every row of a part, so nothing is left of it"
        raise SpecError.of("data-value", message, span, help="give weights above 0")
    return found


def place_weights(output: Output, fitted: FittedOutput, targets: Array, rows: Array | None) -> Array:
    """What each place of a target counts, or each example where its loss goes by them; 1 on average.

    0 where the target is missing, else the class's weight times the row's. So the mean of loss times weight over a part
    is its weighted mean, and that over a batch an unbiased estimate of it.
    """
    assert output.loss
    there, each = known(targets), (len(targets), *[1] * (targets.ndim - 1))
    by_class = fitted.class_weights or output.loss.class_weights
    found = there.astype(np.float32)
    if by_class:
        found *= np.asarray(by_class, np.float32)[np.where(there, targets, 0).astype(np.int64)]
    if output.loss.by_example:
        found, each = found.reshape(len(targets), -1).min(axis=1, initial=np.inf), (len(targets),)
    elif not by_class and there.all():
        found = np.ones(each, np.float32)
    if rows is not None:
        found *= rows.reshape(each)
    mean = found.mean(dtype=np.float64) if found.size else 0.0
    return (found / mean).astype(np.float32) if mean else found


def weighted_outputs(
    spec: Spec, fitted: Mapping[str, FittedOutput], targets: Mapping[str, Mapping[str, Array]]
) -> tuple[str, ...]:
    """The outputs whose places do not all count alike, by what the parts' targets hold."""
    rows = spec.data is not None and spec.data.weight is not None
    gaps = {name for part in targets.values() for name, array in part.items() if not known(array).all()}
    learnt = [name for name, output in spec.outputs.items() if output.loss and output.loss.compares]
    return tuple(name for name in learnt if rows or name in gaps or fitted[name].class_weights)


def row_draws(spec: Spec, targets: Mapping[str, Array]) -> Array | None:
    """How often each training row is drawn, so that each class comes equally often; None where each comes once.

    A row without a class comes as often as it would were all drawn alike.
    """
    output = next((output for output in spec.outputs.values() if output.balance == "sampler"), None)
    if output is None:
        return None
    codes = targets[output.name]
    if codes.size != len(codes):
        message = f"{output.name} learns several classes from a row, so that no row stands for one to draw it by"
        span = spec.span_of("outputs", output.name, "balance")
        raise SpecError.of("wrong-value", message, span, help="`balance: weights` weights each place by its class")
    codes = codes.reshape(-1)
    there = known(codes)
    index = codes[there].astype(np.int64)
    rows = np.bincount(index)
    draws = np.full(len(codes), 1.0)
    draws[there] = there.sum() / (np.count_nonzero(rows) * rows[index])
    return draws


def notices(
    spec: Spec, fitted: Mapping[str, FittedOutput], targets: Mapping[str, Mapping[str, Array]]
) -> Iterator[str]:
    """What a person should know of the weights: targets that are missing, by part, and what classes count."""
    for name, found in fitted.items():
        for part, arrays in targets.items():
            there = known(arrays[name]) if name in arrays else np.ones(0, np.bool_)
            lacking = there.size - int(there.sum())
            if lacking:
                ignored = " or ignored" if (loss := spec.outputs[name].loss) and loss.ignored is not None else ""
                yield f"{name}: {lacking:,} of {there.size:,} {part} targets are missing{ignored}, and left out"
        if found.class_weights:
            named = zip(found.classes, found.class_weights, strict=True)
            each = [f"{label} {weight:.3g}" for label, weight in named]
            more = f" and {len(each) - MAX_NAMED:,} more" if len(each) > MAX_NAMED else ""
            yield f"{name}: each class counts by its weight: {', '.join(each[:MAX_NAMED])}{more}"
