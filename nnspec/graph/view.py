"""The network as rows or boxes: every layer in its place, with the blocks below some depth folded into one each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from nnspec.diagnostics import Span
from nnspec.graph.cost import Cost
from nnspec.graph.graph import Graph, Port, Vertex
from nnspec.graph.label import call, output_name
from nnspec.graph.tree import Part, name_in, tree
from nnspec.shapes import Dim


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A layer, a folded part, or the heading of a part whose items follow."""

    inner: Vertex | Part
    around: tuple[Part, ...]  # from the whole network inwards
    folded: bool = False

    @property
    def path(self) -> str:
        return self.inner.path if isinstance(self.inner, Part) else self.inner.name

    @property
    def name(self) -> str:
        """What it is called within the part around it: `stage3`, `0`, `conv2d_1`."""
        return name_in(self.path, self.around[-1])

    @property
    def level(self) -> int:
        """1 for the entries of the spec's own `layers`."""
        return len(self.around)

    @property
    def is_heading(self) -> bool:
        return isinstance(self.inner, Part) and not self.folded

    @property
    def turns(self) -> str:
        """` ×6` behind a repeat."""
        return f" ×{self.inner.turns}" if isinstance(self.inner, Part) and self.inner.turns else ""

    @property
    def call(self) -> str:
        return self.inner.call if isinstance(self.inner, Part) else call(self.inner.layer)

    @property
    def span(self) -> Span:
        return self.inner.span

    @property
    def vertices(self) -> list[Vertex]:
        return list(self.inner) if isinstance(self.inner, Part) else [self.inner]


@dataclass(frozen=True, eq=False)
class View:
    """The items of a network, in the spec's order."""

    graph: Graph
    items: Sequence[Item]

    @cached_property
    def holder(self) -> Mapping[str, Item]:
        """For each layer the item that shows it."""
        return {vertex.name: item for item in self.items if not item.is_heading for vertex in item.vertices}

    def takes(self, item: Item) -> list[Port]:
        """What comes into an item from outside, in order; a layer may take the same twice."""
        if isinstance(item.inner, Vertex):
            return list(item.inner.inputs)
        own = {vertex.name for vertex in item.vertices}
        ports = (port for vertex in item.vertices for port in vertex.inputs)
        return list(dict.fromkeys(port for port in ports if port.vertex not in own))

    def gives(self, item: Item) -> list[Port]:
        """What comes out of an item: of a folded part only what is taken outside, in order."""
        if isinstance(item.inner, Vertex):
            return [Port(item.inner.name, index) for index in range(len(item.inner.gives))]
        own = {vertex.name for vertex in item.vertices}
        ports = [Port(vertex.name, index) for vertex in item.vertices for index in range(len(vertex.gives))]
        taken = [port for port in ports if not own.issuperset(self.graph.consumers.get(port, ()))]
        return taken or ports[-1:]

    def name(self, port: Port, item: Item | None = None) -> str:
        """What a port is called where an item takes it: by the item beside it that it comes from."""
        giver = self.holder.get(port.vertex)
        if giver is None:
            return port.vertex
        here = item.around if item else giver.around[:1]
        common = [a for a, b in zip(giver.around, here, strict=False) if a is b]
        if len(common) < len(giver.around):
            return name_in(giver.around[len(common)].path, common[-1])
        if isinstance(giver.inner, Part) or not port.output:
            return giver.name
        return name_in(output_name(giver.inner, port.output), common[-1])

    def cost(self, item: Item, total: Cost) -> tuple[int, Dim, Dim]:
        """Parameters, multiply-accumulates and memory of outputs of all layers in an item."""
        layers = [total.layers[vertex.name] for vertex in item.vertices]
        macs: Dim = 0
        activations: Dim = 0
        for layer in layers:
            macs, activations = macs + layer.macs, activations + layer.activations
        return sum(layer.parameters for layer in layers), macs, activations

    def only_trained(self, item: Item) -> bool:
        return self.graph.only_trained.issuperset(vertex.name for vertex in item.vertices)


def view(graph: Graph, depth: int | None = None) -> View:
    """Every layer, or those at most `depth` deep, with each part at that depth as one item.

    A repeat of stages adds nothing to the depth: one row for all of them would say little.
    """
    return View(graph, list(_items(tree(graph), (), depth)))


def _items(part: Part, around: tuple[Part, ...], depth: int | None) -> Iterator[Item]:
    here = (*around, part)
    level = sum(not outer.are_stages for outer in here)
    for inner in part.items:
        folded = isinstance(inner, Part) and depth is not None and level >= depth and not inner.are_stages
        yield Item(inner, here, folded)
        if isinstance(inner, Part) and not folded:
            yield from _items(inner, here, depth)
