"""Classes: which there are, and the index of each row's class."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnspec.diagnostics import SpecError
from nnspec.prepare.fitted import Class
from nnspec.prepare.missing import is_missing
from nnspec.spec.cells import WHOLE
from nnspec.tables import Array, LazyColumns, Table, numbers, shown_value

MAX_LISTED = 12


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The classes that stand in a column. Where none does, `missing` is true and any class holds the place."""

    values: Array
    missing: Array

    @property
    def known(self) -> Array:
        """Those that are there, one after the other."""
        found: Array = self.values[~self.missing]
        return found

    def of(self, rows: Array) -> "Labels":
        """Those of some rows."""
        return Labels(self.values[rows], self.missing[rows])

    def without(self, ignored: int | None) -> "Labels":
        """All but those of a label."""
        if ignored is None:
            return self
        same = ignored if self.values.dtype.kind in "iu" else str(ignored)
        return Labels(self.values, self.missing | (self.values == same))


def read_labels(table: Table, column: str, given: Sequence[Class] = ()) -> Labels:
    """A column's classes: text without the spaces around it, or whole numbers where every value is one.

    Nothing stands where a number is NaN, and where a text means that (NA), unless `given` lists it.
    """
    listed = {str(name) for name in given}
    if isinstance(table.columns, LazyColumns) and (quick := table.columns.distinct(column)):
        return _texts(table, column, *quick, listed)
    raw = table.columns[column]
    if raw.dtype.kind in "OU":
        return _texts(table, column, *_distinct(raw), listed)
    missing = np.isnan(raw) if raw.dtype.kind == "f" else np.zeros(raw.shape, np.bool_)
    if missing.all():
        return Labels(np.zeros(raw.shape, np.int64), missing)
    there = np.where(missing, raw[~missing][0], raw) if missing.any() else raw
    return Labels(_whole(table, column, there), missing)


def _whole(table: Table, column: str, values: Array) -> Array:
    """Numbers that are all there as whole ones."""
    if values.dtype.kind != "f":
        return values
    if not np.isfinite(values).all():
        numbers(table, column, gaps=True)  # which tells the first that is not
    broken = np.flatnonzero((values != np.floor(values)).reshape(len(values), -1).any(axis=1))
    if len(broken):
        row = int(broken[0])
        value = next(value for value in values[row].flat if value != np.floor(value))
        message = f"{table.subject(column, row)}: {value:g} names no class"
        raise SpecError.of("data-value", message, table.span(row), help="classes are text or whole numbers")
    return values.astype(np.int64)


def learn_classes(labels: Array) -> tuple[Class, ...]:
    """The classes that occur, sorted: numbers as numbers."""
    return tuple(_distinct(labels)[0])


def encode(labels: Array, classes: Sequence[Class], table: Table, rows: Array, column: str, *, given: bool) -> Array:
    """The index of each label among the classes; `labels` are those of the table's `rows`."""
    index = {str(name): place for place, name in enumerate(classes)}
    found, inverse = _distinct(labels)
    encoded = np.array([index.get(str(label), -1) for label in found], dtype=np.int64)[inverse]
    unknown = np.argwhere(encoded < 0)
    if len(unknown):
        raise _unknown(labels[tuple(unknown[0])], classes, table, int(rows[unknown[0][0]]), column, given=given)
    return encoded


def list_classes(classes: Sequence[Class]) -> str:
    """The classes in words, not too many."""
    more = len(classes) - MAX_LISTED
    return ", ".join(str(name)[:40] for name in classes[:MAX_LISTED]) + (f" and {more:,} more" if more > 0 else "")


def _distinct(values: Array) -> tuple[list[Any], Array]:
    """The different values, sorted, and for each value its place among them."""
    if values.dtype == np.int64 and values.size and int(values.max()) - int(values.min()) < values.size:
        least = values.min()
        there = np.bincount((values - least).reshape(-1)) > 0  # no sorting where the numbers stand close together
        return (np.flatnonzero(there) + least).tolist(), (np.cumsum(there) - 1)[values - least]
    if values.dtype.kind not in "OU":
        found, inverse = np.unique(values, return_inverse=True)
        return found.tolist(), inverse.reshape(values.shape)
    texts = values.ravel().tolist()  # a dict finds equal texts ten times faster than NumPy sorts them
    distinct = sorted(set(texts))
    place = {text: index for index, text in enumerate(distinct)}
    return distinct, np.array([place[text] for text in texts], dtype=np.int64).reshape(values.shape)


def _texts(table: Table, column: str, raw: Sequence[str], inverse: Array, given: Container[str]) -> Labels:
    """The labels of texts: the different ones, and the place of each row's among them."""
    gaps = np.array([is_missing(text) and text.strip() not in given for text in raw])
    missing: Array = gaps[inverse]
    if gaps.all():
        return Labels(np.zeros(inverse.shape, np.int64), missing)
    raw = [text for text, gap in zip(raw, gaps, strict=True) if not gap]
    places = np.where(gaps, -1, np.cumsum(~gaps) - 1)[inverse]
    bare = [text.strip() for text in raw]
    _refuse_spaced(table, column, raw, bare, places)
    places = np.where(missing, places[~missing][0], places)
    whole = [WHOLE.fullmatch(text) for text in bare]
    if all(whole):
        return Labels(np.array([int(match[1]) for match in whole if match], dtype=np.int64)[places], missing)
    return Labels(np.array(bare)[places], missing)


def _refuse_spaced(table: Table, column: str, raw: Sequence[str], bare: Sequence[str], inverse: Array) -> None:
    first: dict[str, int] = {}
    for index, text in enumerate(bare):
        other = first.setdefault(text, index)
        if other == index:
            continue
        spaced = index if raw[index] != text else other
        row = int(np.argwhere(inverse == spaced)[0][0])
        message = f"{table.subject(column, row)}: the classes {raw[other]!r} and {raw[index]!r} differ only by spaces"
        raise SpecError.of("data-value", message, table.span(row), help="write the class in one way throughout")


def _unknown(label: Class, classes: Sequence[Class], table: Table, row: int, column: str, *, given: bool) -> SpecError:
    subject = table.subject(column, row)
    if given:
        message = f"{subject}: {shown_value(label)} is none of the classes given: {list_classes(classes)}"
        help = "add it to `classes`, or leave the row out"
    else:
        message = f"{subject}: no training row has the class {shown_value(label)}; they have {list_classes(classes)}"
        help = "list it in the output's `classes`, or keep each class's share in every part with `stratify: true`"
    return SpecError.of("data-value", message, table.span(row), help=help)
