"""One layer: a sentence on what it does here, and the arithmetic of its sizes, parameters and receptive field."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nnspec.graph.cost import human, layer_cost
from nnspec.graph.explain.lines import Row, paragraph, rows
from nnspec.graph.graph import Graph, Port, Vertex
from nnspec.graph.label import borrowed, call, port_name, shape
from nnspec.graph.receptive import Field, in_words, receptive_fields
from nnspec.layers.words import literal
from nnspec.shapes import Dim

MOST_TERMS = 6  # of a sum of parameters that is written out


@dataclass(frozen=True)
class Known:
    """What is known of the whole network."""

    graph: Graph
    fields: Mapping[Port, Field]
    above: Mapping[str, str]  # what stands directly above each layer

    @classmethod
    def of(cls, graph: Graph) -> "Known":
        names = [*graph.inputs, *graph.vertices]
        return cls(graph, receptive_fields(graph), dict(zip(names[1:], names, strict=False)))

    def sees(self, port: Port) -> str:
        """`5×5 of image, windows 2 apart`, where something is to be said."""
        return in_words(self.fields[port], self.graph)

    def sees_in_short(self, port: Port) -> str:
        """`sees 5×5 of image`."""
        words = self.sees(port).partition(", windows")[0]
        return f"sees {words}" if words else ""


def in_full(known: Known, vertex: Vertex, name: str, *, arguments: bool) -> list[str]:
    """Everything there is to say; the meaning of its arguments where asked."""
    lines = [f"{name}  {call(vertex.layer)}", *paragraph(vertex.layer.in_words(*vertex.takes))]
    return [*lines, *rows([*(_arguments(vertex) if arguments else ()), *_facts(known, vertex)])]


def in_short(known: Known, vertex: Vertex, name: str) -> str:
    """Type, shape, parameters and receptive field, where that is another than its input's, in a line."""
    parameters = layer_cost(known.graph, vertex).parameters
    sees = known.sees_in_short(Port(vertex.name))
    is_same = sees == known.sees_in_short(vertex.inputs[0])
    learnt = [f"{parameters:,} parameters" if parameters else ""]
    learnt += [f"the weights of {owner}" for owner in borrowed(known.graph, vertex)]
    facts = [shape(vertex.gives[0]), *learnt, "" if is_same else sees]
    return f"{name}  {call(vertex.layer)} → {', '.join(filter(None, facts))}"


def _arguments(vertex: Vertex) -> Iterator[Row]:
    for field, value in vertex.layer.changed().items():
        description = type(vertex.layer).model_fields[field].description
        yield f"{field} {value if isinstance(value, str) else literal(value)}", description or ""


def _facts(known: Known, vertex: Vertex) -> Iterator[Row]:
    if vertex.inputs != (Port(known.above[vertex.name]),):
        yield "takes", ", ".join(port_name(known.graph, port) for port in vertex.inputs)
    yield "shape", f"{', '.join(map(shape, vertex.arrives))} → {', '.join(map(shape, vertex.gives))}"
    yield from vertex.layer.size_lines(*vertex.takes)
    own, owners = known.graph.own(vertex), ", ".join(borrowed(known.graph, vertex))
    if own:
        yield "parameters", f"{_sum(own)}{f', and those of {owners}' if owners else ''}"
    elif owners:
        yield "parameters", f"those of {owners}"
    macs = vertex.layer.macs(*vertex.takes)
    if macs != 0:
        yield "MACs", f"{_number(macs)} multiplications, each with an addition, for one example"
    if sees := known.sees(Port(vertex.name)):
        yield "sees", sees


def _sum(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """`weight 32·1·3·3 + bias 32 = 320`."""
    total = 0
    terms = []
    for name, sizes in shapes.items():
        count = 1
        for size in sizes:
            count *= size
        total += count
        terms.append(f"{name} {'·'.join(map(str, sizes)) or 1}")
    shown = terms if len(terms) <= MOST_TERMS else [*terms[: MOST_TERMS - 1], "…"]
    return f"{' + '.join(shown)} = {total:,}"


def _number(n: Dim) -> str:
    return f"{n:,}" if isinstance(n, int) else human(n)
