"""The tensors of a network as sizes in bytes: those that nothing can address are refused before anything is made."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from nnspec.diagnostics import Findings
from nnspec.graph.cost import FLOAT_BYTES, human_bytes, nominal, size_in_bytes
from nnspec.graph.graph import Graph, Vertex

MOST_BYTES = 2**63 - 1  # that a tensor's memory is counted in
SMALLER = "give it fewer features, or bring its input down before"


@dataclass(frozen=True, slots=True)
class Held:
    """One tensor in memory: a parameter, or what a layer gives for one example."""

    vertex: Vertex
    what: str
    size: int  # in bytes; a length known only when the model runs counts as 128

    def __str__(self) -> str:
        return f"{self.vertex.kind} {self.vertex.name}: {self.what} takes {human_bytes(self.size)}"


def held(graph: Graph) -> Iterator[Held]:
    """The parameters of the network, then what its layers give, in the spec's order."""
    for name, shape in graph.parameters.items():
        vertex = graph.vertices[graph.layer_of(name)]
        what = name.removeprefix(f"{vertex.name}.") if name != vertex.name else "it"
        yield Held(vertex, f"{what} {tuple(shape)}", prod(shape) * FLOAT_BYTES)
    for vertex in graph:
        for x in vertex.gives:
            yield Held(vertex, f"its output {x} for one example", nominal(size_in_bytes(x)))


def check_sizes(graph: Graph, findings: Findings) -> None:
    """Tell of the first tensor beyond what memory is counted in; others mostly follow from it."""
    tensor = next((tensor for tensor in held(graph) if tensor.size > MOST_BYTES), None)
    if tensor:
        message = f"{tensor}, and memory is counted to {human_bytes(MOST_BYTES)}"
        findings.error("limit", message, tensor.vertex.span, help=SMALLER)
