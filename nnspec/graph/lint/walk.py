"""What lints ask of a graph."""

from collections.abc import Iterator

from nnspec.diagnostics import Diagnostic, Note, Span
from nnspec.graph.graph import Graph, Port, Vertex
from nnspec.layers.find import FAMILY_OF
from nnspec.spec import Spec
from nnspec.spec.spec import Output

# By name: looking up the classes would import every family of layers.
ACTIVATIONS = frozenset(name for name, family in FAMILY_OF.items() if family in ("activation", "piecewise"))
BATCH_NORMS = frozenset(name for name in FAMILY_OF if name.startswith("BatchNorm"))
CONVOLUTIONS = frozenset(name for name, family in FAMILY_OF.items() if family in ("conv", "conv_transpose"))
# The same numbers in the same places, at least in evaluation.
PASSING = frozenset(["Identity", *(name for name, family in FAMILY_OF.items() if family == "dropout")])


def title(vertex: Vertex) -> str:
    """A layer as messages name it: `Conv2d conv2d_1`."""
    return f"{vertex.kind} {vertex.name}"


def warning(code: str, message: str, span: Span, *, notes: tuple[Note, ...] = (), help: str = "") -> Diagnostic:
    return Diagnostic(code, message, span, notes, help, "warning")


def givers(graph: Graph, passing: frozenset[str] = PASSING) -> dict[str, Vertex]:
    """For each layer the one that makes its numbers: itself, or one before it where it only passes them on."""
    found: dict[str, Vertex] = {}
    for vertex in graph:
        maker = found.get(vertex.inputs[0].vertex) if vertex.kind in passing else vertex
        if maker:
            found[vertex.name] = maker
    return found


def before(graph: Graph, vertex: Vertex) -> Vertex | None:
    """The layer whose first output a layer takes first; None for an input."""
    port = vertex.inputs[0]
    return None if port.output else graph.vertices.get(port.vertex)


def only_reader(graph: Graph, vertex: Vertex) -> Vertex | None:
    """The one layer that takes a layer's first output; None where it is an output of the network, or several do."""
    names = graph.consumers.get(Port(vertex.name), ())
    return graph.vertices.get(names[0]) if len(names) == 1 else None


def answers(spec: Spec, graph: Graph, passing: frozenset[str] = PASSING) -> Iterator[tuple[Output, str, Vertex]]:
    """Each output that has a loss: the loss's name, and the layer that makes its numbers."""
    makers = givers(graph, passing)
    for name, port in graph.outputs.items():
        output, vertex = spec.outputs[name], makers.get(port.vertex)
        if output.loss and vertex and not port.output:
            yield output, type(output.loss).__name__, vertex


def loss_span(spec: Spec, output: Output) -> Span:
    """Where an output's loss stands: in the long form or in the short one."""
    if spec.root.get("outputs"):
        return spec.span_of("outputs", output.name, "loss")
    return spec.span_of("loss")
