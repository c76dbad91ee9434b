"""What each entry of a spec gives and learns, in a word behind it: what `nnspec annotate` writes and editors show."""

from dataclasses import dataclass
from itertools import accumulate

from nnspec.diagnostics import Span
from nnspec.graph.cost import cost, human
from nnspec.graph.graph import Graph, Placed
from nnspec.graph.label import shape
from nnspec.graph.network import Network

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Annotation:
    """What stands behind one entry: `16×14×14 · 1.2k`, its outputs without the batch and its parameters."""

    span: Span  # the layer type's name
    text: str


def annotations(network: Network) -> list[Annotation]:
    """One for each entry of the spec's own text, in its order; none where an entry's uses differ, or it is left out.

    A repeated entry gives what its last turn gives, and has the parameters of all turns; so has a block.
    """
    graph, home = network.graph, network.spec.root.span.text
    parameters = _parameters_before(graph)
    found: dict[Place, tuple[Span, str]] = {}
    for placed in graph.placed:
        if placed.span.text is home:
            place = placed.span.line, placed.span.column
            text = _text(graph, placed, parameters[placed.end] - parameters[placed.first])
            same = place not in found or found[place][1] == text
            found[place] = placed.span, text if same else ""
    return [Annotation(span, text) for _, (span, text) in sorted(found.items(), key=lambda item: item[0]) if text]


def _parameters_before(graph: Graph) -> list[int]:
    """How many parameters stand before each vertex, and in all."""
    layers = cost(graph).layers
    return list(accumulate((layers[name].parameters for name in graph.vertices), initial=0))


def _text(graph: Graph, placed: Placed, parameters: int) -> str:
    """Empty for an entry that is left out."""
    shapes = ", ".join(shape(graph.tensor(port)) for port in placed.ports)
    return f"{shapes} · {human(parameters)}" if parameters and shapes else shapes
