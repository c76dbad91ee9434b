"""Rows that share a column's value, or a quarter of its numbers."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from nnspec.prepare.missing import is_missing
from nnspec.tables import NUMBER, Array

MAX_VALUES = 20  # different numbers of a column, above which it is cut into quarters
MAX_TEXTS = 50  # different texts, above which the seldom ones stand together
MISSING, OTHERS = "(missing)", "(others)"


def slices_of(column: Array) -> dict[str, Array]:
    """The rows of each value, most frequent texts first, numbers in their order."""
    texts = column.astype(str) if column.dtype.kind != "f" else np.array([f"{value:.9g}" for value in column])
    missing = np.array([is_missing(text) for text in texts.tolist()])
    numeric = column.dtype.kind not in "OUb" or all(map(NUMBER.fullmatch, texts[~missing].tolist()))
    found = dict(_of_numbers(texts, missing) if numeric and not missing.all() else _of_texts(texts, missing))
    if missing.any():
        found[MISSING] = np.flatnonzero(missing)
    return found


def _of_numbers(texts: Array, missing: Array) -> Iterator[tuple[str, Array]]:
    values = np.where(missing, "nan", texts).astype(np.float64)
    distinct = np.unique(values[~missing])
    if len(distinct) <= MAX_VALUES:
        for value in distinct:
            yield f"{value:g}", np.flatnonzero(values == value)
        return
    edges = np.unique(np.quantile(values[~missing], [0, 0.25, 0.5, 0.75, 1]))
    for low, high in pairwise(edges):
        last = high == edges[-1]
        inside = (values >= low) & ((values <= high) if last else (values < high))
        yield f"{low:g} to {'' if last else 'below '}{high:g}", np.flatnonzero(inside)


def _of_texts(texts: Array, missing: Array) -> Iterator[tuple[str, Array]]:
    names, inverse, counts = np.unique(texts, return_inverse=True, return_counts=True)
    order = [index for index in np.argsort(-counts, kind="stable").tolist() if not is_missing(str(names[index]))]
    for index in order[:MAX_TEXTS]:
        yield str(names[index]), np.flatnonzero(inverse == index)
    if len(order) > MAX_TEXTS:
        yield OTHERS, np.flatnonzero(np.isin(inverse, order[MAX_TEXTS:]))
