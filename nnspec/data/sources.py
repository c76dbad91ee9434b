"""What `data.source` may name: a file below the spec's folder, or a set that scikit-learn ships."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from nnspec.diagnostics import Span
from nnspec.spec.cells import SKLEARN
from nnspec.spec.reach import Reach
from nnspec.spec.sources import find_source
from nnspec.tables import Array, Table, read_table


def read_source(source: str, reach: Reach, span: Span) -> Table:
    """The table that a source names; `reach` is what the spec may read, `span` the place that names it."""
    found = find_source(source, reach, span)
    return read_table(found, source, span) if isinstance(found, Path) else _sklearn_table(found)


def _sklearn_table(name: str) -> Table:
    # Only here: the import takes a second.
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    columns: dict[str, Array] = {
        str(feature): column for feature, column in zip(bunch.feature_names, bunch.data.T, strict=True)
    }
    columns["data"] = bunch.data
    if name == "digits":
        columns["image"] = bunch.images
    columns["target"] = _target(bunch.target, bunch.get("target_names", ()))
    return Table(SKLEARN + name, columns)


def _target(target: Array, names: Iterable[Any]) -> Array:
    """Class names where they are words; the numbers themselves otherwise."""
    words = np.array([str(name) for name in names])
    return target if all(word.isdigit() for word in words) else words[target]
