"""The graph as nested parts, each of which becomes a module: the network, the blocks in it, the bodies in those."""

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from itertools import count

from nnspec.graph import Graph, Port, Scope, Vertex
from nnspec.pycode import is_identifier


@dataclass(slots=True, eq=False)
class Part:
    """One module of the source: what it takes, its layers and inner parts in order, and what it gives."""

    path: str
    scope: Scope
    inside: str = ""  # its path within the part around it
    items: "list[Vertex | Part]" = field(default_factory=list)
    takes: dict[Port, None] = field(default_factory=dict)
    passes: tuple[Port, ...] = ()  # what a module that is another's too is called with
    gives: dict[Port, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.takes |= dict.fromkeys(self.scope.inputs)

    def holds(self, path: str) -> bool:
        """Whether a path of the network stands in it."""
        return not self.path or path.startswith(f"{self.path}.")

    def within(self, path: str) -> str:
        """A path of the network as one of this part."""
        return path[len(self.path) + 1 :] if self.path else path

    @property
    def inputs(self) -> dict[str, Port]:
        """What it takes, by the names that `forward` has for them."""
        names: dict[str, Port] = {}
        for port in self.takes:
            own = self.scope.inputs.get(port) or ("x" if len(self.takes) == 1 else variable(port.vertex))
            names[free(own, names)] = port
        return names


def split(graph: Graph) -> list[Part]:
    """Every part of the network, the whole first, inner parts after those around them. What is dead is left out."""
    whole = Part("", Scope("", graph.name, {Port(name): name for name in graph.inputs}))
    parts = {"": whole}
    chains: dict[str, list[Part]] = {name: [whole] for name in graph.inputs}
    for vertex in graph:
        if vertex.name in graph.live:
            chain = chains[vertex.name] = _chain(vertex.name, graph, parts)
            chain[-1].items.append(vertex)
            for port in vertex.inputs:
                _cross(port, chains[port.vertex], chain)
    for port in graph.outputs.values():
        _cross(port, chains[port.vertex], [])
    for part in list(parts.values())[:0:-1]:
        part.takes = {port: None for port in part.takes if port in _taken_inside(part)}
    _share(parts, graph)
    return list(parts.values())


def inside(item: Vertex | Part, part: Part) -> str:
    """An item's path within its part: `conv1`, or `stage.0` for a turn of a repeat."""
    return item.inside if isinstance(item, Part) else item.name[len(part.path) + 1 if part.path else 0 :]


def taken_by(item: Vertex | Part) -> tuple[Port, ...]:
    """What a layer or an inner part takes, in order."""
    if isinstance(item, Part):
        return item.passes or tuple(item.takes)
    return item.inputs


def home(item: Vertex | Part) -> str:
    """The path of an item's module: its own, or that of the item it shares its weights with."""
    return (item.scope.shares or item.path) if isinstance(item, Part) else item.home


def is_shared(item: Vertex | Part) -> bool:
    """Whether an item's module is made for another one."""
    return home(item) != (item.path if isinstance(item, Part) else item.name)


def borrowed(part: Part) -> Iterator[tuple[str, str]]:
    """The items of inner parts that call a module from outside: each path, and the module's."""
    for inner in part.items:
        if not isinstance(inner, Part) or is_shared(inner):
            continue
        yield from borrowed(inner)
        for item in inner.items:
            has_module = isinstance(item, Part) or item.layer.module(*item.takes) is not None
            if has_module and is_shared(item) and not home(item).startswith(f"{inner.path}."):
                yield item.path if isinstance(item, Part) else item.name, home(item)


def _share(parts: dict[str, Part], graph: Graph) -> None:
    """Let modules that are called in several places give what any place takes, and be passed what they take."""
    shared = [(part, parts[part.scope.shares]) for part in parts.values() if part.scope.shares]
    for part, owner in shared:
        owner.gives |= {_moved(port, part, owner): None for port in part.gives}
    for part, owner in shared:
        part.gives = {_moved(port, owner, part): None for port in owner.gives}
        passed = _passed(part, owner, graph)
        part.passes = tuple(passed[port] for port in owner.takes)


def _moved(port: Port, part: Part, other: Part) -> Port:
    """The port of one part that is at the same place of the other."""
    return Port(other.path + port.vertex[len(part.path) :], port.output)


def _passed(part: Part, owner: Part, graph: Graph) -> dict[Port, Port]:
    """What arrives in a part, by what arrives in the other at the same place."""
    found: dict[Port, Port] = {}
    for vertex in _vertices(part):
        other = graph.vertices[owner.path + vertex.name[len(part.path) :]]
        found |= dict(zip(other.inputs, vertex.inputs, strict=True))
    return found


def _vertices(part: Part) -> Iterator[Vertex]:
    for item in part.items:
        if isinstance(item, Part):
            yield from _vertices(item)
        else:
            yield item


def variable(path: str) -> str:
    """A Python name for what stands at a path: `stage.0` is `stage_0`."""
    leaf = path
    if "." in path:
        *_, before, last = path.split(".")
        leaf = f"{before}_{last}" if last.isdecimal() else last
    assert is_identifier(leaf), leaf
    return leaf


def _chain(name: str, graph: Graph, parts: dict[str, Part]) -> list[Part]:
    """The parts that a layer stands in, from the whole inwards."""
    chain = [parts[""]]
    for end in (index for index, letter in enumerate(name) if letter == "."):
        path = name[:end]
        if path not in graph.scopes:
            continue
        if path not in parts:
            around = chain[-1].path
            parts[path] = Part(path, graph.scopes[path], path[len(around) + 1 if around else 0 :])
            chain[-1].items.append(parts[path])
        chain.append(parts[path])
    return chain


def _cross(port: Port, tail: list[Part], head: list[Part]) -> None:
    """Let a tensor out of the parts it comes from, and into those where it is taken."""
    for part in tail:
        if part not in head:
            part.gives[port] = None
    for part in head:
        if part not in tail:
            part.takes[port] = None


def _taken_inside(part: Part) -> set[Port]:
    return {port for item in part.items for port in taken_by(item)}


def free(wanted: str, taken: Container[str]) -> str:
    """The name, or the first with a number behind it that nothing else has."""
    if wanted not in taken:
        return wanted
    return next(found for number in count(2) if (found := f"{wanted}_{number}") not in taken)
