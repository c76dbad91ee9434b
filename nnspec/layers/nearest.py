"""Which element of an axis stands at each place of a longer or shorter one: arithmetic in single precision.

PyTorch and onnxruntime find the nearest element by different divisions, so that rounding takes them apart at some
sizes (14 to 4). There, the elements are picked by the numbers that PyTorch comes to.
"""

from collections.abc import Sequence
from math import floor

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.shapes import Dim, single

TRIED_LENGTH = 2048  # an axis of unknown length is compared up to here
STEP = 2.0**-23  # the least that tells two numbers of single precision apart


def resizes_alike(before: Sequence[Dim], after: Sequence[Dim], scales: Sequence[float] | None, *, exact: bool) -> bool:
    """Whether ONNX's Resize picks what PyTorch does, on every axis."""
    for axis, (size, new) in enumerate(zip(before, after, strict=True)):
        scale = scales[axis] if scales else None
        if not isinstance(size, int) and scale is None:
            return False
        old, length = (size, new) if isinstance(size, int) and isinstance(new, int) else (TRIED_LENGTH, TRIED_LENGTH)
        wanted = torch_places(old, length, scale, exact=exact)
        ratio = reaching(old, scale, length) if scale and isinstance(size, int) else single(scale or length / old)
        if any(wanted != places for places in _onnx_places(old, length, ratio, exact=exact)):
            return False
    return True


def reaching(size: Dim, scale: float, wanted: Dim) -> float:
    """A scale in single precision, at which onnx and onnxruntime come to the size that PyTorch does."""
    ratio = single(scale)
    if isinstance(size, int) and isinstance(wanted, int):
        while (least := min(int(size * ratio), int(single(size * ratio)))) != wanted or int(size * ratio) != wanted:
            ratio = single(ratio * (1 + STEP if least < wanted else 1 - STEP))
    return ratio


def depends_on_layout(size: Dim, length: Dim, scale: float) -> bool:
    """Whether PyTorch itself answers in two ways: with the scale, or, where channels are last, by these sizes alone."""
    return isinstance(size, int) and isinstance(length, int) and length in (size, 2 * size) and scale != length / size


def torch_places(size: int, length: int, scale: float | None, *, exact: bool) -> list[int]:
    """The elements that PyTorch picks."""
    ratio = single(1 / scale) if scale else single(size / length)
    if not exact:
        return [min(floor(single(place * ratio)), size - 1) for place in range(length)]
    middles = (max(single((place + 0.5) * ratio - 0.5), 0.0) for place in range(length))
    return [min(floor(single(middle + 0.5)), size - 1) for middle in middles]


def _onnx_places(size: int, length: int, ratio: float, *, exact: bool) -> list[list[int]]:
    """The elements that onnxruntime may pick: by a division, or by a product with the inverse."""
    inverse, offset = single(1 / ratio), 0.5 if exact else 0.0
    middles = (
        [single((i + offset) / ratio) for i in range(length)],
        [single((i + offset) * inverse) for i in range(length)],
    )
    return [[min(floor(single(single(middle - offset) + offset)), size - 1) for middle in found] for found in middles]


def pick_nearest(
    g: OnnxBuilder, x: Value, after: Sequence[Dim], scales: Sequence[float] | None, *, exact: bool
) -> Value:
    """PyTorch's elements, picked along each axis."""
    y = x
    for axis, (size, length) in enumerate(zip(x.tensor.spatial, after, strict=True)):
        scale = scales[axis] if scales else None
        if isinstance(size, int) and isinstance(length, int):
            places = g.constant(torch_places(size, length, scale, exact=exact), "int64", name="places")
        elif scale is None and isinstance(length, int):
            places = _places_of_unknown(g, x, axis + 2, length, exact=exact)
        else:
            raise g.refuse(
                f"onnxruntime rounds scale_factor {scale:g} of an unknown length {size} otherwise than PyTorch"
            )
        y = g.op("Gather", y, places, axis=axis + 2)
    return y


def _places_of_unknown(g: OnnxBuilder, x: Value, axis: int, length: int, *, exact: bool) -> Value:
    """PyTorch's arithmetic, on the length that arrives."""
    size = g.op("CastLike", g.op("Shape", x, start=axis, end=axis + 1), g.constant(0.0, name="real"))
    ratio = g.op("Div", size, g.constant(float(length), name="length"))
    places = [place + (0.5 if exact else 0.0) for place in range(length)]
    found = g.op("Floor", g.op("Mul", g.constant(places, name="places"), ratio))
    return g.op("CastLike", found, g.constant(0, "int64", name="whole"))
