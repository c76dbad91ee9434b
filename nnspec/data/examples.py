"""What an example is: for each input its raw array, for each output its target, in three parts.

What is not given as a source of its own is split off the training source. Preparation is fitted on the training
rows alone.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nnspec.data.columns import Lengths, agree, check_indices, input_columns, read_input, written
from nnspec.data.folds import folds
from nnspec.data.learnt import Rows, before_file, learn
from nnspec.data.parted import split_by
from nnspec.data.sources import read_source
from nnspec.data.splits import Split, split, split_in_order
from nnspec.data.streamed import StreamedPart, bytes_of_row, check_rows, chunk_rows, first_lengths, learn_streamed
from nnspec.data.targets import (
    Target,
    balanced,
    class_labels,
    complete,
    fit_labels,
    fit_output,
    read_target,
    refuse_constant,
)
from nnspec.data.weights import notices, place_weights, row_draws, row_weights, weighted_outputs
from nnspec.data.windows import in_windows
from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.graph import Vertex
from nnspec.prepare.fitted import FittedOutput, FittedStep, Preparation, apply, fit, inside
from nnspec.shapes import Tensor
from nnspec.spec.document import DataSection, SplitSection, WindowSection
from nnspec.spec.reach import Reach
from nnspec.spec.spec import Output, Spec
from nnspec.tables import Array, Table

ROW_BYTES = 100  # of an example in a stream: its row, its target, and what a metric makes of them
COPIES = 2  # of the inputs that stand in memory for a while as they are read
PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The examples of one part, rows first.

    `raw` is what the exported file takes, by input. `targets` are class indices (int64), 0 or 1 (float32), or values
    in their own units (float32), by output.
    """

    raw: Mapping[str, Array]
    targets: Mapping[str, Array]
    source: str  # the file or set
    rows: Array  # the row in the source of each example
    lengths: Lengths  # of the symbols in the inputs' shapes
    weights: Array | None = None  # what each example counts in the losses; None where all count alike

    def __len__(self) -> int:
        return len(self.rows)

    def head(self, most: int) -> dict[str, Array]:
        """The inputs of the first examples."""
        return {name: rows[:most] for name, rows in self.raw.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """All that training learns from and is measured on."""

    train: Part | StreamedPart
    validation: Part | StreamedPart
    test: Part | StreamedPart
    preparation: Preparation
    weighted: tuple[str, ...] = ()  # outputs whose targets do not all count alike
    draws: Array | None = None  # how often each training row is drawn; None where each comes once an epoch
    notices: tuple[str, ...] = ()  # what a person should know of the targets


def load_examples(
    spec: Spec,
    folder: Path,
    outputs: Mapping[str, Tensor],
    lookups: Mapping[str, tuple[int, Vertex]] | None = None,
    *,
    allowed: Sequence[Path] = (),
    memory: int | None = None,
) -> Examples:
    """Read, check and divide a spec's data.

    `folder` is the spec's, `allowed` are others that it may read from; `outputs` and `lookups` are the network's output
    tensors and the tables that it looks up in. Inputs that take more than `memory` bytes stay in their file.
    """
    data = _section(spec)
    tables = read_tables(spec, data, Reach(folder, tuple(allowed)))
    rows = sum(table.rows for table in tables.values())
    if memory is not None and not data.window and rows * bytes_of_row(spec) * COPIES > memory:
        return _stream(spec, data, tables, outputs, lookups or {}, max(memory - rows * ROW_BYTES, memory // 4))
    return _examples(spec, outputs, lookups or {}, _divide(spec, data, tables))


def load_folds(
    spec: Spec,
    folder: Path,
    outputs: Mapping[str, Tensor],
    lookups: Mapping[str, tuple[int, Vertex]],
    count: int,
    *,
    allowed: Sequence[Path] = (),
) -> Iterator[Examples]:
    """The examples of each fold of a cross-validation; the data are read once, preparation is fitted in each."""
    data = _section(spec)
    for part in PARTS[1:]:
        if getattr(data, part) is not None:
            message = f"folds are drawn from one source, and data has a `{part}` of its own"
            help = f"leave it out: --set data.{part}=null"
            raise SpecError.of("split", message, spec.span_of("data", part), help=help)
    table = read_tables(spec, data, Reach(folder, tuple(allowed)))["train"]
    read = _read_rows(spec, table, {})
    table = read.table
    if data.window and data.split.by not in ("time", "group"):
        message = "folds of windows drawn at random would be tested on moments that stand in others"
        span = spec.span_of("data", "window")
        raise SpecError.of("split", message, span, help="divide them by time: `split: {time: COLUMN}`")
    span = written(spec, "data", "split", data.split.by or "stratify") or spec.span_of("data")
    labels = class_labels(spec, table) if data.split.stratify else None
    for cut in folds(table, data.split, count, labels, span):
        yield _examples(spec, outputs, lookups, {part: _taken(read, getattr(cut, part)) for part in PARTS})


def _section(spec: Spec) -> DataSection:
    if spec.data is None:
        help = "add `data: {source: FILE}`"
        raise SpecError.of("not-trainable", "the spec names no data to learn from", spec.root.span, help=help)
    return spec.data


def _examples(
    spec: Spec, outputs: Mapping[str, Tensor], lookups: Mapping[str, tuple[int, Vertex]], parts: Mapping[str, Rows]
) -> Examples:
    """The examples of parts that are divided; what preparation learns, it learns from the training rows."""
    inputs = {name: learn(spec, given, parts["train"]) for name, given in spec.inputs.items()}
    parts = {name: _as_exported(spec, part, inputs) for name, part in parts.items()}
    for part in parts.values():
        for name, (size, layer) in lookups.items():
            if not spec.inputs[name].steps:
                check_indices(part.raw[name], part.table, part.rows, part.columns[name], size, layer)
    found, fitted = _read_outputs(spec, outputs, parts)
    made = {
        part: Part(of.raw, found[part], of.table.name, of.rows, of.lengths, row_weights(spec, of.table, of.rows))
        for part, of in parts.items()
    }
    return _with_targets(spec, made, Preparation(inputs, fitted, parts["train"].columns), found)


def _stream(
    spec: Spec,
    data: DataSection,
    tables: Mapping[str, Table],
    outputs: Mapping[str, Tensor],
    lookups: Mapping[str, tuple[int, Vertex]],
    memory: int,
) -> Examples:
    """The same, with inputs that stay in their file."""
    own = {part: 0.0 for part in PARTS[1:] if part in tables}
    _refuse_unheld(spec)
    table, section, chunk = tables["train"], data.split.model_copy(update=own), chunk_rows(spec, memory)
    cut = cut_of(spec, table, section)
    _refuse_double(spec, section, cut, own)
    columns = check_rows(spec, table, chunk, {}, lookups)
    for part in own:
        check_rows(spec, tables[part], chunk, columns, lookups)
    steps = learn_streamed(spec, table, cut.train, columns, chunk)
    held = {part: Rows(table, getattr(cut, part), {}, columns) for part in PARTS}
    held |= {part: Rows(tables[part], np.arange(tables[part].rows), {}, columns) for part in own}
    lengths = first_lengths(spec, held["train"], steps)
    held = {part: replace(of, lengths=lengths) for part, of in held.items()}
    found, fitted = _read_outputs(spec, outputs, held)
    made = {
        part: StreamedPart(spec, of, chunk, memory, steps, found[part], row_weights(spec, of.table, of.rows))
        for part, of in held.items()
    }
    return _with_targets(spec, made, Preparation(steps, fitted, columns), found)


def prepared_inputs(preparation: Preparation, raw: Mapping[str, Array]) -> dict[str, Array]:
    """Inputs as the network takes them, by name."""
    return {name: apply(inside(preparation.inputs[name]), rows) for name, rows in raw.items()}


def prepared_targets(preparation: Preparation, part: Part | StreamedPart) -> dict[str, Array]:
    """Targets as the losses take them, by name."""
    return {name: apply(preparation.outputs[name].steps, rows) for name, rows in part.targets.items()}


def _with_targets(
    spec: Spec,
    made: Mapping[str, Part | StreamedPart],
    preparation: Preparation,
    found: Mapping[str, Mapping[str, Array]],
) -> Examples:
    """The parts with what their targets count."""
    fitted = preparation.outputs
    return Examples(
        **made,
        preparation=preparation,
        weighted=weighted_outputs(spec, fitted, found),
        draws=row_draws(spec, found["train"]),
        notices=tuple(notices(spec, fitted, found)),
    )


def weights_of(spec: Spec, data: Examples, part: Part | StreamedPart, prepared: Mapping[str, Array]) -> list[Array]:
    """What each place of a part's prepared targets counts, of the outputs that are weighted."""
    found = []
    for name in data.weighted:
        output = spec.outputs[name]
        targets = prepared[output.target or name]
        found.append(place_weights(output, data.preparation.outputs[name], targets, part.weights))
    return found


def prepared(preparation: Preparation, part: Part) -> dict[str, Array]:
    """Inputs and targets."""
    return {**prepared_inputs(preparation, part.raw), **prepared_targets(preparation, part)}


def read_tables(spec: Spec, data: DataSection, reach: Reach) -> dict[str, Table]:
    """The training source, and the others that are named."""
    named = {key: getattr(data, key) for key in ("source", *PARTS) if getattr(data, key) is not None}
    tables = {key: read_source(source, reach, spec.span_of("data", key)) for key, source in named.items()}
    if "source" in tables:
        tables["train"] = tables.pop("source")
    return tables


def _divide(spec: Spec, data: DataSection, tables: Mapping[str, Table]) -> dict[str, Rows]:
    own = {part: 0.0 for part in PARTS[1:] if part in tables}
    table, section = tables["train"], data.split.model_copy(update=own)
    read = _read_rows(spec, table, {})
    cut = cut_of(spec, read.table, section)
    _refuse_double(spec, section, cut, own)
    parts = {part: _taken(read, getattr(cut, part)) for part in PARTS}
    return parts | {part: _read_rows(spec, tables[part], read.columns) for part in own}


def cut_of(spec: Spec, table: Table, section: SplitSection) -> Split:
    """The rows of each part of a table, as the section says."""
    span = spec.span_of("data", "split")
    if section.by:
        return split_by(table, section, written(spec, "data", "split", section.by) or span)
    if spec.data and spec.data.window:
        return _cut_in_order(spec, spec.data.window, table, section)
    labels = class_labels(spec, table) if section.stratify and (section.validation or section.test) else None
    return split(table.rows, section, labels, span)


def _cut_in_order(spec: Spec, window: WindowSection, table: Table, section: SplitSection) -> Split:
    """Windows drawn at random would be tested on moments that stand in those that are learnt from."""
    span = written(spec, "data", "split") or spec.span_of("data", "window")
    if section.stratify:
        message = "windows are divided as they stand, the earliest for training: stratify has no say"
        raise SpecError.of("split", message, span, help="leave `stratify` out")
    series = np.zeros(table.rows) if window.by is None else table.columns[window.by].astype(str)
    return split_in_order(series, section, (window.horizon - 1) // window.stride, span)


def _refuse_unheld(spec: Spec) -> None:
    """Refuse an output that gives an input again, or draws rows, where memory does not hold the inputs."""
    for output in spec.outputs.values():
        if output.balance == "sampler":
            message = f"memory does not hold the rows that are to be drawn by the classes of {output.name}"
            span = spec.span_of("outputs", output.name, "balance")
            raise SpecError.of("limit", message, span, help="`balance: weights`, or give more: `--memory 16GB`")
        if output.target:
            message = f"memory does not hold the input {output.target}, which {output.name} is to give again"
            span = spec.span_of("outputs", output.name, "target")
            raise SpecError.of("limit", message, span, help="give more: `nnspec train --memory 16GB`")


def _refuse_double(spec: Spec, section: SplitSection, cut: Split, own: Collection[str]) -> None:
    """Refuse rows that a column puts into a part that has a source of its own."""
    for part in own:
        if len(getattr(cut, part)):
            message = f"data has a `{part}` of its own, and column '{section.column}' puts rows into it too"
            raise SpecError.of("split", message, spec.span_of("data", part), help="leave one of them out")


def _read_rows(spec: Spec, table: Table, known: Mapping[str, tuple[str, ...]]) -> Rows:
    """Every input's array for all rows of a table; the mistakes of all inputs are told at once.

    `known` are the training source's columns: another source must have the same.
    """
    raw: dict[str, Array] = {}
    columns: dict[str, tuple[str, ...]] = {}
    found: list[Diagnostic] = []
    examples, followed = in_windows(spec, table)
    for name, given in spec.inputs.items():
        try:
            columns[name] = known.get(name) or input_columns(spec, given, table)
            raw[name] = read_input(spec, given, examples, columns[name])
        except SpecError as error:
            found += error.diagnostics
    if found:
        raise SpecError(found)
    return Rows(followed, np.arange(followed.rows), raw, columns)


def _as_exported(spec: Spec, part: Rows, steps: Mapping[str, tuple[FittedStep, ...]]) -> Rows:
    """The rows after the steps that stand outside of the exported file, and the lengths that are in them."""
    raw = {name: before_file(given, steps[name], part) for name, given in spec.inputs.items()}
    return replace(part, raw=raw, lengths=agree(spec, raw, part.table))


def _taken(whole: Rows, rows: Array) -> Rows:
    return replace(whole, rows=rows, raw={name: array[rows] for name, array in whole.raw.items()})


def _read_outputs(
    spec: Spec, outputs: Mapping[str, Tensor], parts: Mapping[str, Rows]
) -> tuple[Mapping[str, dict[str, Array]], dict[str, FittedOutput]]:
    """The targets of each part, and how each output reads."""
    found: dict[str, dict[str, Array]] = {part: {} for part in PARTS}
    fitted: dict[str, FittedOutput] = {}
    for name, output in spec.outputs.items():
        if output.target:
            fitted[name] = FittedOutput()  # its targets are what the network gets
        elif output.loss:
            fitted[name] = _read_output(spec, output, outputs[name], parts, found)
    return found, fitted


def _read_output(
    spec: Spec, output: Output, tensor: Tensor, parts: Mapping[str, Rows], found: Mapping[str, dict[str, Array]]
) -> FittedOutput:
    """An output's targets into every part, and how it reads."""
    given = {part: Target(spec, output, tensor.bind(of.lengths), of.table, of.rows) for part, of in parts.items()}
    classes, labels = fit_output(given["train"]), fit_labels(given["train"])
    for part, target in given.items():
        found[part][output.name] = read_target(target, classes, labels)
    learnt = found["train"][output.name]
    if not classes:
        refuse_constant(given["train"], learnt)
    weights = balanced(given["train"], classes, learnt)
    return FittedOutput(classes, fit(output.steps, complete(learnt)), weights, labels)
