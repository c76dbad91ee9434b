"""Cross-validation: each row is tested once, by a network that has not seen it. The same on every machine."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from nnspec.data.parted import Choice, hashed, keys_of, moments_of, split_by
from nnspec.data.splits import Split, split
from nnspec.diagnostics import Span, SpecError
from nnspec.spec.document import SplitSection
from nnspec.tables import Array, Table, shown_value

MAX_FOLDS = 1000


def folds(table: Table, section: SplitSection, count: int, labels: Array | None, span: Span) -> Iterator[Split]:
    """So many splits; the test parts share the rows among them, and of the rest `validation` is split off.

    Classes keep their shares where `labels` gives them; groups stay together; by time each test part follows what is
    learnt from, as in sklearn.model_selection.TimeSeriesSplit.
    """
    fold = _fold_of(table, section, count, labels, span)
    for number in range(count):
        rest = np.flatnonzero(fold < number if section.by == "time" else fold != number)
        inner = _inner(table, section, rest, labels, span)
        yield Split(rest[inner.train], rest[inner.validation], np.flatnonzero(fold == number))


def _inner(table: Table, section: SplitSection, rest: Array, labels: Array | None, span: Span) -> Split:
    """The rest of a fold, divided into training and validation as the section says."""
    # Another seed: hashes that chose the test part are spent.
    without = section.model_copy(update={"test": 0.0, "seed": section.seed + (section.by == "hash")})
    if not without.validation:
        return Split(np.arange(len(rest)), np.arange(0), np.arange(0))
    if not section.by:
        return split(len(rest), without, labels[rest] if labels is not None else None, span)
    lines = table.lines[rest] if table.lines is not None else None
    part = Table(table.name, {name: values[rest] for name, values in table.columns.items()}, lines)
    return split_by(part, without, span)


def _fold_of(table: Table, section: SplitSection, count: int, labels: Array | None, span: Span) -> Array:
    """The fold that tests each row; -1 for the earliest by time, which are only learnt from."""
    if section.by == "column":
        message = f"folds are drawn, and column '{section.column}' says each row's part"
        raise SpecError.of("split", message, span, help="leave --folds out, or the column: `--set data.split={}`")
    if section.by == "group":
        return _by_group(table, section, count, span)
    if section.by == "time":
        return _by_time(table, section, count, span)
    if section.by == "hash":
        keys = keys_of(table, str(section.hash), span)
        fold = np.array([int(hashed(f"{section.seed}:{key}") * Fraction(count)) for key in keys])
        return _filled(fold, count, f"column '{section.hash}' has too few different values", span)
    if table.rows < count:
        raise SpecError.of("split", f"{table.rows:,} rows are too few for {count} folds", span)
    return _drawn(table.rows, section.seed, count, labels, span)


def _drawn(rows: int, seed: int, count: int, labels: Array | None, span: Span) -> Array:
    """Rows shuffled by PCG64's raw numbers and dealt out in turn, class by class where they are given."""
    order = np.argsort(np.random.PCG64(seed).random_raw(rows), kind="stable")
    if labels is not None:
        names, sizes = np.unique(labels, return_counts=True)
        fewest = int(sizes.min())
        if fewest < count:
            have = f"class {shown_value(names[sizes.argmin()])} has {fewest} row{'s' * (fewest != 1)}"
            message = f"{have}, too few for {count} folds"
            raise SpecError.of("split", message, span, help="fewer folds, or `stratify: false`")
        order = order[np.argsort(labels[order], kind="stable")]
    fold = np.empty(rows, dtype=np.int64)
    fold[order] = np.arange(rows) % count
    return fold


def _by_group(table: Table, section: SplitSection, count: int, span: Span) -> Array:
    """Whole groups, the largest first, each into the fold with the fewest rows so far."""
    names, group, sizes = np.unique(
        np.array(keys_of(table, str(section.group), span)), return_inverse=True, return_counts=True
    )
    if len(names) < count:
        raise SpecError.of("split", f"column '{section.group}' has {len(names)} groups for {count} folds", span)
    chance = np.random.PCG64(section.seed).random_raw(len(names))
    rows, into = np.zeros(count, dtype=np.int64), np.empty(len(names), dtype=np.int64)
    for index in np.lexsort((chance, -sizes)):
        into[index] = rows.argmin()
        rows[into[index]] += sizes[index]
    found: Array = into[group]
    return found


def _by_time(table: Table, section: SplitSection, count: int, span: Span) -> Choice:
    """The times in order, in one stretch more than there are folds."""
    moments, place = np.unique(moments_of(table, str(section.time), span), return_inverse=True)
    if len(moments) <= count:
        message = f"column '{section.time}' has {len(moments)} different times, and {count} folds need {count + 1}"
        raise SpecError.of("split", message, span)
    return np.asarray(place * (count + 1) // len(moments) - 1)


def _filled(fold: Array, count: int, why: str, span: Span) -> Array:
    if len(np.unique(fold)) < count:
        raise SpecError.of("split", f"{why} for {count} folds", span, help="give fewer folds")
    return fold
