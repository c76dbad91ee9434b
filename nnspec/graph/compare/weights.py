"""Which weights of one network go into another: parameters and buffers, by their names in the state dict."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

from nnspec.graph.compare.layers import Pair
from nnspec.graph.graph import Graph, Vertex
from nnspec.graph.learning import tensor_name
from nnspec.graph.start import state
from nnspec.layers.layer import Shape


@dataclass(frozen=True, slots=True)
class Weights:
    """What becomes of each tensor of the first network's state dict."""

    as_they_are: tuple[str, ...]  # same name, same shape
    reshaped: Mapping[str, tuple[Shape, Shape]]
    left_over: tuple[str, ...]  # the second network has no such name
    missing: tuple[str, ...]  # the first network has no such name
    map: Mapping[str, str]  # from a name of the first to one of the second, where that lets more load
    numbers: int  # how many numbers load as they are
    numbers_before: int  # of how many
    loaded_by_map: int = 0  # how many tensors load with the map


def compare_weights(before: Graph, after: Graph, pairs: Iterable[Pair]) -> Weights:
    """What loads of the first network's weights into the second."""
    ours, theirs = state_shapes(before), state_shapes(after)
    same = tuple(name for name, shape in ours.items() if theirs.get(name) == shape)
    renames, loaded = _renames(pairs, ours, theirs)
    return Weights(
        as_they_are=same,
        reshaped={name: (ours[name], theirs[name]) for name in ours if name in theirs and name not in set(same)},
        left_over=tuple(name for name in ours if name not in theirs),
        missing=tuple(name for name in theirs if name not in ours),
        map=renames if loaded > len(same) else {},
        numbers=sum(prod(ours[name]) for name in same),
        numbers_before=sum(map(prod, ours.values())),
        loaded_by_map=loaded if loaded > len(same) else len(same),
    )


def state_shapes(graph: Graph) -> dict[str, Shape]:
    """Every name of the state dict with its shape, each tensor once."""
    return {name: stored.shape for name, stored in state(graph).items()}


def _shapes(vertex: Vertex) -> dict[str, Shape]:
    layer = vertex.layer
    found = layer.parameters(*vertex.takes) | layer.buffers(*vertex.takes)
    return {tensor_name(vertex.name, name): shape for name, shape in found.items()}


def _renames(
    pairs: Iterable[Pair], ours: Mapping[str, Shape], theirs: Mapping[str, Shape]
) -> tuple[dict[str, str], int]:
    """New names for tensors of layers that both have, and how many load when all these go where they belong."""
    renames: dict[str, str] = {}
    loaded = 0
    for pair in pairs:
        for name, shape in _shapes(pair.before).items():
            new = f"{pair.after.name}{name.removeprefix(pair.before.name)}"
            if name in ours and theirs.get(new) == shape:
                loaded += 1
                renames |= {} if new == name else {name: new}
    return renames, loaded
