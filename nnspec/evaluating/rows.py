"""The rows that are evaluated: raw inputs and targets, from a file or as the run kept them, and their slices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np

from nnspec.data.columns import agree, check_indices, read_input
from nnspec.data.sources import read_source
from nnspec.data.targets import Target, known, read_target
from nnspec.data.weights import row_weights
from nnspec.data.windows import in_windows
from nnspec.diagnostics import Note, Span, SpecError, Text, did_you_mean, some
from nnspec.evaluating.subject import Module, Subject
from nnspec.prepare import FittedOutput
from nnspec.prepare.fitted import apply
from nnspec.runs import EXAMPLES
from nnspec.spec.cells import SKLEARN
from nnspec.spec.reach import Reach
from nnspec.spec.spec import Spec
from nnspec.tables import Array, Table, read_table
from nnspec.tables.before import applied_before


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Raw inputs and targets by name, and the columns that the rows may be sliced by."""

    source: str
    raw: Mapping[str, Array]
    targets: Mapping[str, Array]  # class indices, yes or no, or values in their own units
    columns: Mapping[str, Array] = field(default_factory=dict)
    weights: Array | None = None  # what each row counts in the losses; None where all count alike

    def __len__(self) -> int:
        return len(next(iter(self.raw.values()), ()))

    def column(self, name: str) -> Array:
        """A column to slice by."""
        text = Text("command line", (f"--by {name}",))
        span = Span(text, 1, 6, 1, 6 + len(name))
        if name not in self.columns:
            help = did_you_mean(name, self.columns) or f"its columns are {some(self.columns, 12)}"
            raise SpecError.of("unknown-column", f"{self.source} has no column '{name}'", span, help=help)
        values = self.columns[name]
        if values.size != len(values):
            sizes = "×".join(map(str, values.shape[1:]))
            raise SpecError.of("data-shape", f"column '{name}' has {sizes} values a row, a slice has one", span)
        return values.reshape(-1)


def rows_of(subject: Subject, data: str | None) -> Rows:
    """The rows of a data file, or where none is given those that the run kept of its test part."""
    if data is not None:
        return _read(subject, _table(data))
    if isinstance(subject, Module) and subject.trained.examples.rows:
        return _kept(subject)
    reason = "no test rows are kept in it" if isinstance(subject, Module) else "a file keeps no rows"
    message = f"{subject.name} needs rows to be evaluated on: {reason}"
    raise SpecError.of("data-file", message, help="name some, as in --data rows.csv")


def _table(data: str) -> Table:
    if data.startswith(SKLEARN):
        span = Span(Text("command line", (f"--data {data}",)), 1, 8, 1, 8 + len(data))
        return read_source(data, Reach(Path()), span)
    return read_table(Path(data))


def _read(subject: Subject, table: Table) -> Rows:
    """Inputs as training reads them, and the target of every output that is measured."""
    _check_columns(subject, table)
    spec = subject.spec
    examples, table = in_windows(spec, table)
    rows = np.arange(table.rows)
    held = {name: read_input(spec, spec.inputs[name], examples, columns) for name, columns in subject.columns.items()}
    raw = {
        name: applied_before(subject.before[name], values, table, rows, subject.columns[name])
        for name, values in held.items()
    }
    lengths = agree(spec, raw, table)
    for name, (size, layer) in subject.graph.lookups.items():
        if name in raw and not spec.inputs[name].steps:
            check_indices(raw[name], table, rows, subject.columns[name], size, layer)
    targets = {}
    for name, tensor in subject.graph.exported.output_tensors.items():
        output = spec.outputs[name]
        if output.target in subject.inside:
            targets[name] = apply(subject.inside[output.target], raw[output.target])
        elif output.reads_column:
            target = Target(spec, output, tensor.bind(lengths), table, rows)
            targets[name] = read_target(target, subject.outputs[name].classes, subject.outputs[name].labels)
    weight = spec.data.weight if spec.data else None
    weights = row_weights(spec, table, rows) if weight in table.columns else None
    return Rows(table.name, raw, targets, table.columns, weights)


def _check_columns(subject: Subject, table: Table) -> None:
    """Tell of every column that is not there, at once."""
    measured = [subject.spec.outputs[name] for name in subject.graph.exported.outputs]
    learnt = [column for output in measured for column in output.every_column]
    wanted = dict.fromkeys([*chain(*subject.columns.values()), *learnt])
    lacking = [column for column in wanted if column not in table.columns]
    if lacking:
        near = did_you_mean(lacking[0], [column for column in table.columns if column not in wanted])
        message = f"{table.name} has no column{'s' * (len(lacking) > 1)} {some(map(repr, lacking), 12)}"
        why = f"{subject.name} reads its inputs and its targets from them"
        raise SpecError.of(
            "unknown-column", message, notes=[Note("columns", some(table.columns, 12))], help=near or why
        )


def _kept(subject: Module) -> Rows:
    examples, path = subject.trained.examples, Path(subject.name) / EXAMPLES
    return Rows(str(path), examples.inputs, examples.targets, _columns(subject), examples.weights)


def _columns(subject: Module) -> dict[str, Array]:
    """The columns behind kept inputs, and the classes of kept targets."""
    found: dict[str, Array] = {}
    examples = subject.trained.examples
    for name, array in examples.inputs.items():
        columns = subject.columns[name]
        flat = array.reshape(len(array), -1)
        parts = flat.T if flat.shape[1] == len(columns) > 1 else [array]
        found |= dict(zip(columns, parts, strict=False))
    for name, target in examples.targets.items():
        output = subject.spec.outputs[name]
        if output.reads_column and not output.has_tags:
            found[subject.spec.outputs[name].column] = _labels(subject.spec, name, subject.outputs[name], target)
    return found


def _labels(spec: Spec, name: str, fitted: FittedOutput, target: Array) -> Array:
    loss = spec.outputs[name].loss
    if not loss or loss.reads == "values" or not fitted.classes:
        return target
    there = known(target)
    found: Array = np.array(fitted.classes)[np.where(there, target, 0).astype(np.int64)]
    return found if there.all() else np.where(there, found.astype(str), "")
