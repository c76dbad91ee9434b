"""What a report says of the data: rows, ranges, how many of each class. As JSON, whatever the size of the data."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nnspec.data.examples import PARTS, Examples, Part
from nnspec.data.streamed import StreamedPart
from nnspec.data.targets import known
from nnspec.prepare.fitted import FittedOutput
from nnspec.tables import Array

MAX_COLUMNS = 60  # that are named
MAX_CLASSES = 1000  # that are counted
MAX_NUMBERS = 5_000_000  # that are looked at for a range


def summary(examples: Examples) -> dict[str, Any]:
    """Each part's rows, each input's columns and range in the training rows, each output's targets by part."""
    parts: dict[str, Part | StreamedPart] = {name: getattr(examples, name) for name in PARTS}
    preparation = examples.preparation
    return {
        "parts": {name: {"rows": len(part), "source": part.source} for name, part in parts.items()},
        "inputs": {
            name: {**_columns(preparation.columns.get(name, ())), **_described(rows)}
            for name, rows in _first(parts["train"]).items()
        },
        "outputs": {name: _targets(name, fitted, parts) for name, fitted in preparation.outputs.items()},
    }


def _first(part: Part | StreamedPart) -> dict[str, Array]:
    """The inputs of all rows, or of the first where there are many numbers."""
    width = sum(np.asarray(rows).size for rows in part.head(1).values())
    return part.head(max(1, MAX_NUMBERS // max(1, width)))


def _columns(names: Sequence[str]) -> dict[str, Any]:
    return {"columns": list(names[:MAX_COLUMNS]), "column_count": len(names)}


def _described(rows: Array) -> dict[str, Any]:
    """Shape of an example, type, and the range of its numbers."""
    array = np.asarray(rows)
    kind = "text" if array.dtype.kind in "OUS" else str(array.dtype)
    found = {"shape": list(array.shape[1:]), "dtype": kind}
    return found if kind == "text" else {**found, **_range(array)}


def _range(rows: Array) -> dict[str, float]:
    """Smallest, mean, largest and deviation of finite numbers."""
    values = rows.astype(np.float64).reshape(-1)
    values = values[np.isfinite(values)]
    if not values.size:
        return {}
    return {
        "min": float(values.min()),
        "mean": float(values.mean()),
        "max": float(values.max()),
        "std": float(values.std()),
    }


def _targets(name: str, fitted: FittedOutput, parts: Mapping[str, Part | StreamedPart]) -> dict[str, Any]:
    """How often each class stands in each part, or the range of the values."""
    targets = {part: of.targets[name] for part, of in parts.items() if name in of.targets and len(of)}
    gaps = {part: int((~known(rows)).sum()) for part, rows in targets.items()}
    missing = {"missing": gaps} if any(gaps.values()) else {}
    if fitted.classes and len(fitted.classes) <= MAX_CLASSES:
        counts = {part: _counts(rows, len(fitted.classes)) for part, rows in targets.items()}
        weights = {"class_weights": list(fitted.class_weights)} if fitted.class_weights else {}
        return {"classes": list(fitted.classes), "counts": counts, **weights, **missing}
    return {"ranges": {part: _range(rows) for part, rows in targets.items()}, **missing}


def _counts(rows: Array, classes: int) -> list[int]:
    return [int(count) for count in np.bincount(rows[known(rows)].astype(np.int64), minlength=classes)]
