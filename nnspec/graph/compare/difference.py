"""What is different between two networks."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nnspec.graph.compare.layers import Pair, pair_layers, unpaired
from nnspec.graph.compare.values import ValueChange, changed_values
from nnspec.graph.compare.weights import Weights, compare_weights
from nnspec.graph.cost import Cost, cost
from nnspec.graph.graph import Graph, Scope, Vertex
from nnspec.graph.network import Network


@dataclass(frozen=True, slots=True)
class Removed:
    """A layer that only the first network has; `within` is the largest block that is gone as a whole."""

    vertex: Vertex
    within: Scope | None


@dataclass(frozen=True, slots=True)
class Added:
    """A layer that only the second network has; `within` is the largest block that is new as a whole."""

    vertex: Vertex
    within: Scope | None


@dataclass(frozen=True)
class Difference:
    """From one network to another. Layers come in the order of the second, a removed one where it stood."""

    layers: tuple[Removed | Added | Pair, ...]
    costs: tuple[Cost, Cost]
    batches: tuple[int | None, int | None]  # None: all examples at once
    values: tuple[ValueChange, ...]
    weights: Weights

    @property
    def is_empty(self) -> bool:
        """Whether both describe the same network, trained in the same way."""
        return not (self.layers or self.values)


def compare(before: Network, after: Network) -> Difference:
    """What a change from one network to the other does."""
    pairs = pair_layers(before.graph, after.graph)
    batches = [network.spec.train.batch_size for network in (before, after)]
    first, second = (size if isinstance(size, int) else None for size in batches)
    return Difference(
        layers=tuple(_in_order(before.graph, after.graph, pairs)),
        costs=(cost(before.graph, before.spec.optimizer), cost(after.graph, after.spec.optimizer)),
        batches=(first, second),
        values=tuple(changed_values(before.spec, after.spec)),
        weights=compare_weights(before.graph, after.graph, pairs),
    )


def _in_order(before: Graph, after: Graph, pairs: Sequence[Pair]) -> list[Removed | Added | Pair]:
    """What is different, where it stands in the second network."""
    numbers = {name: number for number, name in enumerate(after.vertices)}
    found: list[tuple[int, Removed | Added | Pair]] = [
        (numbers[pair.after.name], pair) for pair in pairs if pair.different
    ]
    partner = {pair.before.name: numbers[pair.after.name] for pair in pairs}
    removed, added = unpaired(before, partner), unpaired(after, (pair.after.name for pair in pairs))
    gone, new = _whole_scopes(before, removed), _whole_scopes(after, added)
    without = {vertex.name for vertex in removed}
    last = -1
    for vertex in before:
        last = partner.get(vertex.name, last)
        if vertex.name in without:
            found.append((last, Removed(vertex, _outermost(vertex, gone))))
    found += [(numbers[vertex.name], Added(vertex, _outermost(vertex, new))) for vertex in added]
    return [item for _, item in sorted(found, key=lambda one: one[0])]


def _whole_scopes(graph: Graph, among: Iterable[Vertex]) -> dict[str, Scope]:
    """The blocks of which every layer is among these."""
    every, some = (Counter(path for vertex in part for path in _around(vertex)) for part in (graph, among))
    return {path: scope for path, scope in graph.scopes.items() if path and every[path] == some[path]}


def _outermost(vertex: Vertex, scopes: Mapping[str, Scope]) -> Scope | None:
    return next((scopes[path] for path in _around(vertex) if path in scopes), None)


def _around(vertex: Vertex) -> list[str]:
    """The paths of the blocks it stands in, the outermost first."""
    parts = vertex.name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]
