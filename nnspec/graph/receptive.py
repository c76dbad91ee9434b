"""Receptive fields: what of the network's inputs reaches each position of a tensor.

Along an axis of an input, position i of a tensor sees the positions from i * stride + start on, `reach` of them (holes
of dilated windows counted). A window of k positions, d apart, on what reaches r with steps of s reaches r + (k - 1) * d
* s; its stride multiplies the steps. Araujo, Norris & Sim, Computing receptive fields of convolutional neural
networks, 2019.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

from nnspec.graph.graph import Graph, Port, Vertex
from nnspec.layers.along import Along, Sees
from nnspec.shapes import Tensor


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen along one axis of an input. Where a transposed convolution spread it, no place reaches farther."""

    axis: int | None  # the tensor's axis that runs along it; None: it is seen as a whole
    reach: int = 1
    stride: Fraction = Fraction(1)
    start: Fraction = Fraction(0)
    past: bool = False  # and all before

    def interval(self, place: int) -> tuple[int, int]:
        """The first and the last position that a place sees, before the edges cut it off."""
        first = floor(place * self.stride + self.start)
        return first, first + self.reach - 1


WHOLE = Seen(None)

# For each input of the network, its axes after the batch; None for one of which nothing is known.
Field = Mapping[str, tuple[Seen, ...] | None]


def receptive_fields(graph: Graph) -> dict[Port, Field]:
    """The receptive field of every tensor."""
    fields: dict[Port, Field] = {
        Port(name): {name: tuple(Seen(axis) for axis in range(1, x.rank))} for name, x in graph.inputs.items()
    }
    for vertex in graph:
        found = _field(vertex, [fields[port] for port in vertex.inputs])
        for number, x in enumerate(vertex.gives):
            fields[Port(vertex.name, number)] = _for_output(found, x, vertex.gives[0])
    return fields


def _field(vertex: Vertex, arriving: Sequence[Field]) -> Field:
    sees: Sees | None = vertex.layer.sees(*vertex.takes)
    merged: dict[str, tuple[Seen, ...] | None] = {}
    for field in arriving:
        for name, axes in field.items():
            through = None if axes is None or sees is None else tuple(_through(seen, sees) for seen in axes)
            merged[name] = _both(merged[name], through) if name in merged else through
    return merged


def _through(seen: Seen, sees: Sees) -> Seen:
    """What a layer makes of one axis."""
    if seen.axis is None:
        return seen
    for axis, along in enumerate(sees, start=1):
        if along and along.axis == seen.axis:
            return _windowed(seen, axis, along)
    return WHOLE


def _windowed(seen: Seen, axis: int, along: Along) -> Seen:
    return Seen(
        axis,
        reach=seen.reach + ceil((along.kernel - 1) * along.dilation * seen.stride),
        stride=seen.stride * along.stride,
        start=seen.start - along.before * seen.stride,
        past=seen.past or along.past,
    )


def _both(one: tuple[Seen, ...] | None, other: tuple[Seen, ...] | None) -> tuple[Seen, ...] | None:
    """What is seen on either of two ways."""
    if one is None or other is None:
        return None
    return tuple(_either(a, b) for a, b in zip(one, other, strict=True))


def _either(one: Seen, other: Seen) -> Seen:
    if one.axis is None or one.axis != other.axis or one.stride != other.stride:
        return WHOLE
    start = min(one.start, other.start)
    end = max(one.start + one.reach, other.start + other.reach)
    return replace(one, reach=ceil(end - start), start=start, past=one.past or other.past)


def _for_output(field: Field, x: Tensor, first: Tensor) -> Field:
    """Another output than the first, of another shape, holds no position of its own."""
    if x.shape == first.shape:
        return field
    return {name: axes and (WHOLE,) * len(axes) for name, axes in field.items()}


def in_words(field: Field, graph: Graph) -> str:
    """`5×5 of image, 2 apart`; nothing where nothing is known, or each number stands alone."""
    parts = [_part(name, axes, graph.inputs[name]) for name, axes in field.items() if axes is not None]
    return "; ".join(filter(None, parts))


def _part(name: str, axes: Sequence[Seen], x: Tensor) -> str:
    """What is said of one input, of the axes alone along which there are positions left."""
    running = [(seen, size) for seen, size in zip(axes, x.shape[1:], strict=True) if seen.axis is not None]
    if not running:
        return f"all of {name}"
    if any(seen.past for seen, _ in running):
        return f"{name} from its first step up to this one"
    if all(seen.reach == 1 and seen.stride == 1 for seen, _ in running):
        return ""
    # Channels that a pooling keeps apart are no positions.
    windows = [item for place, item in enumerate(running) if place or len(running) < len(axes) or len(axes) == 1]
    reach = "×".join(str(seen.reach) for seen, _ in windows)
    if all(isinstance(size, int) and seen.reach >= size for seen, size in windows):
        return f"{reach}, so all of {name} but at its edges"
    return f"{reach} of {name}{_apart([seen.stride for seen, _ in windows])}"


def _apart(strides: Sequence[Fraction]) -> str:
    if all(stride == 1 for stride in strides):
        return ""
    return f", windows {'×'.join(map(str, strides)) if len(set(strides)) > 1 else strides[0]} apart"
