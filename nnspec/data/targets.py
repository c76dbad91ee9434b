"""What an output learns: class indices, yes or no, or values, as its loss reads them."""

from dataclasses import dataclass, replace

import numpy as np

from nnspec.data.columns import read_numbers, shaped, written
from nnspec.data.labels import Labels, encode, learn_classes, list_classes, read_labels
from nnspec.data.tags import learn_tags, read_tags
from nnspec.diagnostics import Note, Span, SpecError
from nnspec.objectives import Loss
from nnspec.prepare.fitted import Class
from nnspec.shapes import Tensor
from nnspec.spec.spec import Output, Spec
from nnspec.tables import Array, Table, check_column, missing_values

MISSING = -100  # in place of the index of a class; among numbers NaN stands there
SKIP = "fill the gaps in, or leave those rows out: `data: {on_missing: skip}`"


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
    def gaps(self) -> bool:
        """Whether rows may lack it: where they are skipped, or learn another output."""
        several = sum(output.reads_column for output in self.spec.outputs.values()) > 1
        return several or (self.spec.data is not None and self.spec.data.on_missing == "skip")

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
    if train.output.separator:
        return (0, 1)
    classes = _given_classes(train) or learn_classes(_known_labels(train))
    scores = train.loss.classes_of(train.tensor) if train.loss.reads == "classes" else 0
    if scores and len(classes) != scores:
        raise _wrong_count(train, classes, f"{train.layer} gives {scores} scores")
    if train.loss.reads == "binary" and len(classes) != 2:
        raise _wrong_count(train, classes, f"{type(train.loss).__name__} tells two apart")
    return classes


def fit_labels(train: Target) -> tuple[str, ...]:
    """The names of the labels of which a row may have several; none where it has one."""
    return learn_tags(train.output, train.table, train.rows) if train.output.has_tags and train.loss.compares else ()


def read_target(target: Target, classes: tuple[Class, ...], labels: tuple[str, ...] = ()) -> Array:
    """The target's array for its rows, in the shape that the loss compares with the output.

    Where a row lacks it, and may, stands NaN or, in place of a class, MISSING.
    """
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
        values = read_numbers(target.table, column, wanted, name, span, help, gaps=target.gaps, fill_in=SKIP)
        return values[target.rows]
    what = f"column '{column}'"
    if labels:
        what = f"the labels {list_classes(labels)}"
        codes = read_tags(target.output, target.table, target.rows, labels, classes)
    else:
        codes = _codes(target, classes)
    codes = shaped(codes, wanted, name, target.table, what, span, help)
    return codes if target.loss.reads == "classes" else np.where(codes < 0, np.nan, codes).astype(np.float32)


def known(targets: Array) -> Array:
    """Where a target is there."""
    found: Array = ~np.isnan(targets) if targets.dtype.kind == "f" else targets >= 0
    return found


def complete(targets: Array) -> Array:
    """The rows whose targets are all there."""
    found: Array = targets[known(targets).reshape(len(targets), -1).all(axis=1)]
    return found


def balanced(train: Target, classes: tuple[Class, ...], targets: Array) -> tuple[float, ...]:
    """What each class counts so that all count alike, 1 on average over the training rows; none where it was not asked.

    rows / (classes · rows of the class), as sklearn.utils.class_weight.compute_class_weight("balanced").
    """
    if train.output.balance != "weights":
        return ()
    count = len(classes) or int(train.loss.classes_of(train.tensor))
    rows = np.bincount(targets[known(targets)].astype(np.int64), minlength=count)
    found: list[float] = (rows.sum() / (count * np.maximum(rows, 1))).tolist()
    return tuple(found)


def refuse_constant(train: Target, values: Array) -> None:
    """Refuse values that are the same in every training row, where there are several."""
    if not train.loss.compares or not len(values):
        return
    column, there = f"column '{train.output.column}'", values[known(values)]
    if not len(there):
        message = f"{column} has no value in any training row, so there is nothing to learn"
        raise SpecError.of("data-value", message, train.column_span, help="name another column")
    if len(there) > 1 and there.min() == there.max():
        raise SpecError.of(
            "data-value",
            f"{column} is {there.min():g} in every training row, so there is nothing to learn",
            train.column_span,
            help="name another column, or give rows that differ",
        )


def class_labels(spec: Spec, table: Table) -> Array:
    """Each row's class, for a split that keeps every class's share: of the first output that has one class a row."""
    for output in spec.outputs.values():
        if output.loss and output.loss.reads != "values":
            span = written(spec, "outputs", output.name, "column") or output.span
            check_column(table, output.column, span)
            labels = read_labels(table, output.column, output.classes).without(output.loss.ignored)
            if labels.values.size == table.rows:
                names = labels.values.reshape(-1)
                found, counts = np.unique(labels.known, return_counts=True)
                # Rows without a class are divided among those of the largest one.
                return np.where(labels.missing.reshape(-1), found[counts.argmax()], names) if len(found) else names
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


def _labels(target: Target) -> Labels:
    """The labels of all rows of the table; those that are missing are told where they may not be."""
    labels = read_labels(target.table, target.output.column, target.output.classes)
    if not target.gaps and labels.missing.any():
        rows = np.flatnonzero(labels.missing.reshape(target.table.rows, -1).any(axis=1))
        raise missing_values(target.table, target.output.column, rows, SKIP)
    return labels.without(target.loss.ignored)


def _known_labels(train: Target) -> Array:
    """Every label of the training rows that is there, of all its columns."""
    parts = []
    for column in train.output.every_column:
        check_column(train.table, column, train.column_span)
        parts.append(_labels(replace(train, output=replace(train.output, column=column))).of(train.rows).known)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _codes(target: Target, classes: tuple[Class, ...]) -> Array:
    """The index of each label."""
    labels, column, given = _labels(target).of(target.rows), target.output.column, bool(target.output.classes)
    codes = np.full(labels.values.shape, MISSING, np.int64)
    rows = target.rows[np.nonzero(~labels.missing)[0]]
    codes[~labels.missing] = encode(labels.known, classes, target.table, rows, column, given=given)
    return codes


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
