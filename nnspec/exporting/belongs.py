"""Whether a run's preparation and test rows are those of its spec: a folder may have been changed, or mixed up."""

from collections.abc import Mapping, Sequence

import numpy as np

from nnspec.data.columns import Lengths, lengths_of
from nnspec.data.targets import known
from nnspec.diagnostics import SpecError
from nnspec.exporting.cases import Array, Examples
from nnspec.graph import Graph
from nnspec.prepare import Preparation
from nnspec.prepare.fitted import FittedOutput, FittedStep, apply, inside, invert
from nnspec.prepare.step import Step
from nnspec.runs import ROW_WEIGHTS
from nnspec.shapes import BATCH, Tensor
from nnspec.spec.spec import Input, Output, Spec

# What a step raises for a state that it did not learn.
_NO_STATE = (LookupError, TypeError, ValueError, OverflowError, AttributeError)
TRIED_LENGTH = 16  # of what may have any


def check_preparation(preparation: Preparation, spec: Spec, graph: Graph, file: str) -> None:
    """Refuse a preparation that was not learnt for this spec."""
    for given in spec.inputs.values():
        fault = _input_fault(given, preparation)
        if fault:
            raise _unusable(file, f"it {fault} the input {given.name}")
    for output in spec.outputs.values():
        fault = _output_fault(output, preparation.outputs.get(output.name), graph.output_tensors[output.name])
        if output.loss and fault:
            raise _unusable(file, f"it {fault} the output {output.name}")


def checked_examples(arrays: Mapping[str, Array], spec: Spec, graph: Graph, file: str) -> Examples:
    """The test rows as the exported file takes them, and what each output should have said."""
    lengths: Lengths = {}
    inputs = {}
    for name, given in spec.inputs.items():
        if name not in arrays:
            raise SpecError.of("run-folder", f"{file} has no rows for the input {name}")
        rows = _checked(arrays[name], given.raw, name, lengths, file, gaps=given.fills_missing)
        inputs[name] = np.ascontiguousarray(rows, dtype=object if given.raw.dtype == "string" else given.raw.dtype)
        if name in graph.lookups and not given.steps and not _within(rows, graph.lookups[name][0]):
            raise _unusable(file, f"{name} holds indices that {graph.lookups[name][1].name} does not know")
    targets = {}
    for name, output in spec.outputs.items():
        if output.loss and name in arrays:
            tensor = graph.output_tensors[name]
            targets[name] = _checked(arrays[name], output.loss.target(tensor), name, lengths, file, gaps=True)
            count = _class_count(output, tensor)
            if isinstance(count, int) and not _within(targets[name][known(targets[name])], count):
                raise _unusable(file, f"{name} holds indices that are none of its {count} classes")
    weights = arrays.get(ROW_WEIGHTS)
    if weights is not None:
        _checked(weights, Tensor((BATCH,)), "the weights", lengths, file)
    return Examples(inputs, targets, weights)


def _input_fault(given: Input, preparation: Preparation) -> str:
    steps = preparation.inputs.get(given.name, ())
    if _kinds(steps) != list(given.steps):
        return "has other steps than the spec for"
    columns = preparation.columns.get(given.name, ())
    if not columns or not all(isinstance(column, str) for column in columns):
        return "names no columns for"
    return "" if _prepares(inside(steps), given) else "has not learnt what prepares"


def _output_fault(output: Output, fitted: FittedOutput | None, tensor: Tensor) -> str:
    if not output.loss:
        return ""
    if fitted is None or _kinds(fitted.steps) != list(output.steps):
        return "has other steps than the spec for"
    count = _class_count(output, tensor) or 0
    if len(fitted.classes) != count or len(set(fitted.classes)) != count or not _of_one_kind(fitted.classes):
        return "has other classes than the network for"
    return "" if _inverts(fitted.steps, tensor) else "has not learnt what prepares"


def _class_count(output: Output, tensor: Tensor) -> int | None:
    """How many classes an output tells apart; None for values."""
    assert output.loss
    if output.loss.reads == "classes":
        return output.loss.classes_of(tensor)
    return 2 if output.loss.reads == "binary" else None


def _of_one_kind(classes: Sequence[object]) -> bool:
    return any(all(type(name) is kind for name in classes) for kind in (str, int, float, bool))


def _kinds(steps: Sequence[FittedStep]) -> list[Step]:
    return [fitted.step for fitted in steps]


def _prepares(steps: Sequence[FittedStep], given: Input) -> bool:
    """Whether steps with what they learnt make of rows what the spec says, finite numbers."""
    lengths = {"batch": 1, **dict.fromkeys(given.raw.symbols, TRIED_LENGTH)}
    held, wanted = given.raw.bind(lengths), given.tensor.bind(lengths)
    sizes = [size for size in held.shape if isinstance(size, int)]
    rows: Array = np.zeros(sizes, object if held.dtype == "string" else held.dtype)
    if held.dtype == "string":
        rows[...] = ""
    with np.errstate(all="ignore"):
        try:
            found = apply(steps, rows)
        except _NO_STATE:
            return False
    return (found.shape, found.dtype) == (wanted.shape, wanted.dtype) and bool(np.isfinite(found).all())


def _inverts(steps: Sequence[FittedStep], tensor: Tensor) -> bool:
    """Whether steps with what they learnt make numbers of numbers on their way back, in the same shape."""
    rows = np.zeros([size if isinstance(size, int) else 1 for size in tensor.shape], dtype=tensor.dtype)
    with np.errstate(all="ignore"):
        try:
            found = invert(steps, rows)
        except _NO_STATE:
            return False
    return found.shape == rows.shape and bool(np.isfinite(found).all())


def _checked(array: Array, tensor: Tensor, name: str, lengths: Lengths, file: str, *, gaps: bool = False) -> Array:
    """Rows that fit a tensor; `lengths` gathers what is seen of its symbols, the batch among them."""
    if (array.dtype.kind == "U") != (tensor.dtype == "string") or array.dtype.kind not in "fiubU":
        raise _unusable(file, f"{name} holds something other than {'texts' * (tensor.dtype == 'string') or 'numbers'}")
    if array.dtype.kind == "f" and not (np.isfinite(array) | (gaps & np.isnan(array))).all():
        raise _unusable(file, f"{name} holds something other than numbers")
    found = lengths_of(array.shape, tensor.shape) if array.ndim == tensor.rank else None
    if found is None or any(lengths.setdefault(symbol, length) != length for symbol, length in found.items()):
        raise _unusable(file, f"{name} has the shape {array.shape}, not {tensor}")
    return array


def _within(indices: Array, count: int) -> bool:
    return bool(((indices >= 0) & (indices < count)).all())


def _unusable(file: str, reason: str) -> SpecError:
    help = "it is another run's, or was changed: train again"
    return SpecError.of("run-folder", f"{file} cannot be used: {reason}", help=help)
