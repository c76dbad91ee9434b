"""What the data themselves tell: rows in two parts, a column that gives the answer away, scales, and rare classes."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nnspec.data import Examples, Part, StreamedPart
from nnspec.data.targets import complete, known
from nnspec.diagnostics import Diagnostic, Note, Span
from nnspec.graph import Graph, Port
from nnspec.spec.spec import Input, Output, Spec
from nnspec.tables import Array
from nnspec.training.batches import Feed
from nnspec.training.health.words import number
from nnspec.training.objective import learnt

PARTS = ("train", "validation", "test")
MAX_ROWS = 20_000  # of each part that are looked at
MAX_COLUMNS = 256  # of each input, that rows are compared by
SAMPLE_BYTES = 16 * 2**20  # of prepared rows, whose scale is looked at
LEAKED_ROWS, LEAKED_SHARE = 3, 0.05  # of the test rows; a measurement that comes twice by chance is rarer
CHANCE_BITS = 10  # rows of so many bits more than counting them takes do not agree by chance
UNEVEN = 100.0  # times between the spreads of two columns of one input
LARGE, SMALL = 30.0, 1e-3  # root mean square of an input; a prepared one has about 1
LARGE_TARGET, SMALL_TARGET = 10.0, 1e-2  # root mean square of a target
RARE = 0.1  # share of all classes but the most frequent, together
ALONE_ROWS = 30  # with fewer, a column may sort the classes by chance
PERFECT = 0.9999  # correlation
NORMS = ("BatchNorm", "LayerNorm", "GroupNorm", "InstanceNorm", "RMSNorm")  # these prepare what comes in
SCALED = frozenset({"MSELoss", "L1Loss", "HuberLoss", "SmoothL1Loss"})  # losses in the target's own units


def diagnose_data(spec: Spec, graph: Graph, data: Examples, training: Feed) -> Iterator[Diagnostic]:
    """All that the examples tell before any training; `training` has them as the network takes them.

    Of rows that memory does not hold only scales and classes are looked at.
    """
    sample = next(iter(training.in_order(max(1, min(MAX_ROWS, SAMPLE_BYTES // training.row_bytes)))))
    held = {name: part for name in PARTS if isinstance(part := getattr(data, name), Part)}
    yield from _leaking(spec, held)
    for given, x in zip(spec.inputs.values(), sample.inputs, strict=True):
        yield from _scales(graph, given, x.cpu().numpy())
    for output, target in zip(learnt(spec), sample.targets, strict=False):  # weights follow
        if output.target:  # it is an input, of which all is said
            continue
        yield from _rare_classes(output, data.train, data.preparation.outputs[output.name].classes)
        yield from _target_scale(output, complete(target.cpu().numpy()))
        if "train" in held:
            yield from _giveaway(spec, output, held["train"])


def _found(code: str, message: str, span: Span, *notes: Note, help: str) -> Diagnostic:
    return Diagnostic(code, message, span, notes, help, "warning")


def _leaking(spec: Spec, held: Mapping[str, Part]) -> Iterator[Diagnostic]:
    """Rows that are learnt and then tested on: the test tells what was learnt by heart."""
    if "train" not in held:
        return
    seen = set(_keys(held["train"]))
    if _bits(held["train"]) < math.log2(max(2, len(seen))) + CHANCE_BITS:
        return
    for name in ("test", "validation"):
        part = held.get(name)
        if part is None:
            continue
        keys = _keys(part)
        twice = sum(key in seen for key in keys)
        if twice >= LEAKED_ROWS and twice >= LEAKED_SHARE * len(keys):
            row = next(index for index, key in enumerate(keys) if key in seen)
            yield _found(
                "leaking-split",
                f"{twice:,} of the {len(keys):,} {name} rows are in the training rows too: leaking split",
                spec.span_of("data"),
                Note("first", f"row {int(part.rows[row]) + 1:,} of {part.source}"),
                help="take copies out before the split; rows that belong together (one patient, one picture and its\n"
                "changed copies) stay together with `split: {group: COLUMN}`",
            )
            return


def _keys(part: Part) -> list[bytes]:
    """A row of all inputs as bytes, to compare."""
    columns = [np.ascontiguousarray(_spread(x)) for x in part.raw.values()]
    return [b"\0".join(_bytes(x[row]) for x in columns) for row in range(min(len(part), MAX_ROWS))]


def _spread(x: Array) -> Array:
    """So many numbers of each row as tell it from others, evenly from the first to the last."""
    flat = x[:MAX_ROWS].reshape(min(len(x), MAX_ROWS), -1)
    return flat[:, :: -(-flat.shape[1] // MAX_COLUMNS) or 1]


def _bytes(value: Array) -> bytes:
    """A row of one input: texts and the like, or numbers."""
    return repr(value.tolist()).encode() if value.dtype == object else value.tobytes()


def _bits(part: Part) -> float:
    """How much a row can tell: the logarithms of each column's different values, added up."""
    columns = [column for x in part.raw.values() for column in _spread(x).T]
    return sum(math.log2(max(1, len(set(column.tolist())))) for column in columns)


