"""The graph as an ONNX model: raw inputs, preparation, layers, answers, each in its own stretch of nodes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import onnx

from nnspec import __version__
from nnspec.diagnostics import Span, SpecError
from nnspec.exporting.answers import Answer, answer_of, write_answer
from nnspec.exporting.builder import GraphBuilder, GraphValue, Weights
from nnspec.graph import Graph, Port, Vertex
from nnspec.layers.layer import NotInOnnx
from nnspec.prepare import FittedOutput, Preparation
from nnspec.prepare.fitted import inside, outside
from nnspec.spec.resolve import resolve
from nnspec.spec.spec import Input, Output, Spec


def lower(
    spec: Spec,
    graph: Graph,
    weights: Mapping[str, Weights],
    preparation: Preparation,
    *,
    opset: int,
    metadata: Mapping[str, str] | None = None,
) -> onnx.ModelProto:
    """The model that takes raw inputs and gives answers. Only what some exported output depends on is in it."""
    graph = graph.exported
    inputs, answers = live_inputs(spec, graph), answers_of(spec, graph, preparation)
    _check_names(spec, inputs, answers)
    builder = GraphBuilder(weights, opset, graph.learning.ties)
    _Lowering(spec, graph, preparation, builder).run(inputs, answers)
    described = describe(spec, graph, inputs, answers, preparation)
    return builder.model(spec.name or "network", spec.description, {**described, **(metadata or {})})


def live_inputs(spec: Spec, graph: Graph) -> dict[str, Input]:
    """The inputs that some exported output depends on: those of the file."""
    return {name: given for name, given in spec.inputs.items() if name in graph.exported.inputs}


def answers_of(spec: Spec, graph: Graph, preparation: Preparation) -> dict[str, Answer]:
    """What the file gives for each exported output."""
    return {
        name: answer_of(spec.outputs[name], fitted_output(preparation, spec.outputs[name]), tensor)
        for name, tensor in graph.exported.output_tensors.items()
    }


def fitted_output(preparation: Preparation, output: Output) -> FittedOutput:
    """How an output reads; nothing was learnt where there were no data."""
    return preparation.outputs.get(output.name, FittedOutput())


def describe(
    spec: Spec, graph: Graph, inputs: Mapping[str, Input], answers: Mapping[str, Answer], preparation: Preparation
) -> dict[str, str]:
    """What the file says of itself: the spec it was made from, its inputs and its outputs."""
    text = _compact(resolve(spec))
    return {
        "nnspec.version": __version__,
        "nnspec.spec": text,
        "nnspec.spec_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "nnspec.inputs": _compact(
            {name: {**_described(given, graph, preparation), **_window(spec)} for name, given in inputs.items()}
        ),
        "nnspec.outputs": _compact({name: answer.as_json() for name, answer in answers.items()}),
    }


@dataclass(eq=False)
class _Lowering:
    """One walk through the graph, front to back."""

    spec: Spec
    graph: Graph
    preparation: Preparation
    builder: GraphBuilder

    def run(self, inputs: Mapping[str, Input], answers: Mapping[str, Answer]) -> None:
        values = {Port(name): self._prepared(given) for name, given in inputs.items()}
        for vertex in self.graph:
            for index, value in enumerate(self._layer(vertex, [values[port] for port in vertex.inputs])):
                values[Port(vertex.name, index)] = value
        for name, port in self.graph.outputs.items():
            self._answer(answers[name], values[port])

    def _prepared(self, given: Input) -> GraphValue:
        tensor = given.raw
        value = self.builder.input(given.name, tensor)
        for fitted in inside(self.preparation.inputs.get(given.name, ())):
            kind = type(fitted.step).__name__
            tensor = fitted.step.infer(tensor)
            scope = self.builder.scope(f"{given.name}.{kind}")
            try:
                (value,) = scope.finish(fitted.step.to_onnx(scope, value, fitted.state), [tensor])
            except NotInOnnx as error:
                raise _not_in_onnx(f"{kind} of {given.name}", error, given.span) from error
        return value

    def _layer(self, vertex: Vertex, arrive: list[GraphValue]) -> tuple[GraphValue, ...]:
        title = f"{vertex.kind} {vertex.name}"
        if not hasattr(vertex.layer, "to_onnx"):
            raise _not_in_onnx(title, NotInOnnx("its class has no `to_onnx`"), vertex.span)
        scope = self.builder.scope(vertex.name, vertex.home, shared=vertex.home in self.graph.shared)
        try:
            return scope.finish(vertex.layer.to_onnx(scope, *vertex.placed(arrive)), vertex.gives, vertex.output_names)
        except NotInOnnx as error:
            raise _not_in_onnx(title, error, vertex.span) from error

    def _answer(self, answer: Answer, value: GraphValue) -> None:
        output = self.spec.outputs[answer.name]
        tensor = self.graph.output_tensors[answer.name]
        try:
            write_answer(self.builder, answer, output, fitted_output(self.preparation, output), value, tensor)
        except NotInOnnx as error:
            raise _not_in_onnx(f"the answer of {output.name}", error, output.span) from error


def _check_names(spec: Spec, inputs: Mapping[str, Input], answers: Mapping[str, Answer]) -> None:
    """A file's inputs and outputs share one room for names."""
    taken = {name: f"the input {name}" for name in inputs}
    for name, answer in answers.items():
        for given in answer.tensors:
            if given in taken:
                raise SpecError.of(
                    "duplicate-name",
                    f"the exported file would hold two things named '{given}': {taken[given]} and the output {name}",
                    spec.outputs[name].span,
                    help="rename the output",
                )
            taken[given] = f"the output {name}"


def _not_in_onnx(title: str, error: NotInOnnx, span: Span) -> SpecError:
    return SpecError.of("no-onnx", f"{title} cannot be exported: {error}", span)


def _window(spec: Spec) -> dict[str, Any]:
    """How the rows of a series become an example."""
    window = spec.data.window if spec.data else None
    return {"window": {"length": window.length, "by": window.by}} if window else {}


def _described(given: Input, graph: Graph, preparation: Preparation) -> dict[str, Any]:
    columns, before = preparation.columns.get(given.name), outside(preparation.inputs.get(given.name, ()))
    sizes = [size if isinstance(size, int) else str(size) for size in given.raw.shape[1:]]
    # A negative index counts from a table's end, without a word: so a reader should know where indices end.
    more: dict[str, Any] = {"missing": True} if given.fills_missing else {}
    more |= given.limits.as_json()
    if given.name in graph.lookups and not given.steps:
        more["below"] = graph.lookups[given.name][0]
    if before:  # what is done to the columns before the file gets them
        more |= {"before": [fitted.as_json() for fitted in before], "holds": given.held.dtype}
    return {"columns": list(columns or given.columns), "shape": sizes, "dtype": given.raw.dtype, **more}


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
