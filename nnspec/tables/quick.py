"""Large CSV texts through polars, where it is installed and the text is so plain that both readers see the same.

A text with a quote, a blank line or a row of another length is left to the strict reader, which knows the place of
every mistake.
"""

from typing import Any

import numpy as np

from nnspec.tables.frames import FrameColumns
from nnspec.tables.table import Table

QUICK_BYTES = 2**20  # below it the import of polars takes longer than it saves
COUNTED_BYTES = 2**20  # at a time, so that they stay in the processor's cache
NOT_PLAIN = (b'"', b"\0")  # a blank line has too few delimiters, which the count tells


def read_plain(data: bytes, name: str, delimiter: str) -> Table | None:
    """The table of a large plain text; None where the strict reader has to look at it."""
    if len(data) < QUICK_BYTES or any(mark in data for mark in NOT_PLAIN) or _has_lone_return(data):
        return None
    names = _names(data, delimiter)
    frame = _frame(data, delimiter) if names else None
    # No row is too long for polars, so none is too short either if there are as many delimiters as there should be.
    if frame is None or _count(data, delimiter) != (frame.height + 1) * (len(names) - 1):
        return None
    frame.columns = names
    columns = FrameColumns(frame, name, frame.height)
    return Table(name, columns, np.arange(2, frame.height + 2))


def _frame(data: bytes, delimiter: str) -> Any:
    try:
        import polars
    except ImportError:
        return None
    try:
        return polars.read_csv(data, separator=delimiter, infer_schema=False, quote_char=None)
    except polars.exceptions.PolarsError:
        return None


def _names(data: bytes, delimiter: str) -> list[str]:
    """The header's names, several and all different; none where it is not so simple."""
    header = data[: data.find(b"\n") + 1].decode("utf-8-sig", errors="replace")
    names = [name.strip() for name in header.split(delimiter)]
    return names if len(names) > 1 and all(names) and len(set(names)) == len(names) and "\ufffd" not in header else []


def _has_lone_return(data: bytes) -> bool:
    return b"\r" in data and data.count(b"\r") != data.count(b"\r\n")


def _count(data: bytes, delimiter: str) -> int:
    array, mark = np.frombuffer(data, np.uint8), ord(delimiter)
    steps = range(0, len(array), COUNTED_BYTES)
    return sum(int(np.count_nonzero(array[start : start + COUNTED_BYTES] == mark)) for start in steps)
