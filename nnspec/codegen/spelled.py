"""Arguments written out though they have their defaults: a stride of 1 beside a module whose stride is 2.

So both are modules of one class, whose constructor takes the stride.
"""

from collections.abc import Iterable, Mapping

from nnspec.codegen.parts import Part, inside
from nnspec.graph import Vertex

NUMBERS = (int, float)
Spelled = Mapping[str, frozenset[str]]  # arguments by the layer's path


def spelled(parts: Iterable[Part]) -> Spelled:
    """The numbers that a layer must write since the same layer of another part of this title does."""
    layers = [(part, item) for part in parts for item in part.items if isinstance(item, Vertex)]
    places = {item.name: (part.scope.title, inside(item, part), item.kind) for part, item in layers}
    written: dict[tuple[str, str, str], set[str]] = {}
    for _, item in layers:
        written.setdefault(places[item.name], set()).update(_numbers(item))
    wanted = {item.name: frozenset(written[places[item.name]] - _numbers(item)) for _, item in layers}
    return {name: arguments for name, arguments in wanted.items() if arguments}


def _numbers(vertex: Vertex) -> set[str]:
    """The arguments that are numbers of their defaults' kind, and differ from them."""
    fields, changed = type(vertex.layer).model_fields, vertex.layer.changed()
    numbers = {name: value for name, value in changed.items() if type(value) in NUMBERS and name in fields}
    return {name for name, value in numbers.items() if type(fields[name].get_default()) is type(value)}
