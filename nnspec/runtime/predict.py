"""Predictions of an exported model for the rows of a table: raw columns in, answers out, in bounded memory."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nnspec.diagnostics import Diagnostic, Span, SpecError, Text
from nnspec.files import write_text
from nnspec.runtime.arrays import Array
from nnspec.runtime.columns import arrays_for, beyond_limits, check_values, rows_of
from nnspec.runtime.session import Session, model_error, open_session
from nnspec.tables import Table, read_folder, read_table

BATCH_ROWS = 4096  # enough to fill a processor, few enough for any memory


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a model says of one output, row by row."""

    name: str
    answers: Array  # classes, yes or no, or values in their own units
    probabilities: Array | None  # axis 1 is the class
    classes: tuple[Any, ...]
    labels: tuple[str, ...] = ()  # the name of each yes or no, where a row may have several

    def columns(self) -> Iterator[tuple[str, Array]]:
        """Columns of a table: `digit`, `digit_probability_3`, `tag_red`; an index for each further axis."""
        if self.labels:
            for title, found in ((self.name, self.answers), (f"{self.name}_probability", self.probabilities)):
                for index, label in enumerate(self.labels if found is not None else ()):
                    assert found is not None
                    yield f"{title}_{label}", found.reshape(len(found), -1)[:, index]
            return
        yield from _columns(self.name, self.answers)
        if self.probabilities is None:
            return
        title = f"{self.name}_probability"
        if not self.classes or self.probabilities.ndim < 2:
            yield from _columns(title, self.probabilities)
            return
        for index, name in enumerate(self.classes):
            yield from _columns(f"{title}_{name}", self.probabilities[:, index])


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """The answers of every output, and where they were computed."""

    outputs: Mapping[str, Answers]
    providers: tuple[str, ...]
    warnings: tuple[Diagnostic, ...] = ()  # of values that the file states its inputs not to hold

    def __getitem__(self, name: str) -> Answers:
        return self.outputs[name]

    def columns(self) -> dict[str, Array]:
        """Every output's columns."""
        return dict(column for output in self.outputs.values() for column in output.columns())

    def csv_text(self) -> str:
        """The answers as CSV text, a row for each row given."""
        columns = self.columns()
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*map(_cells, columns.values()), strict=True))
        return text.getvalue()

    def to_csv(self, path: Path) -> None:
        """Write the CSV text, whole or not at all."""
        write_text(path, self.csv_text())


def predict(
    model: Session | Path | str,
    data: Table | Mapping[str, Any] | Path | str,
    *,
    device: str = "cpu",
    batch_rows: int = BATCH_ROWS,
    strict: bool = False,
) -> Predictions:
    """The model's answers for a file that `read_table` reads, a table, or arrays by input name (rows first).

    Values beyond what the file states its inputs to hold are told in the predictions' warnings; `strict` refuses them.
    """
    session = model if isinstance(model, Session) else open_session(model, device)
    arrays, table = _arrays(session, data)
    warnings = tuple(beyond_limits(session, arrays, table))
    if strict and warnings:
        raise SpecError(replace(warning, severity="error") for warning in warnings)
    rows = rows_of(arrays, session.inputs)
    batches = [
        session.run({name: array[start : start + batch_rows] for name, array in arrays.items()})
        for start in range(0, max(rows, 1), batch_rows)
    ]
    found = {name: np.concatenate([batch[name] for batch in batches]) for name in session.outputs}
    outputs = {answers.name: answers for answers in _described(session, found)}
    return Predictions(outputs, session.providers, warnings)


def _arrays(session: Session, data: Table | Mapping[str, Any] | Path | str) -> tuple[Mapping[str, Array], Table | None]:
    if isinstance(data, Mapping):
        arrays, table = {name: np.asarray(values) for name, values in data.items()}, None
        rows_of(arrays, session.inputs)
    else:
        table = data if isinstance(data, Table) else _read(Path(data))
        arrays = arrays_for(session, table)
    check_values(session, arrays, table)
    return arrays, table


def _read(path: Path) -> Table:
    return read_folder(path, path.as_posix(), Span(Text(path.as_posix()))) if path.is_dir() else read_table(path)


def _described(session: Session, found: Mapping[str, Array]) -> Iterator[Answers]:
    """The file's outputs as answers; in a file that nnspec did not make, each stands for itself."""
    described = session.described_outputs
    if not described:
        yield from (Answers(name, array, None, ()) for name, array in found.items())
        return
    for name, output in described.items():
        probabilities = output.get("probabilities")
        if name not in found or (probabilities is not None and probabilities not in found):
            raise model_error(session.name, f"its metadata nnspec.outputs name an output {name} that it lacks")
        classes = tuple(output.get("classes", ()))
        labels = tuple(map(str, output.get("labels", ())))
        if labels and found[name][:1].size not in (0, len(labels)):
            raise model_error(session.name, f"its metadata nnspec.outputs name other labels than {name} has")
        yield Answers(name, found[name], found[probabilities] if probabilities else None, classes, labels)


def _columns(title: str, values: Array) -> Iterator[tuple[str, Array]]:
    """A column as it is; one of several numbers a row as a column for each."""
    if values.ndim == 1 or (values.ndim == 2 and values.shape[1] == 1):
        yield title, values.reshape(-1)
        return
    for index in np.ndindex(*values.shape[1:]):
        yield f"{title}_{'_'.join(map(str, index))}", values[(slice(None), *index)]


def _cells(column: Array) -> list[str]:
    """Numbers as the shortest text that reads back as the same float32."""
    if column.dtype.kind == "f":
        return [str(value) for value in column]
    return [str(value) for value in column.tolist()]
