"""What each entry of a spec gives and learns, in a word behind it: what `nnspec annotate` writes and editors show."""

from collections.abc import Iterable
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
    whole: Span  # the entry


def annotations(network: Network) -> list[Annotation]:
    """One for each entry of the spec's own text, in its order; none where an entry's uses differ, or it is left out.

    A repeated entry gives what its last turn gives, and has the parameters of all turns; so has a block.
    """
    graph, home = network.graph, network.spec.root.span.text
    parameters = _parameters_before(graph)
    found: dict[Place, Annotation] = {}
    for placed in graph.placed:
        span = placed.entry.type_span
        if span.text is home:
            place = span.line, span.column
            text = _text(graph, placed, parameters[placed.end] - parameters[placed.first])
            same = place not in found or found[place].text == text
            found[place] = Annotation(span, text if same else "", placed.entry.node.span)
    return [found[place] for place in sorted(found) if found[place].text]


def by_line(found: Iterable[Annotation]) -> dict[int, str]:
    """What stands at the end of each line: of entries in one another the outer one's, of neighbours all of them."""
    lines: dict[int, str] = {}
    outer: Annotation | None = None
    for annotation in found:
        line, last = annotation.span.line, outer.whole if outer else None
        if line not in lines or last is None:
            lines[line] = annotation.text
        elif _is_within(annotation.span, last):
            continue
        else:
            between = annotation.span.text.lines[line - 1][last.end_column - 1 : annotation.span.column - 1]
            lines[line] += f"{' | ' if ']' in between else ' → '}{annotation.text}"
        outer = annotation
    return lines


def _is_within(inner: Span, outer: Span) -> bool:
    return (inner.line, inner.column) < (outer.end_line, outer.end_column)


def _parameters_before(graph: Graph) -> list[int]:
    """How many parameters stand before each vertex, and in all."""
    layers = cost(graph).layers
    return list(accumulate((layers[name].parameters for name in graph.vertices), initial=0))


def _text(graph: Graph, placed: Placed, parameters: int) -> str:
    """Empty for an entry that is left out."""
    shapes = ", ".join(shape(graph.tensor(port)) for port in placed.ports)
    return f"{shapes} · {human(parameters)}" if parameters and shapes else shapes
