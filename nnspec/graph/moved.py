"""Which optimizer moves which parameter."""

from nnspec.graph.graph import Graph
from nnspec.layers.find import FAMILY_OF
from nnspec.objectives import Optimizer

# By name: looking up the classes would import every family of layers.
TABLES = frozenset(name for name, family in FAMILY_OF.items() if family in ("embedding", "learnt"))


def moved(graph: Graph, optimizer: Optimizer) -> list[tuple[Optimizer, list[str]]]:
    """The parameters that are trained, by what moves them: the optimizer itself and a partner, or its groups'."""
    trained = [name for name in graph.parameters if name not in graph.fixed]
    return optimizer.parts(trained, hidden_matrices(graph) if not optimizer.one_rate else frozenset())


def hidden_matrices(graph: Graph) -> frozenset[str]:
    """Weights with two axes that are neither a table nor of the last layer with weights before an output."""
    last = _last_with_weights(graph)
    found = set()
    for name, shape in graph.parameters.items():
        vertex = graph.vertices[graph.layer_of(name)]
        if len(shape) == 2 and vertex.kind not in TABLES and vertex.name not in last:
            found.add(name)
    return frozenset(found)


def _last_with_weights(graph: Graph) -> frozenset[str]:
    """The layers with weights from which an output is reached through layers without."""
    found: set[str] = set()
    reached = {port.vertex for port in graph.outputs.values()}
    for vertex in reversed(list(graph)):
        if vertex.name not in reached:
            continue
        if vertex.layer.parameters(*vertex.takes):
            found.add(vertex.home)
        else:
            reached.update(port.vertex for port in vertex.inputs)
    return frozenset(found)
