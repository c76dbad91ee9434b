"""The network layer by layer, with every value in between in sight. Slow: for looking at what went wrong."""

from operator import attrgetter
from typing import Any

from torch import Tensor, nn

from nnspec.codegen.load import evaluate, outputs_of
from nnspec.graph import Graph, Port, Vertex
from nnspec.pycode import name
from nnspec.training.batches import Tensors


def live(graph: Graph) -> list[Vertex]:
    """The layers that some output depends on, which are those that the module has."""
    return [vertex for vertex in graph if vertex.name in graph.live]


def layer_by_layer(graph: Graph, net: nn.Module, inputs: Tensors) -> dict[Port, Tensor]:
    """What every layer gives, by the same calls that the module's source makes."""
    values = {Port(given): x for given, x in zip(graph.inputs, inputs, strict=True)}
    for vertex in live(graph):
        outputs = _call(vertex, net, [values[port] for port in vertex.inputs])
        values |= {Port(vertex.name, index): x for index, x in enumerate(outputs)}
    return values


def _call(vertex: Vertex, net: nn.Module, inputs: list[Tensor]) -> list[Tensor]:
    layer = vertex.layer
    names: dict[str, Any] = {f"input_{index}": x for index, x in enumerate(inputs)}
    codes = vertex.placed([name(given) for given in names])
    if layer.module(*vertex.takes):
        names["module"] = attrgetter(vertex.home)(net)
        code = layer.call(vertex.takes, name("module"), *codes)
    else:
        code = layer.code(vertex.takes, *codes)
    return outputs_of(layer, evaluate(code, names), len(vertex.gives))
