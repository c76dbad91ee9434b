"""What `data.source` may name: a file below the spec's folder, or a set that scikit-learn ships."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nnspec.diagnostics import Span, SpecError, did_you_mean
from nnspec.spec.cells import SKLEARN, SKLEARN_SETS
from nnspec.spec.reach import URL, Reach
from nnspec.tables import Array, Table, read_table


def read_source(source: str, reach: Reach, span: Span) -> Table:
    """The table that a source names; `reach` is what the spec may read, `span` the place that names it."""
    if source.startswith(SKLEARN):
        return _sklearn_table(source.removeprefix(SKLEARN), span)
    return read_table(find_file(source, reach, span), source, span)


def find_file(source: str, reach: Reach, span: Span) -> Path:
    """The file's path, which must be within reach: a spec from elsewhere reads nothing else."""
    try:
        return reach.find(source, reach.folder, span, "data-file")
    except SpecError as error:
        if not URL.match(source):
            raise
        (fault,) = error.diagnostics
        raise SpecError([replace(fault, help=f"{fault.help}, or one of {_sklearn_names()}")]) from None


def _sklearn_names() -> str:
    return ", ".join(SKLEARN + name for name in SKLEARN_SETS)


def _sklearn_table(name: str, span: Span) -> Table:
    if name not in SKLEARN_SETS:
        near = did_you_mean(name, SKLEARN_SETS) or f"there are {_sklearn_names()}"
        raise SpecError.of("data-file", f"scikit-learn ships no set that is named '{name}' here", span, help=near)
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
