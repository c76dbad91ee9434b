"""What stands on a layer in tables and drawings: its type and what was chosen for it, in short."""

from collections.abc import Iterator
from typing import Any

from nnspec.graph.graph import Graph, Port, Scope, Vertex
from nnspec.graph.learning import tensor_name
from nnspec.layers import Layer
from nnspec.layers.words import literal
from nnspec.shapes import Tensor, format_shape


def call(layer: Layer) -> str:
    """`Conv2d(16, 3, padding=same)`, or the type alone."""
    inner = ", ".join(call_arguments(layer))
    kind = type(layer).__name__
    return f"{kind}({inner})" if inner else kind


def call_arguments(layer: Layer) -> list[str]:
    """What a layer is given, its first and its required ones by no name: `16`, `padding=same`."""
    return list(_arguments(layer))


def scope_call(scope: Scope) -> str:
    """`bottleneck(64, stride=2)`, or the name alone; nothing for one of a combinator's lists."""
    given = scope_arguments(scope)
    return f"{scope.kind}({', '.join(given)})" if given else scope.kind


def scope_arguments(scope: Scope) -> list[str]:
    """What a block is given: `64`, `stride=2`."""
    return [f"{name}{'=' * bool(name)}{_value(value)}" for name, value in scope.arguments.items()]


def shape(x: Tensor) -> str:
    """`16×4×4`, with the element type where it is not float32."""
    return format_shape(x) if x.dtype == "float32" else f"{x.dtype} {format_shape(x)}"


def port_name(graph: Graph, port: Port) -> str:
    """How a spec names a port: `conv1`, `lstm.h_n`."""
    if port.output == 0:
        return port.vertex
    return output_name(graph.vertices[port.vertex], port.output)


def output_name(vertex: Vertex, output: int) -> str:
    """How a spec names one output of a layer; by its number where it has no name of its own."""
    names = vertex.output_names
    return f"{vertex.name}.{names[output] if output < len(names) else output}"


def borrowed(graph: Graph, vertex: Vertex) -> list[str]:
    """The layers whose parameters a layer has: the one that it shares its module with, or is tied to."""
    parameters = vertex.layer.parameters(*vertex.takes)
    if vertex.shares:
        return [vertex.shares] if parameters else []
    owners = (graph.learning.ties.get(tensor_name(vertex.name, name)) for name in parameters)
    return list(dict.fromkeys(graph.layer_of(owner) for owner in owners if owner))


def shorten(text: str, width: int) -> str:
    """The text in at most so many characters."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def main_argument(layer: Layer) -> str:
    """The argument that a layer's short form gives, where it is not the default: `16`."""
    first = next(iter(type(layer).model_fields), "")
    return _value(getattr(layer, first)) if first in layer.changed() else ""


def other_arguments(layer: Layer) -> str:
    """The other arguments that differ from their defaults, each with its name: `kernel_size=3, padding=same`."""
    first = next(iter(type(layer).model_fields), "")
    return ", ".join(f"{name}={_value(value)}" for name, value in layer.changed(first).items())


def _arguments(layer: Layer) -> Iterator[str]:
    fields = type(layer).model_fields
    for name, value in layer.changed().items():
        alone = name == next(iter(fields)) or (name in fields and fields[name].is_required())
        text = literal(value) if name.startswith(("dim", "shift")) else _value(value)
        yield text if alone else f"{name}={text}"


def _value(value: Any) -> str:
    if isinstance(value, tuple | list):
        if -1 in value:
            return literal(value)
        return "×".join(_value(item) for item in value)
    return str(value) if isinstance(value, str) else literal(value)
