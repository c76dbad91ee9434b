"""Several labels of a row, each of which is true of it or not: from one column of text, or a column for each."""

from collections.abc import Sequence

import numpy as np

from nnspec.data.labels import encode, list_classes, read_labels
from nnspec.diagnostics import SpecError
from nnspec.prepare.fitted import Class
from nnspec.prepare.missing import is_missing
from nnspec.spec.spec import Output
from nnspec.tables import Array, Table, shown_value, texts


def learn_tags(output: Output, table: Table, rows: Array) -> tuple[str, ...]:
    """The labels' names: those of the columns, or what stands between the separators, sorted, unless it is given."""
    if not output.separator:
        return output.columns
    given = tuple(map(str, output.classes))
    return given or tuple(sorted({tag for tags in _split(output, table, rows) for tag in tags}))


def read_tags(output: Output, table: Table, rows: Array, names: Sequence[str], classes: Sequence[Class]) -> Array:
    """Of each row 1 for the labels that it has and 0 for the others; below 0 where that is missing."""
    if not output.separator:
        columns = [_read_column(output, table, rows, column, classes) for column in output.columns]
        return np.stack(columns, axis=1)
    place = {name: index for index, name in enumerate(names)}
    found = np.zeros((len(rows), len(names)), np.int64)
    for row, tags in enumerate(_split(output, table, rows)):
        for tag in tags:
            if tag not in place:
                raise _unknown(output, table, int(rows[row]), tag, names)
            found[row, place[tag]] = 1
    return found


def _read_column(output: Output, table: Table, rows: Array, column: str, classes: Sequence[Class]) -> Array:
    labels = read_labels(table, column).of(rows)
    if labels.values.size != len(rows):
        message = f"column '{column}' has several values a row, and each column of {output.name} is one yes or no"
        raise SpecError.of("data-shape", message, output.span)
    there = ~labels.missing.reshape(-1)
    found = np.full(len(rows), -1, np.int64)
    found[there] = encode(labels.known, classes, table, rows[there], column, given=False)
    return found


def _split(output: Output, table: Table, rows: Array) -> list[list[str]]:
    """The labels of each row; none where the text is empty or says that nothing is there."""
    lines = texts(table, output.column)[rows].reshape(len(rows), -1)[:, 0].tolist()
    known: dict[str, list[str]] = {}
    for line in set(lines):
        tags = [] if is_missing(line) else [tag.strip() for tag in line.split(output.separator)]
        known[line] = [tag for tag in tags if tag]
    return [known[line] for line in lines]


def _unknown(output: Output, table: Table, row: int, tag: str, names: Sequence[str]) -> SpecError:
    subject = table.subject(output.column, row)
    message = f"{subject}: no training row has the label {shown_value(tag)}; they have {list_classes(names)}"
    help = "list all labels in the output's `classes`, or leave it out of the row"
    return SpecError.of("data-value", message, table.span(row), help=help)
