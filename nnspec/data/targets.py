"""What an output learns: class indices, yes or no, or values, as its loss reads them."""

from dataclasses import dataclass

import numpy as np

from nnspec.data.columns import read_numbers, shaped, written
from nnspec.data.labels import encode, learn_classes, list_classes, read_labels
from nnspec.diagnostics import Note, Span, SpecError
from nnspec.objectives import Loss
from nnspec.prepare.fitted import Class
from nnspec.shapes import Tensor
from nnspec.spec.spec import Output, Spec
from nnspec.tables import Array, Table, check_column


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """An output and the rows of a table that it learns from, or is measured on."""

    spec: Spec
    output: Output
    tensor: Tensor  # the network's output
    table: Table
    rows: Array

    @property
    def loss(self) -> Loss:
        assert self.output.loss, "an output without a loss has no target"
        return self.output.loss

    @property
    def column_span(self) -> Span:
        """Where the spec names the column."""
        return written(self.spec, "outputs", self.output.name, "column") or self.output.span

    @property
    def layer(self) -> str:
        """The layer that the output comes from, by name."""
        source = self.output.source.text
        return self.spec.entries[-1].name if source == "_" else source


def fit_output(train: Target) -> tuple[Class, ...]:
    """The classes that an output tells apart, from the training rows unless they are given; none for values."""
    if not train.loss.compares:
        return ()
    check_column(train.table, train.output.column, train.column_span)
    if train.loss.reads == "values":
        return ()
    classes = _given_classes(train) or learn_classes(_labels(train)[train.rows])
    scores = train.loss.classes_of(train.tensor) if train.loss.reads == "classes" else 0
    if scores and len(classes) != scores:
        raise _wrong_count(train, classes, f"{train.layer} gives {scores} scores")
    if train.loss.reads == "binary" and len(classes) != 2:
        raise _wrong_count(train, classes, f"{type(train.loss).__name__} tells two apart")
    return classes


def read_target(target: Target, classes: tuple[Class, ...]) -> Array:
    """The target's array for its rows, in the shape that the loss compares with the output."""
    if not target.loss.compares:
        return np.zeros(len(target.rows), np.float32)  # nothing is compared with it
    column = target.output.column
    check_column(target.table, column, target.column_span)
    wanted = target.loss.target(target.tensor)
    name, span, help = (
        target.output.name,
        target.column_span,
        f"change what {target.layer} gives, or name another column",
    )
    if target.loss.reads == "values":
        return read_numbers(target.table, column, wanted, name, span, help)[target.rows]
    labels, given = _labels(target)[target.rows], bool(target.output.classes)
    codes = encode(labels, classes, target.table, target.rows, column, given=given)
    codes = shaped(codes, wanted, name, target.table, f"column '{column}'", span, help)
    return codes if target.loss.reads == "classes" else codes.astype(np.float32)


def refuse_constant(train: Target, values: Array) -> None:
    """Refuse values that are the same in every training row, where there are several."""
    if not train.loss.compares:
        return
    if len(values) > 1 and values.min() == values.max():
        raise SpecError.of(
            "data-value",
            f"column '{train.output.column}' is {values.min():g} in every training row, so there is nothing to learn",
            train.column_span,
            help="name another column, or give rows that differ",
        )


def class_labels(spec: Spec, table: Table) -> Array:
    """Each row's class, for a split that keeps every class's share: of the first output that has one class a row."""
    for output in spec.outputs.values():
        if output.loss and output.loss.reads != "values":
            span = written(spec, "outputs", output.name, "column") or output.span
            check_column(table, output.column, span)
            labels = read_labels(table, output.column, output.classes)
            if labels.size == len(labels):
                return labels.reshape(-1)
    span = written(spec, "data", "split", "stratify") or spec.span_of("data")
    raise SpecError.of("split", "stratify needs an output that learns one class for each row", span)


def _given_classes(train: Target) -> tuple[Class, ...]:
    """The classes that the spec lists: all text, unless all are whole numbers."""
    given, texts = train.output.classes, tuple(map(str, train.output.classes))
    if len(set(texts)) < len(texts):
        twice = next(text for text in texts if texts.count(text) > 1)
        span = written(train.spec, "outputs", train.output.name, "classes") or train.output.span
        raise SpecError.of(
            "wrong-value", f"the class {twice} of {train.output.name} is listed twice", span, help="leave one out"
        )
    return given if len({type(name) for name in given}) < 2 else texts


def _labels(target: Target) -> Array:
    return read_labels(target.table, target.output.column, target.output.classes)


def _wrong_count(train: Target, classes: tuple[Class, ...], reason: str) -> SpecError:
    count = f"{len(classes):,} class{'es' * (len(classes) != 1)}"
    binary = train.loss.reads == "binary"
    more = f"for {len(classes)} classes use CrossEntropyLoss and as many scores" if len(classes) > 2 else ""
    return SpecError.of(
        "data-shape",
        f"{train.output.name} has {count} in the data, but {reason}",
        train.column_span,
        notes=[Note("classes", f"{list_classes(classes)} in column '{train.output.column}' of {train.table.name}")],
        help=more if binary else f"give {train.layer} {len(classes)} features" if len(classes) > 1 else "",
    )