def _scales(graph: Graph, given: Input, x: Array) -> Iterator[Diagnostic]:
    """Columns of very different spread pull the weights by very different forces (LeCun et al., Efficient BackProp)."""
    takers = [graph.vertices[name] for name in graph.consumers.get(Port(given.name), ()) if name in graph.vertices]
    if x.dtype.kind != "f" or not x.size or any(vertex.kind.startswith(NORMS) for vertex in takers):
        return
    level = float(np.sqrt(np.mean(np.square(x, dtype=np.float64))))
    spreads = x.reshape(len(x), -1).std(axis=0, dtype=np.float64)
    moving = spreads[spreads > 0]
    ratio = float(moving.max() / moving.min()) if given.tensor.rank == 2 and len(moving) > 1 else 1.0
    help = (
        "`prepare: [Standardize]`, which is fitted on the training rows alone and part of the exported model;\n"
        "for images `prepare: [{Scale: 255}]`"
    )
    if ratio >= UNEVEN and float(moving.max()) > LARGE_TARGET:
        names = _names(given, x.shape[1])
        largest, smallest = int(spreads.argmax()), int(np.where(spreads > 0, spreads, np.inf).argmin())
        notes = [
            Note(label, f"column {names[column]} with {number(float(spreads[column]))}")
            for label, column in (("largest", largest), ("smallest", smallest))
        ]
        message = f"the columns of {given.name} differ {number(ratio)} times in spread (standard deviation): unscaled"
        yield _found("unscaled-inputs", message, given.span, *notes, help=help)
    elif level >= LARGE or level <= SMALL:
        size = f"the numbers of {given.name} are about {number(level)} (root mean square)"
        message = f"{size}, and about 1 is wanted: unscaled"
        yield _found("unscaled-inputs", message, given.span, help=help)


def _target_scale(output: Output, target: Array) -> Iterator[Diagnostic]:
    """The weights of the last layer have to grow to the target's units first, and gradients grow with them."""
    if type(output.loss).__name__ not in SCALED or not target.size:
        return
    level, spread = float(np.sqrt(np.mean(np.square(target, dtype=np.float64)))), float(target.std(dtype=np.float64))
    if spread > SMALL_TARGET and level < LARGE_TARGET:
        return
    mean = number(float(target.mean(dtype=np.float64)))
    yield _found(
        "loss-scale",
        f"the targets of {output.name} are {mean} ± {number(spread)}, and about 0 ± 1 is wanted: "
        f"{type(output.loss).__name__} is in their units",
        output.span,
        help=f"`prepare: [Standardize]` below {output.name}; the exported model still answers in the data's own units",
    )


