"""The network as a table for a terminal: what `nnspec show` prints."""

from collections.abc import Sequence
from dataclasses import dataclass

from nnspec.graph.cost import Cost, cost, human, human_bytes
from nnspec.graph.graph import Graph, Port
from nnspec.graph.label import borrowed, shape, shorten
from nnspec.graph.tree import Part
from nnspec.graph.view import Item, View, view
from nnspec.objectives import Optimizer

HEADER = ("layer", "type", "from", "output", "parameters", "MACs", "export")
RIGHT = ("parameters", "MACs")
WIDTH = 100  # columns of a terminal that a usual network fits in
LEAST = {"from": 18, "type": 22, "layer": 20}  # these columns are cut in turn, and never shorter than this
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


def table(
    graph: Graph,
    *,
    batch_size: int | None = None,
    optimizer: Optimizer | None = None,
    depth: int | None = None,
) -> str:
    """Layers with shapes and costs, then totals; with a batch size, the memory that training takes.

    What stands deeper than `depth` is folded into one row with its sums.
    """
    total, seen = cost(graph, optimizer), view(graph, depth)
    rows = [*_input_rows(graph), *_layer_rows(seen, total), *_output_rows(seen)]
    lines = _aligned([row.cells for row in rows])
    return "\n".join([*lines, "", *_totals(total, batch_size, optimizer)])


def _input_rows(graph: Graph) -> list[Row]:
    return [
        Row(name, "input", "", shape(x), export="no" if name in graph.only_trained else "")
        for name, x in graph.inputs.items()
    ]


def _layer_rows(seen: View, total: Cost) -> list[Row]:
    rows: list[Row] = []
    # With several inputs none of them is the one before the first layer.
    previous = next(iter(seen.graph.inputs)) if len(seen.graph.inputs) == 1 else ""
    for item in seen.items:
        rows += _rows_of(seen, item, previous, total)
        previous = previous if item.is_heading else item.path
    return rows


def _rows_of(seen: View, item: Item, previous: str, total: Cost) -> list[Row]:
    indent = GAP * (item.level - 1)
    name = f"{indent}{item.name}{item.turns}"
    if item.is_heading:
        return [Row(name, item.call, "", "")]
    (first, *others), export = seen.gives(item), "no" if seen.only_trained(item) else ""
    parameters, macs, _ = seen.cost(item, total)
    own = f"{parameters:,}" if parameters else ""
    learnt = " + ".join(filter(None, [own, *(f"({owner}'s)" for owner in _owners(seen, item))]))
    multiplied = human(macs) if macs != 0 else ""
    source = _source(seen, item, previous)
    rows = [Row(name, item.call, source, shape(seen.graph.tensor(first)), learnt, multiplied, export)]
    for port in others:
        rows.append(Row(f"{indent}{GAP}{seen.name(port, item)}", "", "", shape(seen.graph.tensor(port))))
    return rows


def _owners(seen: View, item: Item) -> list[str]:
    """Whose parameters a layer has beside its own, or in their place."""
    return [] if isinstance(item.inner, Part) else borrowed(seen.graph, item.inner)


def _source(seen: View, item: Item, previous: str) -> str:
    """What an item takes, where that is not what the row above gives."""
    ports = seen.takes(item)
    if len(ports) == 1 and _is_of(seen, ports[0], previous):
        return ""
    return ", ".join(seen.name(port, item) for port in ports)


def _is_of(seen: View, port: Port, path: str) -> bool:
    """Whether a port is the first thing that the row of this path gives."""
    giver = seen.holder.get(port.vertex)
    if giver is None:
        return port.vertex == path
    return giver.path == path and port == seen.gives(giver)[0]


def _output_rows(seen: View) -> list[Row]:
    graph = seen.graph
    last = next((item.path for item in reversed(seen.items) if not item.is_heading), "")
    return [
        Row(
            name,
            "output",
            "" if _is_of(seen, port, last) else seen.name(port),
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
    """Each column as wide as it needs, or as the terminal leaves it."""
    widths = [max(len(line[column]) for line in (header, *cells)) for column in range(len(header))]
    for name, least in LEAST.items():
        column = header.index(name) if name in header else 0
        spare = WIDTH - sum(widths) - len(GAP) * (len(widths) - 1)
        if spare < 0:
            widths[column] = max(widths[column] + spare, min(widths[column], least))
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
        state = f", gradients and {optimizer.title}'s state" if optimizer else " and gradients"
        facts.append(("training", f"{human_bytes(total.training(batch_size))} with weights{state}"))
    facts.append(("inference", f"{human_bytes(total.inference())} for one example"))
    width = max(len(label) for label, _ in facts)
    return [f"{label:<{width}}{GAP}{text}" for label, text in facts]
