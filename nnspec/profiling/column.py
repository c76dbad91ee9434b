"""One column: what its values are, how many are missing, how they spread."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from nnspec.prepare.missing import is_missing
from nnspec.spec.cells import WHOLE
from nnspec.tables import NUMBER, Array, Table
from nnspec.tables.folders import IMAGES

Kind = Literal["constant", "numbers", "whole numbers", "categories", "dates", "texts", "ids", "images", "arrays"]

LOOKED_AT = 100_000  # rows by which a column of text is judged
MAX_CATEGORIES = 50  # different texts of a short column
ROWS_PER_CATEGORY = 5  # on average, or a text is no category
WORDS_OF_TEXT = 4  # on average
SHOWN = 5
ID_NAME = re.compile(r"(^|_|\b)(id|uuid|guid|index|nr|no|number|key)$|^unnamed", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """What a column of a table holds."""

    name: str
    kind: Kind
    rows: int
    missing: int
    distinct: int
    shape: tuple[int, ...] = ()  # of one row, where it is an array
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    deviation: float | None = None
    frequent: tuple[tuple[str, int], ...] = ()  # the most frequent values, with their rows
    because: str = ""  # why it counts as what it is

    @property
    def is_number(self) -> bool:
        return self.kind in ("numbers", "whole numbers")

    @property
    def few(self) -> bool:
        """Whether its values are so few that each may be a class."""
        return 2 <= self.distinct <= min(MAX_CATEGORIES, max(2, (self.rows - self.missing) // ROWS_PER_CATEGORY))


def profile_column(table: Table, name: str) -> Column:
    """A column by its values."""
    values = table.columns[name]
    if values.ndim > 1 and values.size != len(values):
        return _array(name, values)
    values = values.reshape(-1)
    if values.dtype.kind in "OUS":
        return _texts(name, [str(text).strip() for text in values.tolist()])
    return _numbers(name, values.astype(np.float64), whole=values.dtype.kind in "iub")


def _array(name: str, values: Array) -> Column:
    numbers = values.dtype.kind in "fiub"
    low, high = (float(values.min()), float(values.max())) if numbers and values.size else (None, None)
    sizes = "×".join(map(str, values.shape[1:]))
    return Column(
        name, "arrays", len(values), 0, len(values), values.shape[1:], low, high, because=f"each row holds {sizes}"
    )


def _texts(name: str, texts: Sequence[str]) -> Column:
    counts = Counter(texts)
    there = {text: count for text, count in counts.items() if not is_missing(text)}
    missing = len(texts) - sum(there.values())
    seen = list(there)[:LOOKED_AT]
    if seen and all(map(NUMBER.fullmatch, seen)):
        values = np.array([np.nan if is_missing(text) else float(text) for text in texts])
        return _numbers(name, values, whole=all(map(WHOLE.fullmatch, seen)))
    frequent = tuple(sorted(there.items(), key=lambda item: (-item[1], item[0]))[:SHOWN])
    kind, because = _kind_of_texts(name, seen, there, len(texts))
    return Column(name, kind, len(texts), missing, len(there), frequent=frequent, because=because)


def _kind_of_texts(name: str, seen: Sequence[str], there: dict[str, int], rows: int) -> tuple[Kind, str]:
    if len(there) < 2:
        return "constant", "it has one value"
    if all(text.lower().endswith(IMAGES) for text in seen):
        return "images", f"its values end in {seen[0][seen[0].rindex('.') :].lower()}"
    if all(map(_is_date, seen)):
        return "dates", f"each value is a date, as {seen[0]}"
    words = sum(len(text.split()) for text in seen) / len(seen)
    if words >= WORDS_OF_TEXT:
        return "texts", f"its values have {words:.0f} words on average"
    if len(there) == sum(there.values()) or (ID_NAME.search(name) and len(there) > rows / 2):
        return "ids", "every value stands there once" if len(there) == sum(there.values()) else "of its name"
    if len(there) > rows / 2:
        return "texts", f"it has {len(there):,} different values in {rows:,} rows"
    return "categories", f"it has {len(there):,} different texts"


def _numbers(name: str, values: Array, *, whole: bool) -> Column:
    there = values[np.isfinite(values)]
    distinct, counts = np.unique(there, return_counts=True)
    missing = len(values) - len(there)
    if len(distinct) < 2:
        return Column(name, "constant", len(values), missing, len(distinct), because="it has one value")
    order = np.argsort(-counts, kind="stable")[:SHOWN]
    frequent = tuple((f"{distinct[i]:g}", int(counts[i])) for i in order) if len(distinct) <= MAX_CATEGORIES else ()
    kind: Kind = "whole numbers" if whole else "numbers"
    because = f"it has {len(distinct):,} different {kind}"
    if whole and len(distinct) == len(values) and (ID_NAME.search(name) or bool((np.diff(values) == 1).all())):
        kind, because = "ids", "every row has a whole number of its own"
    low, high, mean, deviation = (float(x) for x in (there.min(), there.max(), there.mean(), there.std()))
    return Column(name, kind, len(values), missing, len(distinct), (), low, high, mean, deviation, frequent, because)


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return "-" in text