def _rare_classes(output: Output, train: Part | StreamedPart, names: Sequence[object]) -> Iterator[Diagnostic]:
    """Where nearly all rows are of one class, always naming it is nearly right, and that is what is learnt first."""
    assert output.loss
    if output.loss.reads == "values" or type(output.loss).__name__ in ("FocalLoss", "DiceLoss"):
        return
    if output.balance or getattr(output.loss, "weight", None) or getattr(output.loss, "pos_weight", None):
        return
    target = complete(train.targets[output.name])
    classes, counts = np.unique(target, return_counts=True)
    if len(classes) < 2 or counts.max() <= (1 - RARE) * counts.sum() or target.ndim > 2:
        return
    share = float(counts.max() / counts.sum())
    yield _found(
        "imbalance",
        f"{share:.0%} of the training rows of {output.name} are {names[int(classes[counts.argmax()])]}: "
        f"always saying so is right {share:.0%} of the time",
        output.span,
        *(Note("rows", f"{count:,} of {names[int(label)]}") for label, count in zip(classes, counts, strict=True)),
        help=f"{_weighted(output, counts)} counts each class alike;\n"
        "judge by F1Score or Recall in place of Accuracy; `split: {stratify: true}`",
    )


def _weighted(output: Output, counts: Array) -> str:
    """The loss with weights that make all classes count alike."""
    assert output.loss
    weights = [f"{weight:.2g}" for weight in counts.sum() / len(counts) / counts]
    given = f"weight: [{', '.join(weights)}]"
    if output.loss.reads == "binary":
        given = f"pos_weight: {counts[0] / counts[-1]:.2g}"
    return f"`loss: {{{type(output.loss).__name__}: {{{given}}}}}`"


def _giveaway(spec: Spec, output: Output, train: Part) -> Iterator[Diagnostic]:
    """One column among several that alone tells the target: often made from it, or written down after it."""
    assert output.loss
    target = train.targets[output.name][:MAX_ROWS]
    columns = dict(_numeric_columns(spec, train))
    if len(columns) < 2 or len(target) < ALONE_ROWS or target.size != len(target):
        return
    there = known(target).reshape(-1)
    tells = _correlates if output.loss.reads == "values" else _sorts
    for name, (column, span) in columns.items():
        if tells(column[there], target.reshape(-1)[there]):
            yield _found(
                "giveaway",
                f"column {name} alone tells {output.name} for every training row: suspiciously perfect",
                span,
                help="leave it out if it is made from the target, or is known only after it",
            )
            return


def _numeric_columns(spec: Spec, part: Part) -> Iterator[tuple[str, tuple[Array, Span]]]:
    """The columns of the inputs that are vectors or single numbers."""
    for given in spec.inputs.values():
        x = part.raw[given.name][:MAX_ROWS]
        if x.dtype.kind not in "fiu" or x.ndim > 2:
            continue
        flat = x.reshape(len(x), -1)
        for index, name in enumerate(_names(given, flat.shape[1])):
            yield name, (flat[:, index], given.span)


def _names(given: Input, width: int) -> list[str]:
    """What each number of a vector is called."""
    return list(given.columns) if len(given.columns) == width else [f"{given.name}[{n}]" for n in range(width)]


def _sorts(column: Array, target: Array) -> bool:
    """Whether the rows in the column's order have each class in one stretch."""
    order = np.lexsort((target, column))
    labels, values = target[order], column[order]
    changes = np.flatnonzero(labels[1:] != labels[:-1])
    apart = bool(np.all(values[changes] != values[changes + 1]))
    return apart and 0 < len(changes) == len(np.unique(target)) - 1


def _correlates(column: Array, target: Array) -> bool:
    x, y = column.astype(np.float64), target.astype(np.float64)
    spread = x.std() * y.std()
    return bool(spread and abs(((x - x.mean()) * (y - y.mean())).mean()) / spread > PERFECT)
