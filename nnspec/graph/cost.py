"""What a network costs: parameters, multiply-accumulates, memory. Everything follows from the shapes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

from nnspec.graph.graph import Graph, Port, Vertex
from nnspec.graph.moved import moved
from nnspec.objectives import Optimizer
from nnspec.shapes import Dim, Size, Tensor, bind, product, symbols_in

FLOAT_BYTES = 4  # weights, gradients and the optimizer's state are float32
ITEM_BYTES = {"float32": 4, "float64": 8, "int64": 8, "int32": 4, "uint8": 1, "bool": 1}
NOMINAL_LENGTH = 128  # stands for every symbolic length where two sizes must be compared
THOUSANDS = ("", "k", "M", "G", "T", "P", "E")
BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


@dataclass(frozen=True, slots=True)
class LayerCost:
    """One layer, for one example. Memory in bytes."""

    parameters: int
    macs: Dim
    activations: Dim  # all its outputs


@dataclass(frozen=True, slots=True)
class Cost:
    """A network, for one example. Memory in bytes, every output counted as memory of its own."""

    layers: Mapping[str, LayerCost]
    parameters: int
    trained: int  # those of them that are not frozen for good
    exported: int  # the parameters of these that the exported file holds
    macs: Dim
    weights: int
    gradients: int
    state: int  # what the optimizer keeps
    activations: Dim  # inputs and every output: training keeps them all for the way back
    peak: Dim  # the most that lives at once in inference, of the exported outputs alone

    def training(self, batch: int) -> Dim:
        """Memory of a training step on so many examples."""
        return self.activations * batch + (self.weights + self.gradients + self.state)

    def inference(self, batch: int = 1) -> Dim:
        """Memory of evaluating so many examples."""
        return self.peak * batch + self.exported * FLOAT_BYTES


def cost(graph: Graph, optimizer: Optimizer | None = None) -> Cost:
    """The cost of a network, trained with an optimizer."""
    layers = {vertex.name: layer_cost(graph, vertex) for vertex in graph}
    parameters = sum(layer.parameters for layer in layers.values())
    trained = parameters - sum(prod(graph.parameters.get(name, (0,))) for name in graph.fixed)
    inputs = (size_in_bytes(x) for x in graph.inputs.values())
    return Cost(
        layers=layers,
        parameters=parameters,
        trained=trained,
        exported=sum(layers[name].parameters for name in graph.exported.vertices),
        macs=_sum(layer.macs for layer in layers.values()),
        weights=parameters * FLOAT_BYTES,
        gradients=trained * FLOAT_BYTES,
        state=_kept(graph, optimizer) * FLOAT_BYTES if optimizer else 0,
        activations=_sum([*inputs, *(layer.activations for layer in layers.values())]),
        peak=peak_of_live_tensors(graph.exported).size,
    )


def _kept(graph: Graph, optimizer: Optimizer) -> int:
    return sum(mover.kept(graph.parameters[name]) for mover, names in moved(graph, optimizer) for name in names)


def layer_cost(graph: Graph, vertex: Vertex) -> LayerCost:
    """The cost of one layer; weights that are another's count where they stand."""
    parameters = sum(map(prod, graph.own(vertex).values()))
    return LayerCost(parameters, vertex.layer.macs(*vertex.takes), _sum(map(size_in_bytes, vertex.gives)))


def size_in_bytes(x: Tensor) -> Dim:
    """Memory of a tensor for one example."""
    return product(x.shape[1:] if x.batched else x.shape) * ITEM_BYTES[x.dtype]


@dataclass(frozen=True, slots=True)
class Peak:
    """The moment of inference in which most memory lives."""

    size: Dim
    layer: str = ""  # that runs in it; none where the inputs alone are the most

    def tensors(self, graph: Graph) -> list[Port]:
        """What lives in it."""
        last, live = _last_consumers(graph), dict.fromkeys(map(Port, graph.inputs))
        for vertex in graph:
            live |= dict.fromkeys(Port(vertex.name, index) for index in range(len(vertex.gives)))
            if vertex.name == self.layer:
                break
            for port in last[vertex.name]:
                live.pop(port, None)
        return list(live) if self.layer else [Port(name) for name in graph.inputs]


def peak_of_live_tensors(graph: Graph) -> Peak:
    """The most memory that lives at once in inference: a tensor is freed after the last layer that takes it.

    Symbolic sizes are compared at a nominal length.
    """
    last = _last_consumers(graph)
    live: Dim = _sum(size_in_bytes(x) for x in graph.inputs.values())
    peak, highest = Peak(live), nominal(live)
    for vertex in graph:
        live = live + _sum(map(size_in_bytes, vertex.gives))
        if nominal(live) > highest:
            peak, highest = Peak(live, vertex.name), nominal(live)
        live = live - _sum(size_in_bytes(graph.tensor(port)) for port in last[vertex.name])
    return peak


def human(n: Dim, units: tuple[str, ...] = THOUSANDS, base: int = 1000) -> str:
    """A number with three digits and a unit: `61.7k`, `1.23G`, `36.9k·T` where it depends on a length."""
    if isinstance(n, Size):
        return _human_size(n, units, base)
    value, rank = float(n), 0
    while round(value) >= base and rank < len(units) - 1:
        value, rank = value / base, rank + 1
    digits = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    space = " " if base == 1024 else ""
    return f"{digits}{space}{units[rank]}"


def human_bytes(n: Dim) -> str:
    """Memory with a unit: `241 KiB`."""
    return human(n, BINARY, 1024)


def _human_size(n: Size, units: tuple[str, ...], base: int) -> str:
    text = ""
    for atoms, factor in n.terms:
        sign = ("-" if factor < 0 else "") if not text else (" - " if factor < 0 else " + ")
        names = "·".join(atom if isinstance(atom, str) else f"({atom})" for atom in atoms)
        number = "" if abs(factor) == 1 and base == 1000 else f"{human(abs(factor), units, base)}·"
        text += f"{sign}{number}{names}"
    if not n.constant:
        return text
    return f"{text} {'-' if n.constant < 0 else '+'} {human(abs(n.constant), units, base)}"


def _last_consumers(graph: Graph) -> dict[str, list[Port]]:
    """For each vertex, the ports that no later one takes; what leaves the network is never freed."""
    taken_last: dict[Port, str] = {}
    for vertex in graph:
        taken_last |= {Port(vertex.name, index): vertex.name for index in range(len(vertex.gives))}
        taken_last |= dict.fromkeys(vertex.inputs, vertex.name)
    found: dict[str, list[Port]] = {vertex.name: [] for vertex in graph}
    kept = frozenset(graph.outputs.values())
    for port, name in taken_last.items():
        if port not in kept:
            found[name].append(port)
    return found


def nominal(n: Dim) -> int:
    """A size with the nominal length for every length that is known only when the model runs."""
    lengths = dict.fromkeys(symbols_in(n), NOMINAL_LENGTH)
    value = bind(n, lengths)
    assert isinstance(value, int)
    return value


def _sum(sizes: Iterable[Dim]) -> Dim:
    total: Dim = 0
    for size in sizes:
        total = total + size
    return total
