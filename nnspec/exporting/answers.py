"""From what the network gives to what a person asked for: classes by name, probabilities, values in their own units."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nnspec.exporting.builder import GraphBuilder, GraphValue, Scope
from nnspec.layers.layer import Value
from nnspec.objectives import Loss
from nnspec.prepare import FittedOutput
from nnspec.prepare.fitted import FittedStep
from nnspec.shapes import BATCH, Tensor, product
from nnspec.spec.spec import Output

_INT64 = 7  # onnx.TensorProto.INT64


@dataclass(frozen=True, slots=True)
class Answer:
    """The file's outputs for one output of the spec, and what they mean."""

    name: str
    reads: str  # classes, binary or values
    classes: tuple[Any, ...]  # what an index means, in order; none for values, and for several yes or no
    tensors: Mapping[str, Tensor]  # the file's outputs, the answer itself first
    steps: tuple[FittedStep, ...] = ()  # that its target goes through before the loss compares
    labels: tuple[str, ...] = ()  # the name of each yes or no, where a row may have several
    label_classes: tuple[Any, ...] = ()  # how no and yes are written of each, in the data
    class_weights: tuple[float, ...] = ()  # what each class counts in its loss; none where all count alike

    @property
    def probabilities(self) -> str | None:
        """The file's output that holds them."""
        return next(iter(list(self.tensors)[1:]), None)

    def as_json(self) -> dict[str, Any]:
        return {
            "reads": self.reads,
            "classes": list(self.classes),
            "answer": self.name,
            "probabilities": self.probabilities,
            **({"prepare": [step.as_json() for step in self.steps]} if self.steps else {}),
            **({"labels": list(self.labels), "label_classes": list(self.label_classes)} if self.labels else {}),
            **({"class_weights": list(self.class_weights)} if self.class_weights else {}),
        }


def answer_of(output: Output, fitted: FittedOutput, tensor: Tensor) -> Answer:
    """What the file gives for an output whose tensor this is. One without a loss is plain numbers."""
    loss = output.loss
    if loss is None or loss.reads == "values":
        return Answer(output.name, "values", (), {output.name: tensor}, fitted.steps)
    if loss.reads == "classes":
        classes = fitted.classes or output.classes or tuple(range(loss.classes_of(tensor)))
        shape, likely = loss.target(tensor).shape, tensor
    elif is_single(tensor):
        classes = fitted.classes or output.classes or (0, 1)
        shape, likely = (BATCH,), Tensor((BATCH, 2), tensor.dtype)
    else:
        classes, shape, likely = (), tensor.shape, tensor
    tensors = {output.name: Tensor(shape, class_dtype(classes))}
    if loss.probabilistic:
        tensors[f"{output.name}_probabilities"] = likely
    tags = (fitted.labels, fitted.classes) if fitted.labels else ((), ())
    return Answer(output.name, loss.reads, classes, tensors, (), *tags, fitted.class_weights)


def is_single(tensor: Tensor) -> bool:
    """Whether an output is one number for each example."""
    return product(tensor.shape[1:]) == 1


def class_dtype(classes: tuple[Any, ...]) -> str:
    """The element type that holds every class as it is; indices where classes have no names."""
    kinds = {type(name) for name in classes}
    for kind, dtype in ((bool, "bool"), (int, "int64"), (float, "float64")):
        if kinds <= {kind} and (kinds or dtype == "int64"):
            return dtype
    return "string"


def write_answer(
    g: GraphBuilder, answer: Answer, output: Output, fitted: FittedOutput, value: GraphValue, tensor: Tensor
) -> None:
    """The nodes behind one output of the network."""
    if answer.reads == "values":
        _values(g, output, fitted, value, tensor)
        return
    assert output.loss
    scope = g.scope(output.name)
    scores = output.loss.answer_onnx(scope, value)
    if answer.reads == "classes":
        index = scope.op("ArgMax", scores, axis=output.loss.class_axis, keepdims=0)
    elif answer.classes:
        index, scores = _yes_or_no(scope, output.loss, scores, tensor)
    else:
        index = _above_half(scope, scores)
    found = [_named(scope, index, answer.classes), scores]
    for (name, given), result in zip(answer.tensors.items(), found, strict=False):
        assert isinstance(result, GraphValue)
        g.output(result, name, given)


def _yes_or_no(scope: Scope, loss: Loss, yes: Value, tensor: Tensor) -> tuple[GraphValue, Value]:
    """One number an example to its index, and the probabilities of no and yes."""
    if tensor.rank != 2:
        yes = scope.op("Reshape", yes, scope.constant([-1, 1], "int64", "column"))
    index = scope.op("Squeeze", _above_half(scope, yes), scope.constant([1], "int64", "axis"))
    if not loss.probabilistic:
        return index, yes
    no = scope.op("Sub", scope.constant(1.0, tensor.dtype, "one"), yes)
    return index, scope.op("Concat", no, yes, axis=1)


def _above_half(scope: Scope, yes: Value) -> GraphValue:
    return scope.op("Cast", scope.op("Greater", yes, scope.constant(0.5, name="half")), to=_INT64)


def _named(scope: Scope, index: GraphValue, classes: tuple[Any, ...]) -> GraphValue:
    """The class of each index; an index that is its own class stays as it is."""
    dtype = class_dtype(classes)
    if dtype == "int64" and classes in ((), tuple(range(len(classes)))):
        return index
    return scope.op("Gather", scope.constant(classes, dtype, "classes"), index, axis=0)


def _values(g: GraphBuilder, output: Output, fitted: FittedOutput, value: GraphValue, tensor: Tensor) -> None:
    """Numbers, back in the target's own units."""
    answer: Value = output.loss.answer_onnx(g.scope(output.name), value) if output.loss else value
    for step in reversed(fitted.steps):
        scope = g.scope(f"{output.name}.{type(step.step).__name__}.inverse")
        (answer,) = scope.finish(step.step.invert_onnx(scope, answer, step.state), [tensor])
    assert isinstance(answer, GraphValue)
    g.output(answer, output.name, tensor)
