"""A split that a column decides: whole groups, time, a hash of each row's value, or parts as they are written."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import accumulate

import numpy as np

from nnspec.data.splits import PARTS, Split, shares_of
from nnspec.diagnostics import Span, SpecError, did_you_mean
from nnspec.prepare.missing import is_missing
from nnspec.spec.cells import WHOLE
from nnspec.spec.document import SplitSection
from nnspec.tables import NUMBER, Array, Table, find_column, missing_values, numbers, shown_value

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = ("train", "validation", "test")

Choice = Array  # for each row 0, 1 or 2: training, validation, test


def split_by(table: Table, section: SplitSection, span: Span) -> Split:
    """The parts of a table's rows by the column that the section names; `span` is where it names it."""
    ways: Mapping[str, Callable[[Table, str, SplitSection, Span], Choice]] = {
        "group": _by_group,
        "time": _by_time,
        "hash": _by_hash,
        "column": _by_name,
    }
    assert section.by, "the section names a column"
    column = getattr(section, section.by)
    choice = ways[section.by](table, column, section, span)
    return Split(*(np.flatnonzero(choice == part) for part in range(len(PARTS))))


def _by_group(table: Table, column: str, section: SplitSection, span: Span) -> Choice:
    """Whole groups, shuffled by PCG64's raw numbers in the order of their names."""
    names, group = np.unique(np.array(keys_of(table, column, span)), return_inverse=True)
    order = np.argsort(np.random.PCG64(section.seed).random_raw(len(names)), kind="stable")
    place = np.argsort(order, kind="stable")[group]
    more = "more groups, a larger share, or another `seed`"
    return _whole(place, section, f"column '{column}' has {_count(len(names), 'group')}", span, more)


def _by_time(table: Table, column: str, section: SplitSection, span: Span) -> Choice:
    """The earliest for training, the latest for the test. Rows of one time stay together."""
    moments, place = np.unique(moments_of(table, column, span), return_inverse=True)
    more = "rows of more times, or a larger share"
    return _whole(place, section, f"column '{column}' has {_count(len(moments), 'different time')}", span, more)


def _by_hash(table: Table, column: str, section: SplitSection, span: Span) -> Choice:
    """Each row by its own value alone, so a row stays in its part however many others come."""
    _, validation, test = shares_of(section)
    keys = keys_of(table, column, span)
    place = {key: hashed(f"{section.seed}:{key}") for key in set(keys)}
    part = {key: 2 if at < test else 1 if at < test + validation else 0 for key, at in place.items()}
    choice = np.array([part[key] for key in keys])
    have = f"no value of column '{column}' hashes into"
    _refuse_empty(choice, section, have, span, "give more rows, a larger share, or another `seed`")
    return choice


def _by_name(table: Table, column: str, section: SplitSection, span: Span) -> Choice:
    """As the column says: train, validation or test."""
    keys = keys_of(table, column, span)
    for row, key in enumerate(keys):
        if key not in NAMES:
            message = f"{table.subject(column, row)}: {shown_value(key)} is no part"
            help = did_you_mean(key, NAMES) or "the parts are train, validation and test"
            raise SpecError.of("data-value", message, table.span(row), help=help)
    if "train" not in keys:
        raise SpecError.of("split", f"column '{column}' of {table.name} has no row of train", span)
    return np.array([NAMES.index(key) for key in keys])


def _whole(place: Array, section: SplitSection, have: str, span: Span, more: str) -> Choice:
    """Rows of one place together, in the part where the middle of them falls: `place` orders what stays together."""
    training, validation, _ = shares_of(section)
    counts = np.bincount(place).tolist()
    ends, rows = list(accumulate(counts)), len(place)
    middles = [Fraction(2 * end - count, 2 * rows) for end, count in zip(ends, counts, strict=True)]
    parts = np.array([0 if at < training else 1 if at < training + validation else 2 for at in middles])
    choice: Choice = parts[place]
    _refuse_empty(choice, section, f"{have}, which leaves none for", span, f"give {more}")
    return choice


def _refuse_empty(choice: Choice, section: SplitSection, have: str, span: Span, help: str) -> None:
    for part, (name, share) in enumerate(zip(PARTS, shares_of(section), strict=True)):
        if share and not (choice == part).any():
            message = f"{have} {name}, whose share is {float(share):g}"
            raise SpecError.of("split", message, span, help=help)


def keys_of(table: Table, column: str, span: Span) -> list[str]:
    """Each row's value as text: no spaces around it, and 7 for the 7.0 that a spreadsheet wrote."""
    values = _single(table, column, span)
    texts = [str(value).strip() for value in values.tolist()]
    missing = [row for row, text in enumerate(texts) if is_missing(text)]
    if missing:
        raise missing_values(table, column, missing)
    return [match[1] if (match := WHOLE.fullmatch(text)) else text for text in texts]


def _single(table: Table, column: str, span: Span) -> Array:
    values = find_column(table, column, span)
    if values.size != len(values):
        sizes = "×".join(map(str, values.shape[1:]))
        raise SpecError.of("data-shape", f"column '{column}' has {sizes} values a row, a split goes by one", span)
    return values.reshape(-1)


def moments_of(table: Table, column: str, span: Span) -> Array:
    """Numbers as they are; ISO dates as microseconds."""
    values = _single(table, column, span)
    texts = [str(value).strip() for value in values.tolist()]
    if values.dtype.kind not in "OU" or NUMBER.fullmatch(next(iter(texts))):
        return numbers(table, column).reshape(-1)
    missing = [row for row, text in enumerate(texts) if is_missing(text)]
    if missing:
        raise missing_values(table, column, missing)
    return _in_one_zone(table, column, [_date(table, column, row, text) for row, text in enumerate(texts)])


def _date(table: Table, column: str, row: int, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        message = f"{table.subject(column, row)}: {shown_value(text)} is not a date"
        help = "write dates as 2024-01-31 or 2024-01-31T08:30, or as numbers"
        raise SpecError.of("data-value", message, table.span(row), help=help) from None


def _in_one_zone(table: Table, column: str, dates: Sequence[datetime]) -> Array:
    """Microseconds since 1970. Dates without an offset are one zone's, whichever; they don't compare with others."""
    aware = [date.tzinfo is not None for date in dates]
    if any(aware) and not all(aware):
        row = aware.index(not aware[0])
        message = f"{table.subject(column, row)}: some dates say their offset from UTC, others don't"
        raise SpecError.of("data-value", message, table.span(row), help="write all of them in one way")
    since = [(date if date.tzinfo else date.replace(tzinfo=UTC)) - EPOCH for date in dates]
    return np.array([gap // timedelta(microseconds=1) for gap in since], dtype=np.int64)


def hashed(text: str) -> Fraction:
    """A text's own place between 0 and 1."""
    return Fraction(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"), 2**64)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
