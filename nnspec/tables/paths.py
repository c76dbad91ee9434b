"""Paths of files in a column, whole: each below the folder of the file that names it."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nnspec.diagnostics import SpecError
from nnspec.tables.table import Array, Table, shown_value

DATA = "data:"  # begins a file that is written out in the column itself


def whole_paths(table: Table, column: str, values: Array) -> Array:
    """A column's paths from the root of the system on; SpecError for one that leaves its table's folder.

    A folder from elsewhere may hold links and names that point at anything: none is followed out of it.
    """
    if table.parts:
        ends = np.cumsum([part.rows for part in table.parts])[:-1]
        pieces = zip(table.parts, np.split(values, ends), strict=True)
        return np.concatenate([whole_paths(part, column, piece) for part, piece in pieces])
    found = np.array(list(_whole(table, column, values.ravel().tolist())), dtype=object)
    return found.reshape(values.shape)


def _whole(table: Table, column: str, texts: list[str]) -> Iterator[str]:
    folder = (table.folder or Path()).resolve()
    below: dict[str, bool] = {}  # asked once for all files of a folder
    for row, text in enumerate(texts):
        if text.startswith(DATA) or not text:
            yield text
            continue
        path = os.path.join(folder, text)  # noqa: PTH118 (ten times as fast for a million of them)
        parent = os.path.dirname(path)  # noqa: PTH120
        if parent not in below:
            below[parent] = "\0" not in text and Path(parent).resolve().is_relative_to(folder)
        inside = below[parent] and "\0" not in text and path[len(parent) + 1 :] != ".."
        if not inside or (os.path.islink(path) and not Path(path).resolve().is_relative_to(folder)):  # noqa: PTH114
            message = f"{table.subject(column, row)}: {shown_value(text)} leaves the folder of {table.name}"
            raise SpecError.of("data-value", message, table.span(row), help="paths are seen from the file's own folder")
        yield path
