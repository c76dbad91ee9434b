"""What a picture of the network shows: a box for each layer or folded block, arrows, and frames around blocks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from nnspec.graph.cost import Cost, cost, human
from nnspec.graph.graph import Graph, Port, Vertex
from nnspec.graph.label import (
    borrowed,
    call_arguments,
    main_argument,
    other_arguments,
    output_name,
    scope_arguments,
    shape,
)
from nnspec.graph.tree import Part
from nnspec.graph.view import Item, View, view
from nnspec.layers.find import family

SPINE, SPINE_AT_JOIN = 8, 2

ROLES = {
    "weights": "linear conv conv_transpose embedding learnt",
    "sequence": "recurrent cells positions attention transformer transformer_stack",
    "norm": "norm batchnorm dropout vision",
    "activation": "activation piecewise softmax gate pointwise",
    "shape": "reshape axes slicing einops fold pool adaptive_pool lp_pool fractional_pool unpool reduce "
    "pad edge_pad upsample shuffle sampling",
    "combine": "combine losses einsum arithmetic compare distance",
}
ROLE_OF = {name: role for role, names in ROLES.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class Box:
    """A node of the picture. Its key is free of a user's text."""

    key: str
    title: str
    main: str
    detail: str  # lines
    name: str  # within the frame around it
    role: str
    dashed: bool = False  # trained, and not exported
    path: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """A block or a combinator around what stands in it."""

    key: str
    title: str
    name: str
    items: "tuple[Box | Frame, ...]"


@dataclass(frozen=True, slots=True)
class Arrow:
    """An edge of the picture."""

    tail: str
    head: str
    label: str
    weight: int = 1  # how much it wants to be straight
    dashed: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """A network, with what stands deeper than `depth` folded into one box each."""

    graph: Graph
    depth: int | None = None

    @cached_property
    def items(self) -> list[Box | Frame]:
        """Boxes and frames in the spec's order, inputs first and outputs last."""
        only = self.graph.only_trained
        inputs = [Box(key, name, "", "", "", "input", name in only) for name, key in self._inputs.items()]
        outputs = [
            Box(f"out{index}", name, "", "", "", "output", name in self.graph.auxiliary)
            for index, name in enumerate(self.graph.outputs)
        ]
        return [*inputs, *self._framed(list(self._view.items), 1, ""), *outputs]

    @cached_property
    def boxes(self) -> list[Box]:
        return list(_boxes_in(self.items))

    @cached_property
    def arrows(self) -> list[Arrow]:
        return list(self._arrows())

    @cached_property
    def span(self) -> int:
        """Rows that arrows cross, which is what laying out a picture costs: each box stands below all it takes."""
        row = {box.key: 0 for box in self.boxes}
        edges = list(dict.fromkeys((arrow.tail, arrow.head) for arrow in self.arrows))
        for tail, head in edges:  # in the spec's order, so what a box takes has its row
            row[head] = max(row[head], row[tail] + 1)
        return sum(row[head] - row[tail] for tail, head in edges)

    @cached_property
    def _view(self) -> View:
        return view(self.graph, self.depth)

    @cached_property
    def _inputs(self) -> dict[str, str]:
        return {name: f"in{index}" for index, name in enumerate(self.graph.inputs)}

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.graph.vertices)}

    @cached_property
    def _cost(self) -> Cost:
        return cost(self.graph)

    def _framed(self, items: list[Item], level: int, frame: str) -> Iterator[Box | Frame]:
        """Items of one level, each heading with what follows it deeper down; `frame` is the path around them."""
        index = 0
        while index < len(items):
            item, index = items[index], index + 1
            if not item.is_heading:
                yield self._box(item, frame)
                continue
            end = next((i for i in range(index, len(items)) if items[i].level <= level), len(items))
            framed = bool(item.call and not item.turns)
            inner = self._framed(items[index:end], level + 1, f"{item.path}." if framed else frame)
            index = end
            if framed:
                yield Frame(f"f{self._key(item)}_{level}", item.call, item.path.removeprefix(frame), tuple(inner))
            else:
                yield from inner  # a repeat and a combinator's lists have no frame of their own

    def _box(self, item: Item, frame: str) -> Box:
        dashed, name, path = self._view.only_trained(item), item.path.removeprefix(frame), item.path
        vertex = item.inner
        if isinstance(vertex, Part):
            title, main, detail = self._folded(item, vertex)
            return Box(self._key(item), title, main, detail, name, "block", dashed, path)
        main, detail = main_argument(vertex.layer), other_arguments(vertex.layer)
        if owners := borrowed(self.graph, vertex):
            detail = f"the weights of {', '.join(owners)}"
        return Box(self._key(item), vertex.kind, main, detail, name, role(vertex), dashed, path)

    def _folded(self, item: Item, part: Part) -> tuple[str, str, str]:
        """Title, first argument and details of a part that is one box."""
        block, layer = part.made_of, part.first.layer
        if block:
            title, arguments = block.kind or item.name, scope_arguments(block)
        else:
            alike = item.call != type(layer).__name__
            title, arguments = type(layer).__name__, call_arguments(layer) if alike else []
        main = arguments[0] if arguments and "=" not in arguments[0] else ""
        detail = [", ".join(arguments[1:] if main else arguments), self._sum(item, part)]
        return title, f"{main}{item.turns}".strip(), "\n".join(line for line in detail if line)

    def _sum(self, item: Item, part: Part) -> str:
        """How much a part is, or whose weights it has."""
        if part.scope and part.scope.shares:
            return f"the weights of {part.scope.shares}"
        count, (parameters, _, _) = len(item.vertices), self._view.cost(item, self._cost)
        layers = f"{count} layer{'s' * (count != 1)}"
        return f"{layers}, {human(parameters)} parameters" if parameters else layers

    def _key(self, item: Item) -> str:
        return f"n{self._numbers[item.vertices[0].name]}"

    def _key_of(self, port: Port) -> str:
        giver = self._view.holder.get(port.vertex)
        return self._key(giver) if giver else self._inputs[port.vertex]

    def _arrows(self) -> Iterator[Arrow]:
        previous = ""
        for item in self._view.items:
            # A tensor of the network's own asks its input for nothing but the number of examples.
            if item.is_heading or (isinstance(item.inner, Vertex) and item.inner.layer.is_tensor):
                continue
            key, taken = self._key(item), self._view.takes(item)
            for port in taken:
                tail = self._key_of(port)
                # What follows the layer before makes the straight spine of the picture; shortcuts bend around it.
                weight = 1 if tail != previous else SPINE if len(taken) == 1 else SPINE_AT_JOIN
                yield Arrow(tail, key, self._flow(port), weight, self._view.only_trained(item))
            previous = key
        for index, (name, port) in enumerate(self.graph.outputs.items()):
            yield Arrow(self._key_of(port), f"out{index}", self._flow(port), dashed=name in self.graph.auxiliary)

    def _flow(self, port: Port) -> str:
        """What stands on an edge: the shape, and the output's name where it is not the first."""
        text = shape(self.graph.tensor(port))
        if port.output == 0:
            return text
        return f"{output_name(self.graph.vertices[port.vertex], port.output).rpartition('.')[2]} {text}"


def role(vertex: Vertex) -> str:
    """What a layer does, which chooses its colour."""
    try:
        return ROLE_OF.get(family(vertex.kind), "other")
    except KeyError:  # a layer class that is handed over in Python and registered nowhere
        return "other"


def _boxes_in(items: Iterable[Box | Frame]) -> Iterator[Box]:
    for item in items:
        if isinstance(item, Frame):
            yield from _boxes_in(item.items)
        else:
            yield item
