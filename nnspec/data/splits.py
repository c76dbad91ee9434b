"""How a source's rows are divided into training, validation and test, the same on every machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np

from nnspec.diagnostics import Span, SpecError
from nnspec.spec.document import SplitSection
from nnspec.tables import Array, shown_value

PARTS = ("training", "validation", "test")


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """The rows of each part, in increasing order. A part whose share is 0 has none."""

    train: Array
    validation: Array
    test: Array


def split(rows: int, section: SplitSection, labels: Array | None = None, span: Span | None = None) -> Split:
    """Divide the rows by shares, each class by itself where `labels` gives every row's class.

    A part's size is its share of the rows, exact to a row: what the rounding down leaves goes to the largest
    remainders. Rows are shuffled by PCG64's raw numbers, which no version of NumPy changes.
    """
    shares = shares_of(section)
    order = np.argsort(np.random.PCG64(section.seed).random_raw(rows), kind="stable")
    if labels is None:
        sizes = _sizes(rows, shares)
        _check_sizes(sizes, shares, f"the source has {_count(rows)}", span)
        return Split(*(np.sort(part) for part in _cut(order, sizes)))
    shuffled = labels[order]
    cuts = [_cut_class(order[shuffled == label], label, shares, span) for label in np.unique(labels)]
    return Split(*(np.sort(np.concatenate(parts)) for parts in zip(*cuts, strict=True)))


def split_in_order(series: Array, section: SplitSection, between: int, span: Span | None = None) -> Split:
    """Divide the examples of each series as they stand: the first for training, the last for the test.

    So many examples `between` two parts are left out, since what they learn is also learnt by the next part's.
    """
    shares = shares_of(section)
    cuts = []
    for name in np.unique(series):
        rows = np.flatnonzero(series == name)
        sizes = _sizes(len(rows), shares)
        left = [size - between if any(sizes[part + 1 :]) else size for part, size in enumerate(sizes)]
        _check_sizes([max(size, 0) for size in left], shares, f"the series has {_count(len(rows))}", span)
        parts = _cut(rows, sizes)
        cuts.append([part[:size] for part, size in zip(parts, left, strict=True)])
    return Split(*(np.sort(np.concatenate(parts)) for parts in zip(*cuts, strict=True)))


def _cut_class(rows: Array, label: Any, shares: Sequence[Fraction], span: Span | None) -> list[Array]:
    sizes = _sizes(len(rows), shares)
    have = f"class {shown_value(label)} has {_count(len(rows))}"
    _check_sizes(sizes, shares, have, span, "; or set `stratify: false`")
    return _cut(rows, sizes)


def shares_of(section: SplitSection) -> tuple[Fraction, ...]:
    """As the fractions that the spec writes: 0.15 is 3/20."""
    validation, test = Fraction(str(section.validation)), Fraction(str(section.test))
    assert validation + test < 1, "the spec's check leaves rows for training"
    return 1 - validation - test, validation, test


def _sizes(rows: int, shares: Sequence[Fraction]) -> list[int]:
    """Whole sizes that add up to the rows, by largest remainder."""
    quotas = [rows * share for share in shares]
    sizes = [int(quota) for quota in quotas]
    by_remainder = sorted(range(len(shares)), key=lambda part: sizes[part] - quotas[part])
    for part in by_remainder[: rows - sum(sizes)]:
        sizes[part] += 1
    return sizes


def _check_sizes(
    sizes: Sequence[int], shares: Sequence[Fraction], have: str, span: Span | None, or_else: str = ""
) -> None:
    for part, size, share in zip(PARTS, sizes, shares, strict=True):
        if share and not size:
            enough = ceil(1 / min(share for share in shares if share))
            message = f"{have}, so a share of {float(share):g} leaves none for {part}"
            raise SpecError.of("split", message, span, help=f"{_count(enough)} are enough for these shares{or_else}")


def _cut(rows: Array, sizes: Sequence[int]) -> list[Array]:
    train, validation, _ = sizes
    return np.split(rows, [train, train + validation])


def _count(rows: int) -> str:
    return f"{rows:,} row{'s' * (rows != 1)}"
