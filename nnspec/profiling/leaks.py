"""What makes a test say more than is true: rows in two parts, columns that give the target away."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nnspec.tables import Array, Table

BINS = 20  # that numbers are cut into, at their quantiles
NEARLY = 0.99  # of the rows, or of the variance
LEAST_PER_VALUE = 3  # rows of one value on average, below which any column seems to tell


def twins(
    table: Table, columns: Sequence[str], parts: Mapping[str, Array], other: Mapping[str, Table]
) -> dict[str, int]:
    """For each part but training, how many of its rows stand in training too, by the columns given."""
    train = set(_keys(table, columns, parts["train"]))
    found = {}
    for part, rows in parts.items():
        if part != "train" and len(rows):
            found[part] = sum(key in train for key in _keys(other.get(part, table), columns, rows))
    return found


def _keys(table: Table, columns: Sequence[str], rows: Array) -> Iterator[bytes | tuple[str, ...]]:
    """Each row as something that can be compared."""
    picked = [table.columns[column][rows] for column in columns]
    if all(values.dtype.kind not in "OUS" for values in picked):
        flat = np.concatenate([values.reshape(len(rows), -1).astype(np.float64) for values in picked], axis=1)
        yield from (row.tobytes() for row in flat)
        return
    yield from zip(
        *([str(value) for value in values.reshape(len(rows), -1).tolist()] for values in picked), strict=True
    )


def tells(values: Array, target: Array) -> float:
    """How much of a target one column tells alone: the share of rows, or of variance, beyond the best constant.

    Numbers are cut into bins; a column with hardly two rows of a value tells nothing that would hold.
    """
    groups = _groups(values)
    count = int(groups.max()) + 1 if len(groups) else 0
    if count < 2 or len(groups) < LEAST_PER_VALUE * count:
        return 0.0
    if target.dtype.kind == "f":
        means = np.bincount(groups, target, count) / np.maximum(np.bincount(groups, minlength=count), 1)
        return 1 - float(((target - means[groups]) ** 2).sum()) / max(
            float(((target - target.mean()) ** 2).sum()), 1e-300
        )
    classes, codes = np.unique(target, return_inverse=True)
    table = np.zeros((count, len(classes)), dtype=np.int64)
    np.add.at(table, (groups, codes), 1)
    most = int(table.sum(axis=0).max())
    return float(table.max(axis=1).sum() - most) / max(len(groups) - most, 1)


def _groups(values: Array) -> Array:
    if values.dtype.kind != "f":
        return np.asarray(np.unique(values, return_inverse=True)[1])
    there = np.isfinite(values)
    distinct = np.unique(values[there])
    if len(distinct) <= BINS:
        return np.where(there, np.searchsorted(distinct, values), len(distinct))
    edges = np.unique(np.quantile(values[there], np.linspace(0, 1, BINS + 1)))[1:-1]
    return np.where(there, np.searchsorted(edges, values, side="right"), len(edges) + 1)
