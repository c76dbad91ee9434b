"""The network as a table for a terminal: what `nnspec show` prints."""

from collections.abc import Sequence
from dataclasses import dataclass

from nnspec.graph.cost import Cost, cost, human, human_bytes
from nnspec.graph.graph import Graph, Port, Vertex
from nnspec.graph.label import borrowed, call, output_name, port_name, shape, shorten
from nnspec.objectives import Optimizer

HEADER = ("layer", "type", "from", "output", "parameters", "MACs", "export")
RIGHT = ("parameters", "MACs")
WIDTH = 100  # columns of a terminal that a usual network fits in
LEAST_TYPE = 24  # a type's column is never cut shorter than this
GAP = "  "


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a layer, one more output of it, an input or an output of the network."""

    name: str
    type: str
    source: str
    output: str
    parameters: str = ""
    macs: str = ""
    export: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        return (self.name, self.type, self.source, self.output, self.parameters, self.macs, self.export)


def table(graph: Graph, *, batch_size: int | None = None, optimizer: Optimizer | None = None) -> str:
    """Layers with shapes and costs, then totals; with a batch size, the memory that training takes."""
    total = cost(graph, optimizer)
    rows = [*_input_rows(graph), *_layer_rows(graph, total), *_output_rows(graph)]
    lines = _aligned([row.cells for row in rows])
    return "\n".join([*lines, "", *_totals(total, batch_size, optimizer)])


def _input_rows(graph: Graph) -> list[Row]:
    return [Row(name, "input", "", shape(x), export=_export(graph, name)) for name, x in graph.inputs.items()]


def _export(graph: Graph, name: str) -> str:
    """A mark on what is trained and not exported."""
    return "no" if name in graph.only_trained else ""


def _layer_rows(graph: Graph, total: Cost) -> list[Row]:
    rows: list[Row] = []
    # With several inputs none of them is the one before the first layer.
    previous = next(iter(graph.inputs)) if len(graph.inputs) == 1 else ""
    for vertex in graph:
        rows += _rows_of(graph, vertex, previous, total)
        previous = vertex.name
    return rows


def _rows_of(graph: Graph, vertex: Vertex, previous: str, total: Cost) -> list[Row]:
    layer = total.layers[vertex.name]
    source = (
        "" if vertex.inputs == (Port(previous),) else ", ".join(_near(graph, port, vertex) for port in vertex.inputs)
    )
    parameters = f"{layer.parameters:,}" if layer.parameters else ""
    parameters = " + ".join(filter(None, [parameters, *(f"({owner}'s)" for owner in borrowed(graph, vertex))]))
    macs = human(layer.macs) if layer.macs != 0 else ""
    export = _export(graph, vertex.name)
    first = Row(vertex.name, call(vertex.layer), source, shape(vertex.gives[0]), parameters, macs, export)
    others = [
        Row(f"{GAP}{output_name(vertex, index)}", "", "", shape(x)) for index, x in enumerate(vertex.gives) if index
    ]
    return [first, *others]


def _near(graph: Graph, port: Port, vertex: Vertex) -> str:
    """A port's name, less the block that the layer stands in too."""
    around, dot, _ = vertex.name.rpartition(".")
    return port_name(graph, port).removeprefix(around + dot)


def _output_rows(graph: Graph) -> list[Row]:
    last = next(reversed(list(graph.vertices)), "")
    return [
        Row(
            name,
            "output",
            "" if port == Port(last) else port_name(graph, port),
            shape(graph.tensor(port)),
            export="no" if name in graph.auxiliary else "",
        )
        for name, port in graph.outputs.items()
    ]


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """The rows below their header; a column that is empty everywhere is left out."""
    used = [index for index in range(len(HEADER)) if any(row[index] for row in rows)]
    header = [HEADER[index] for index in used]
    cells = [[row[index] for index in used] for row in rows]
    lines = [_line(line, header, _widths(header, cells)) for line in (header, *cells)]
    rule = "─" * max(map(len, lines))
    return [lines[0], rule, *lines[1:], rule]


def _widths(header: Sequence[str], cells: Sequence[Sequence[str]]) -> list[int]:
    """Each column as wide as it needs; the types as wide as the terminal leaves them."""
    widths = [max(len(line[column]) for line in (header, *cells)) for column in range(len(header))]
    spare = WIDTH - sum(widths) - len(GAP) * (len(widths) - 1)
    if spare < 0:
        widths[1] = max(widths[1] + spare, min(widths[1], LEAST_TYPE))
    return widths


def _line(cells: Sequence[str], header: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.rjust(width) if name in RIGHT else shorten(cell, width).ljust(width)
        for cell, name, width in zip(cells, header, widths, strict=True)
    ]
    return GAP.join(padded).rstrip()


def _totals(total: Cost, batch_size: int | None, optimizer: Optimizer | None) -> list[str]:
    exported = f", of which {total.exported:,} are exported" if total.exported < total.parameters else ""
    weights = f" ({human_bytes(total.weights)})" if total.parameters else ""
    trained = f", of which {total.trained:,} are trained" if total.trained < total.parameters else ""
    facts = [
        ("parameters", f"{total.parameters:,}{weights}{trained}{exported}"),
        ("MACs", f"{human(total.macs)} per example"),
    ]
    if batch_size is None:
        facts.append(("activations", f"{human_bytes(total.activations)} per example"))
    else:
        facts.append(("activations", f"{human_bytes(total.activations * batch_size)} for a batch of {batch_size}"))
        state = f", gradients and {type(optimizer).__name__}'s state" if optimizer else " and gradients"
        facts.append(("training", f"{human_bytes(total.training(batch_size))} with weights{state}"))
    facts.append(("inference", f"{human_bytes(total.inference())} for one example"))
    width = max(len(label) for label, _ in facts)
    return [f"{label:<{width}}{GAP}{text}" for label, text in facts]
