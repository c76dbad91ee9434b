"""Pooling to a given size: as many windows as asked for, wherever they have to lie."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field, PositiveInt

from nnspec.layers.along import Along, Sees
from nnspec.layers.fields import Listed, Positive1
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code, F
from nnspec.shapes import Dim, Size, Tensor

# A size for each axis, null where it stays as it is.
OutputSize2 = PositiveInt | Annotated[tuple[PositiveInt | None, PositiveInt | None], Listed]
OutputSize3 = PositiveInt | Annotated[tuple[PositiveInt | None, PositiveInt | None, PositiveInt | None], Listed]

OUTPUT_SIZE: Any = Field(description="size of the output's axes; null leaves an axis as it is")
OUTPUT_LENGTH: Any = Field(description="length of the output")


class _AdaptivePool(Layer):
    """What adaptive pools share: where the windows lie."""

    axes: ClassVar[int]
    kind: ClassVar[str]  # of torch.nn.functional

    output_size: int | tuple[int | None, ...] = OUTPUT_SIZE

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(self.axes + 2)
        return x.with_spatial(x.shape[1], *self._sizes(x))

    def sees(self, x: Tensor) -> Sees:
        sizes = enumerate(zip(x.spatial, self._sizes(x), strict=True), start=2)
        return (Along(1), *(_share(axis, *pair) for axis, pair in sizes))

    def _sizes(self, x: Tensor) -> Sequence[Dim]:
        wanted = (self.output_size,) * self.axes if isinstance(self.output_size, int) else self.output_size
        return [before if size is None else size for size, before in zip(wanted, x.spatial, strict=True)]

    def forward(self, x: Code) -> Code:
        pool: Code = getattr(F, f"adaptive_{self.kind}_pool{self.axes}d")
        return pool(x, self.output_size)


def _share(axis: int, size: Dim, windows: Dim) -> Along | None:
    """What each of so many windows sees of an axis."""
    if not isinstance(size, int) or not isinstance(windows, int) or size % windows:
        return Along(axis) if size == windows else None
    return Along(axis, size // windows, size // windows) if windows > 1 else None


class _AdaptiveAvgPool(_AdaptivePool):
    kind = "avg"

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return averaged(g, x, self._sizes(x.tensor))


class _AdaptiveMaxPool(_AdaptivePool):
    kind = "max"

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return _pooled(g, x, self._sizes(x.tensor), "Max")


def averaged(g: OnnxBuilder, x: Value, sizes: Sequence[Dim]) -> Value:
    """The means of as many windows along each axis as asked for."""
    return _pooled(g, x, sizes, "Average")


def _pooled(g: OnnxBuilder, x: Value, after: Sequence[Dim], what: str) -> Value:
    before = x.tensor.spatial
    if all(size == 1 for size in after):
        return g.op(f"Global{what}Pool", x)
    if kernel := _even_windows(before, after):
        return g.op(f"{what}Pool", x, kernel_shape=kernel, strides=kernel)
    y = x
    for axis, (size, windows) in enumerate(zip(before, after, strict=True), start=2):
        if size != windows:
            y = _along(g, y, axis, size, windows, what, x.tensor)
    return y


def _even_windows(before: Sequence[Dim], after: Sequence[Dim]) -> list[int]:
    """The size of the windows along each axis, where all of them are of one size."""
    sizes = list(zip(before, after, strict=True))
    if any(isinstance(size, Size) or isinstance(windows, Size) or size % windows for size, windows in sizes):
        return []
    return [size // windows for size, windows in sizes if isinstance(size, int) and isinstance(windows, int)]


def _along(g: OnnxBuilder, y: Value, axis: int, size: Dim, windows: Dim, what: str, x: Tensor) -> Value:
    """One axis pooled: the mean or maximum over a window is that along each axis in turn."""
    if windows == 1:
        return g.op({"Average": "ReduceMean", "Max": "ReduceMax"}[what], y, _axes(g, axis), keepdims=1)
    if not isinstance(size, int) or not isinstance(windows, int):
        raise g.refuse(f"cannot pool an axis of unknown length {size} to {windows}: its windows depend on the length")
    ends = [(window * size // windows, -(-(window + 1) * size // windows)) for window in range(windows)]
    if what == "Average":
        return _means(g, y, axis, size, ends, x)
    # Each window as long as the longest: its last element again changes no maximum.
    longest = max(end - start for start, end in ends)
    places = [[min(start + step, end - 1) for step in range(longest)] for start, end in ends]
    looked_at = g.op("Gather", y, g.constant(places, "int64", name="windows"), axis=axis)
    return g.op("ReduceMax", looked_at, _axes(g, axis + 1), keepdims=0)


def _means(g: OnnxBuilder, y: Value, axis: int, size: int, ends: Sequence[tuple[int, int]], x: Tensor) -> Value:
    """The axis times a matrix, each column of which is the mean over one window."""
    columns = [[1 / (end - start) if start <= place < end else 0.0 for start, end in ends] for place in range(size)]
    matrix = g.constant(columns, x.dtype, name="windows")
    last = x.rank - 1
    if axis == last:
        return g.op("MatMul", y, matrix)
    order = [*range(axis), last, *range(axis + 1, last), axis]
    return g.op("Transpose", g.op("MatMul", g.op("Transpose", y, perm=order), matrix), perm=order)


def _axes(g: OnnxBuilder, axis: int) -> Value:
    return g.constant([axis], "int64", name="axes")


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The mean of each window of a sequence, with as many windows as asked for.

    (n, c, t) -> (n, c, output_size)

    Window i of k covers floor(i * t / k) to ceil((i + 1) * t / k).
    """

    output_size: Positive1 = OUTPUT_LENGTH

    axes = 1
    examples = {
        "n 3 8 -> n 3 4": dict(output_size=4),
        "n 2 7 -> n 2 3": dict(output_size=[3]),
        "n 2 t -> n 2 1": dict(output_size=1),
    }


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The mean of each window of an image, with as many windows as asked for.

    (n, c, h, w) -> (n, c, *output_size)

    Window i of k covers floor(i * h / k) to ceil((i + 1) * h / k).
    """

    output_size: OutputSize2 = OUTPUT_SIZE

    axes = 2
    examples = {
        "n 3 8 8 -> n 3 1 1": dict(output_size=1),
        "n 2 8 6 -> n 2 4 2": dict(output_size=[4, 2]),
        "n 2 7 5 -> n 2 3 4": dict(output_size=[3, 4]),
        "n 2 h w -> n 2 1 1": dict(output_size=1),
        "n 2 h 6 -> n 2 h 4": dict(output_size=[None, 4]),
        "n 2 3 w -> n 2 5 w": dict(output_size=[5, None]),
    }


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """The mean of each window of a volume, with as many windows as asked for.

    (n, c, d, h, w) -> (n, c, *output_size)

    Window i of k covers floor(i * d / k) to ceil((i + 1) * d / k).
    """

    output_size: OutputSize3 = OUTPUT_SIZE

    axes = 3
    examples = {
        "n 2 4 6 8 -> n 2 2 2 2": dict(output_size=2),
        "n 2 5 7 4 -> n 2 3 4 3": dict(output_size=[3, 4, 3]),
        "n 2 t 5 6 -> n 2 t 1 4": dict(output_size=[None, 1, 4]),
    }


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest element of each window of a sequence, with as many windows as asked for.

    (n, c, t) -> (n, c, output_size)

    Window i of k covers floor(i * t / k) to ceil((i + 1) * t / k).
    """

    output_size: Positive1 = OUTPUT_LENGTH

    axes = 1
    examples = {
        "n 3 8 -> n 3 4": dict(output_size=4),
        "n 2 7 -> n 2 3": dict(output_size=[3]),
        "n 2 t -> n 2 1": dict(output_size=1),
    }


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest element of each window of an image, with as many windows as asked for.

    (n, c, h, w) -> (n, c, *output_size)

    Window i of k covers floor(i * h / k) to ceil((i + 1) * h / k).
    """

    output_size: OutputSize2 = OUTPUT_SIZE

    axes = 2
    examples = {
        "n 2 8 6 -> n 2 4 2": dict(output_size=[4, 2]),
        "n 2 7 3 -> n 2 3 4": dict(output_size=[3, 4]),
        "n 2 h w -> n 2 1 1": dict(output_size=1),
        "n 2 h 6 -> n 2 h 4": dict(output_size=[None, 4]),
    }


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest element of each window of a volume, with as many windows as asked for.

    (n, c, d, h, w) -> (n, c, *output_size)

    Window i of k covers floor(i * d / k) to ceil((i + 1) * d / k).
    """

    output_size: OutputSize3 = OUTPUT_SIZE

    axes = 3
    examples = {
        "n 2 4 6 8 -> n 2 2 2 2": dict(output_size=2),
        "n 2 5 7 4 -> n 2 3 4 3": dict(output_size=[3, 4, 3]),
        "n 2 t 5 6 -> n 2 t 1 4": dict(output_size=[None, 1, 4]),
    }
