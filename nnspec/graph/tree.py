"""The network as nested parts: what stands in which block, for tables, drawings and sums."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Union

from nnspec.diagnostics import Span
from nnspec.graph.graph import Graph, Scope, Vertex
from nnspec.graph.label import call, scope_call

PATHS = "paths"  # what Branches numbers are paths side by side, not turns in a row


@dataclass(slots=True, eq=False)
class Part:
    """A block, a combinator, one of its lists, all turns of a repeat, or the whole network (whose path is empty)."""

    path: str
    scope: Scope | None = None  # none: the whole network, and the turns of a repeat
    items: list[Union["Part", Vertex]] = field(default_factory=list)

    def __iter__(self) -> Iterator[Vertex]:
        """Every layer in it, in order."""
        for item in self.items:
            if isinstance(item, Part):
                yield from item
            else:
                yield item

    @property
    def turns(self) -> int:
        """How many turns of a repeat it holds; 0 where it is none."""
        return len(self.items) if self.path and self.scope is None else 0

    @property
    def are_stages(self) -> bool:
        """Whether it is a repeat whose turns are given other arguments and give other shapes."""
        if not self.turns:
            return False
        turns = [item for item in self.items if isinstance(item, Part)]
        arguments = [turn.scope.arguments for turn in turns if turn.scope]
        shapes = {last.gives for turn in turns for last in [*turn][-1:]}
        return len(shapes) > 1 and any(other != arguments[0] for other in arguments[1:])

    @property
    def first(self) -> Vertex:
        return next(iter(self))

    @property
    def span(self) -> Span:
        """Where the entry that it is made of stands, as nearly as is known."""
        if self.scope and self.scope.span:
            return self.scope.span
        item = self.items[0]
        return item.span

    @property
    def call(self) -> str:
        """`bottleneck(64, stride=2)`; for a repeat what its turns share; nothing for one of a combinator's lists."""
        if self.made_of:
            return scope_call(self.made_of)
        calls = {call(item.layer) for item in self.items if isinstance(item, Vertex)}
        return calls.pop() if len(calls) == 1 else self.first.kind

    @property
    def made_of(self) -> Scope | None:
        """The block that it is, or that its turns are, with what all of them are given; none for turns of a layer."""
        scopes = [item.scope for item in self.items if isinstance(item, Part) and item.scope]
        if self.scope or not scopes:
            return self.scope
        first, *others = scopes
        shared = {
            name: value
            for name, value in first.arguments.items()
            if all(name in other.arguments and other.arguments[name] == value for other in others)
        }
        return replace(first, arguments=shared)


def tree(graph: Graph) -> Part:
    """The network's layers, each in the parts that it stands in."""
    whole = Part("")
    parts = {"": whole}
    for vertex in graph:
        around = whole
        for path in _paths(vertex.name, graph):
            if path not in parts:
                parts[path] = Part(path, graph.scopes.get(path))
                around.items.append(parts[path])
            around = parts[path]
        around.items.append(vertex)
    return whole


def name_in(path: str, around: Part) -> str:
    """A path as it is called within a part."""
    return path[len(around.path) + 1 :] if around.path else path


def _paths(name: str, graph: Graph) -> Iterator[str]:
    """The paths of the parts that a layer stands in, from the outermost inwards."""
    leaves = name.split(".")
    for end in range(1, len(leaves)):
        path = ".".join(leaves[:end])
        if path in graph.scopes or (leaves[end].isdecimal() and leaves[end - 1] != PATHS):
            yield path
