"""Which layer of one network is which of another, and what is different about it."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnspec.graph.compare.align import align
from nnspec.graph.graph import Graph, Port, Vertex

Change = tuple[Any, Any]  # the value before, and after; None where there is none
OF_COMBINATORS = frozenset(["body", "shortcut", "add", "merge", "paths"])  # parts of a path that nobody chose


@dataclass(frozen=True, slots=True)
class Pair:
    """A layer that both networks have."""

    before: Vertex
    after: Vertex
    arguments: Mapping[str, Change] = field(default_factory=dict)
    renamed: bool = False  # a name that somebody chose is another one
    rewired: bool = False  # it takes another layer that both have

    @property
    def retyped(self) -> bool:
        return self.before.kind != self.after.kind

    @property
    def reshaped(self) -> bool:
        return self.before.gives != self.after.gives

    @property
    def chosen(self) -> bool:
        """Whether somebody changed something here; a shape may only follow."""
        return bool(self.retyped or self.arguments or self.renamed or self.rewired)

    @property
    def different(self) -> bool:
        return self.chosen or self.reshaped


def pair_layers(before: Graph, after: Graph) -> list[Pair]:
    """The layers that both have: of one name where somebody chose it, otherwise by their order."""
    found = _paired_within_names(before, after)
    for key in (_exact, _kind):
        taken = {name for _, one in found for name in (one.name,)}
        had = {one.name for one, _ in found}
        left = [vertex for vertex in before if vertex.name not in had]
        right = [vertex for vertex in after if vertex.name not in taken]
        found += _aligned(left, right, key)
    partner = {one.name: other.name for one, other in found}
    backwards = {after: before for before, after in partner.items()}
    names = _Chosen(before), _Chosen(after)
    order = {name: place for place, name in enumerate(after.vertices)}
    pairs = (_compared(one, other, names, partner, backwards) for one, other in found)
    return sorted(pairs, key=lambda pair: order[pair.after.name])


def _paired_within_names(before: Graph, after: Graph) -> list[tuple[Vertex, Vertex]]:
    """Layers below one chosen name, first those that are equal and then those of one type in between."""
    left, right = _groups(before), _groups(after)
    found: list[tuple[Vertex, Vertex]] = []
    for name in left.keys() & right.keys():
        ours, theirs = left[name], right[name]
        if len(ours) == len(theirs) == 1:
            found.append((ours[0], theirs[0]))
            continue
        exact = align([_exact(vertex) for vertex in ours], [_exact(vertex) for vertex in theirs])
        found += [(ours[i], theirs[j]) for i, j in exact]
        for part in _between(exact, ours, theirs):
            found += _aligned(*part, _kind)
    return found


def _between(
    pairs: Sequence[tuple[int, int]], ours: Sequence[Vertex], theirs: Sequence[Vertex]
) -> Iterator[tuple[Sequence[Vertex], Sequence[Vertex]]]:
    """What stands between neighbouring pairs."""
    left = right = 0
    for i, j in [*pairs, (len(ours), len(theirs))]:
        yield ours[left:i], theirs[right:j]
        left, right = i + 1, j + 1


def _aligned(
    left: Sequence[Vertex], right: Sequence[Vertex], key: Callable[[Vertex], Hashable]
) -> list[tuple[Vertex, Vertex]]:
    return [(left[i], right[j]) for i, j in align([key(x) for x in left], [key(x) for x in right])]


def _groups(graph: Graph) -> dict[str, list[Vertex]]:
    chosen, groups = _Chosen(graph), dict[str, list[Vertex]]()
    for vertex in graph:
        groups.setdefault(chosen.part(vertex), []).append(vertex)
    return groups


class _Chosen:
    """Tells the names that somebody chose from those that nnspec gave: `conv2d_1`, `basic_2`."""

    def __init__(self, graph: Graph) -> None:
        self.stems = {scope.title.lower() for scope in graph.scopes.values()} | {"residual", "branches"}

    def part(self, vertex: Vertex) -> str:
        """The path up to the last name that was chosen, with the turn of a repeat: `stage1.0`."""
        parts = vertex.name.split(".")
        chosen = 0
        for place, part in enumerate(parts, start=1):
            kind = vertex.kind if place == len(parts) else ""
            if self._is_chosen(part, kind) or (part.isdecimal() and chosen == place - 1 and chosen):
                chosen = place
        return ".".join(parts[:chosen])

    def _is_chosen(self, part: str, kind: str) -> bool:
        if part.isdecimal() or part in OF_COMBINATORS:
            return False
        stem, _, number = part.rpartition("_")
        return not (number.isdecimal() and (stem in self.stems or stem == kind.lower()))


def _exact(vertex: Vertex) -> Hashable:
    return vertex.kind, repr(vertex.layer)


def _kind(vertex: Vertex) -> Hashable:
    return vertex.kind


def _compared(
    one: Vertex,
    other: Vertex,
    names: tuple[_Chosen, _Chosen],
    partner: Mapping[str, str],
    backwards: Mapping[str, str],
) -> Pair:
    """A pair with what is different about it."""
    same = one.kind == other.kind
    arguments = dict(_arguments(one, other)) if same else {}
    renamed = one.name != other.name and names[0].part(one) != names[1].part(other)
    return Pair(one, other, arguments, renamed, _is_rewired(one, other, partner, backwards))


def _arguments(one: Vertex, other: Vertex) -> Iterator[tuple[str, Change]]:
    for name in type(other.layer).model_fields:
        values = getattr(one.layer, name), getattr(other.layer, name)
        if values[0] != values[1]:
            yield name, values


def _is_rewired(one: Vertex, other: Vertex, partner: Mapping[str, str], backwards: Mapping[str, str]) -> bool:
    """Whether it takes something else, where that was there before and what it took is there still."""
    if len(one.inputs) != len(other.inputs):
        return True
    return any(_moved(left, right, partner, backwards) for left, right in zip(one.inputs, other.inputs, strict=True))


def _moved(left: Port, right: Port, partner: Mapping[str, str], backwards: Mapping[str, str]) -> bool:
    stays, was_there = left.vertex in partner, right.vertex in backwards
    if not stays or not was_there:
        return False
    return Port(partner[left.vertex], left.output) != right


def unpaired(graph: Graph, names: Iterable[str]) -> list[Vertex]:
    """The layers that are none of these."""
    known = frozenset(names)
    return [vertex for vertex in graph if vertex.name not in known]
