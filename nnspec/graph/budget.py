"""The budget: what the exported network may cost, and what spends most where it costs more."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from nnspec.diagnostics import Findings, Note, Span
from nnspec.graph.cost import (
    BINARY,
    FLOAT_BYTES,
    NOMINAL_LENGTH,
    THOUSANDS,
    Cost,
    cost,
    human,
    human_bytes,
    nominal,
    peak_of_live_tensors,
    size_in_bytes,
)
from nnspec.graph.graph import Graph, Vertex
from nnspec.graph.label import port_name, shape
from nnspec.graph.tree import Part, tree
from nnspec.spec.amounts import amount
from nnspec.spec.spec import Spec

MOST_NAMED = 4
LEAST_SHARE = 0.02  # of the whole, of what is named after the first
ALL = 0.9  # a part that spends so much is looked into
DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
NODE_BYTES = 150  # what each layer adds to an ONNX file at least

Write = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Spender:
    """A layer, a block or a tensor, and what it takes of the budget."""

    title: str
    size: int
    span: Span | None


@dataclass(frozen=True, slots=True)
class Bill:
    """What a network costs of one thing."""

    what: str  # `the network has {} parameters`
    size: int
    write: Write
    spenders: Sequence[Spender]
    way_out: str
    peak: Note | None = None
    depends: bool = False  # on a length that is known only when the model runs


def check_budget(spec: Spec, graph: Graph, findings: Findings) -> None:
    """Tell of each thing that a network without mistakes has too much of."""
    if not spec.budget or findings.errors:
        return
    limits = spec.budget.model_dump(exclude_none=True)
    subject = graph.exported
    for key, written in limits.items():
        bill = BILLS[key](subject, cost(subject), writer(written))
        limit = amount(written)
        if bill.size > limit:
            _tell(key, bill, written, subject, spec.span_of("budget", key), findings)


def excess(size: int, written: float | str, write: Write) -> str:
    """`1.13M (225%) more than the 500k of its budget`."""
    limit = amount(written)
    share = f" ({_percent(size - limit, limit)})" if limit else ""
    allowed = written if isinstance(written, str) else write(round(limit))
    return f"{write(round(size - limit))}{share} more than the {allowed} of its budget"


def writer(written: float | str) -> Write:
    """How bytes are written beside a budget: in its own kind of units."""
    decimal = isinstance(written, str) and "B" in written and "i" not in written
    return decimal_bytes if decimal else human_bytes


def decimal_bytes(n: int) -> str:
    """Memory in units of thousands, as disks and budgets count: `1.2 MB`."""
    return human(n, DECIMAL, 1000)


def _parameters(graph: Graph, total: Cost, write: Write) -> Bill:
    sizes = {name: layer.parameters for name, layer in total.layers.items()}
    way_out = _narrower(graph, sizes)
    return Bill("the network has {} parameters", total.parameters, _exact, _parts(graph, sizes), way_out)


def _macs(graph: Graph, total: Cost, write: Write) -> Bill:
    spenders = _parts(graph, {name: nominal(layer.macs) for name, layer in total.layers.items()})
    return Bill(
        "one example takes {} multiply-accumulates",
        nominal(total.macs),
        human,
        spenders,
        "a smaller input, or a stride or pooling further up, makes every layer below it cheaper",
        depends=not isinstance(total.macs, int),
    )


def _memory(graph: Graph, total: Cost, write: Write) -> Bill:
    """All weights, and the tensors that live at once at the peak."""
    peak = peak_of_live_tensors(graph)
    spenders = [Spender(f"all {human(total.parameters)} weights", total.weights, None)]
    for port in peak.tensors(graph):
        vertex, x = graph.vertices.get(port.vertex), graph.tensor(port)
        title = f"{port_name(graph, port)} {shape(x)}"
        spenders.append(Spender(title, nominal(size_in_bytes(x)), vertex.span if vertex else None))
    spenders.sort(key=lambda spender: -spender.size)
    at = graph.vertices.get(peak.layer)
    return Bill(
        "inference on one example takes {}",
        nominal(total.inference()),
        write,
        [spender for spender in spenders[:MOST_NAMED] if spender.size],
        "a stride or pooling further up makes tensors smaller" if spenders[0].span else "fewer features or layers",
        Note("peak", f"while {at.kind} {at.name} runs", at.span) if at else None,
        not isinstance(total.inference(), int),
    )


def _onnx(graph: Graph, total: Cost, write: Write) -> Bill:
    sizes = {name: layer.parameters * FLOAT_BYTES for name, layer in total.layers.items()}
    size = total.weights + NODE_BYTES * len(graph)
    return Bill("the ONNX file will take {} or more", size, write, _parts(graph, sizes), _narrower(graph, sizes))


BILLS = {"params": _parameters, "macs": _macs, "memory": _memory, "onnx": _onnx}


def _tell(key: str, bill: Bill, written: float | str, graph: Graph, span: Span, findings: Findings) -> None:
    at = f" at {_lengths(graph)}" if bill.depends else ""
    message = f"{bill.what.format(bill.write(bill.size))}{at}, {excess(bill.size, written, bill.write)}"
    notes = [_note(spender, bill) for spender in bill.spenders]
    enough = f"`budget: {{{key}: {_enough(bill)}}}`"
    notes += [bill.peak] if bill.peak else []
    findings.error("budget", message, span, notes=notes, help=f"{bill.way_out}; or allow it: {enough}")


def _note(spender: Spender, bill: Bill) -> Note:
    write = human if bill.write is _exact else bill.write
    return Note("spends", f"{write(spender.size)} ({_percent(spender.size, bill.size)}) {spender.title}", spender.span)


def _parts(graph: Graph, sizes: Mapping[str, int]) -> list[Spender]:
    """The blocks and layers that spend most; one that spends nearly all is looked into."""
    items, whole = tree(graph).items, sum(sizes.values())
    while True:
        spenders = sorted(_spenders(items, sizes), key=lambda pair: -pair[1].size)
        largest = spenders[0][0] if spenders else None
        if not isinstance(largest, Part) or largest.turns or spenders[0][1].size < ALL * whole:
            break
        items = largest.items
    least = LEAST_SHARE * whole
    named = [spender for index, (_, spender) in enumerate(spenders) if spender.size >= least or not index]
    return [spender for spender in named[:MOST_NAMED] if spender.size]


def _spenders(items: Sequence[Part | Vertex], sizes: Mapping[str, int]) -> Iterator[tuple[Part | Vertex, Spender]]:
    for item in items:
        if isinstance(item, Part):
            turns = f" ×{item.turns}" if item.turns else ""
            title = " ".join(filter(None, [item.call, item.path])) + turns
            yield item, Spender(title, sum(sizes[vertex.name] for vertex in item), item.span)
        else:
            yield item, Spender(f"{item.kind} {item.name}", sizes[item.name], item.span)


def _narrower(graph: Graph, sizes: Mapping[str, int]) -> str:
    """The way out of too many weights: most often they are those of a Linear on a flattened image."""
    largest = max(graph, key=lambda vertex: sizes[vertex.name], default=None)
    maker = graph.vertices.get(largest.inputs[0].vertex) if largest and largest.inputs else None
    if not largest or largest.kind != "Linear" or not maker or maker.kind != "Flatten":
        return "fewer features or fewer layers"
    return f"pool before {maker.name}, so that {largest.name} takes fewer than {largest.arrives[0].features:,} features"


def _lengths(graph: Graph) -> str:
    """`T = 128`."""
    return ", ".join(f"{symbol} = {NOMINAL_LENGTH}" for symbol in graph.symbols)


def _enough(bill: Bill) -> str:
    """An amount that would do, in two digits, as a budget has it."""
    base, units = (1024, BINARY) if bill.write is human_bytes else (1000, DECIMAL)
    units = THOUSANDS if bill.write not in (human_bytes, decimal_bytes) else units
    value, rank = Fraction(bill.size), 0
    while value >= base:
        value, rank = value / base, rank + 1
    step = Fraction(1, 10) if value < 10 and rank else Fraction(1)
    return f"{float(-(-value // step) * step):g}{units[rank]}"


def _exact(n: int) -> str:
    return f"{n:,}"


def _percent(part: Fraction | int, whole: Fraction | int) -> str:
    share = 100 * part / whole
    return "<1%" if 0 < share < 1 else f"{float(share):,.0f}%"
