"""Maxima put back where maximum pooling found them."""

from typing import Any, ClassVar

from pydantic import Field

from nnspec.layers.fields import (
    Listed1,
    Listed2,
    Listed3,
    NonNegative1,
    NonNegative2,
    NonNegative3,
    Positive1,
    Positive2,
    Positive3,
    per_axis,
)
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.layers.window import Sizes, written
from nnspec.pycode import Code, F
from nnspec.shapes import Dim, ShapeError, Size, Tensor, format_sizes, product

KERNEL_SIZE: Any = Field(description="size of the windows that were pooled")
STRIDE: Any = Field(default=None, description="steps from one window to the next; the kernel's size")
PADDING: Any = Field(default=0, description="positions that were added at both ends of an axis")
OUTPUT_SIZE: Any = Field(
    default=None, description="size of the axes after the channels, where several sizes were pooled to this one"
)


class _MaxUnpool(Layer):
    """What unpooling shares: all but the number of axes."""

    axes: ClassVar[int]

    kernel_size: Sizes = KERNEL_SIZE
    stride: Sizes | None = STRIDE
    padding: Sizes = PADDING
    output_size: tuple[int, ...] | None = OUTPUT_SIZE

    def infer(self, x: Tensor, indices: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(self.axes + 2)
        if indices.dtype != "int64" or indices.shape != x.shape:
            raise ShapeError(
                f"needs a place for each element, int64 {x}, got {indices}",
                help="`return_indices: true` of a MaxPool gives them: `from: [NAME, NAME.indices]`",
            )
        sizes = self._sizes(x)
        if any(isinstance(size, int) and size < 1 for size in sizes):
            raise ShapeError(
                f"padding {written(self.padding)} leaves nothing of its output: {format_sizes(sizes)}", field="padding"
            )
        return x.with_spatial(x.shape[1], *sizes)

    def _strides(self) -> tuple[int, ...]:
        return per_axis(self.kernel_size if self.stride is None else self.stride, self.axes)

    def _sizes(self, x: Tensor) -> list[Dim]:
        kernels, paddings = per_axis(self.kernel_size, self.axes), per_axis(self.padding, self.axes)
        axes = zip(x.spatial, kernels, self._strides(), paddings, strict=True)
        least = [(size - 1) * stride - 2 * padding + kernel for size, kernel, stride, padding in axes]
        if self.output_size is None:
            return least
        for size, usual, stride in zip(self.output_size, least, self._strides(), strict=True):
            if isinstance(usual, Size) or not usual - stride < size < usual + stride:
                raise ShapeError(
                    f"output_size {list(self.output_size)} is not one that was pooled to this input: "
                    f"without it, {format_sizes(least)} comes out",
                    field="output_size",
                    help=f"each axis may differ by less than its stride, {format_sizes(self._strides())}",
                )
        return list(self.output_size)

    def forward(self, x: Code, indices: Code) -> Code:
        unpool: Code = getattr(F, f"max_unpool{self.axes}d")
        return unpool(x, indices, self.kernel_size, **self.changed("kernel_size"))

    def to_onnx(self, g: OnnxBuilder, x: Value, indices: Value) -> Value:
        flat = g.constant([0, 0, -1], "int64", name="flat")
        sizes, area = self._onnx_sizes(g, x)
        planes = g.op("Concat", g.op("Shape", x, end=2), area, axis=0)
        empty = g.op("Expand", g.constant(0.0, x.tensor.dtype, name="zero"), planes)
        filled = g.op("ScatterElements", empty, g.op("Reshape", indices, flat), g.op("Reshape", x, flat), axis=2)
        return g.op("Reshape", filled, g.op("Concat", g.constant([0, 0], "int64", name="copied"), sizes, axis=0))

    def _onnx_sizes(self, g: OnnxBuilder, x: Value) -> tuple[Value, Value]:
        """The sizes of the output's axes, and their product."""
        sizes = self._sizes(x.tensor)
        if all(isinstance(size, int) for size in sizes):
            return g.constant(sizes, "int64", name="sizes"), g.constant([product(sizes)], "int64", name="area")
        kernels, paddings = per_axis(self.kernel_size, self.axes), per_axis(self.padding, self.axes)
        fixed = zip(kernels, self._strides(), paddings, strict=True)
        more = [kernel - stride - 2 * padding for kernel, stride, padding in fixed]
        spread = g.op("Mul", g.op("Shape", x, start=2), g.constant(self._strides(), "int64", name="strides"))
        given = g.op("Add", spread, g.constant(more, "int64", name="more"))
        return given, g.op("ReduceProd", given, keepdims=1)


class MaxUnpool1d(_MaxUnpool):
    """Each element put back at its place in a longer sequence, with zeros around.

    (n, c, t), int64 (n, c, t) -> (n, c, t')

    t' = (t - 1)*stride - 2*padding + kernel_size, or output_size,
    which an axis needs that pooling left a rest of;
    Zeiler and Fergus, Visualizing and understanding convolutional networks, 2014.
    """

    kernel_size: Positive1 = KERNEL_SIZE
    stride: Positive1 | None = STRIDE
    padding: NonNegative1 = PADDING
    output_size: Listed1 | None = OUTPUT_SIZE

    axes = 1
    examples = {
        "n 3 4, int64 n 3 4 -> n 3 8": dict(kernel_size=2),
        "n 3 4, int64 n 3 4 -> n 3 9": dict(kernel_size=2, output_size=[9]),
    }


class MaxUnpool2d(_MaxUnpool):
    """Each element put back at its place in a larger image, with zeros around.

    (n, c, h, w), int64 (n, c, h, w) -> (n, c, h', w')

    h' = (h - 1)*stride - 2*padding + kernel_size, and so w', or output_size,
    which an axis needs that pooling left a rest of;
    Zeiler and Fergus, Visualizing and understanding convolutional networks, 2014.
    """

    kernel_size: Positive2 = KERNEL_SIZE
    stride: Positive2 | None = STRIDE
    padding: NonNegative2 = PADDING
    output_size: Listed2 | None = OUTPUT_SIZE

    axes = 2
    examples = {
        "n 3 4 3, int64 n 3 4 3 -> n 3 8 6": dict(kernel_size=2),
        "n 2 h 4, int64 n 2 h 4 -> n 2 h 8": dict(kernel_size=[1, 2]),
        "n 2 4 3, int64 n 2 4 3 -> n 2 7 6": dict(kernel_size=3, stride=2, padding=1, output_size=[7, 6]),
    }


class MaxUnpool3d(_MaxUnpool):
    """Each element put back at its place in a larger volume, with zeros around.

    (n, c, d, h, w), int64 (n, c, d, h, w) -> (n, c, d', h', w')

    d' = (d - 1)*stride - 2*padding + kernel_size, and so h' and w', or output_size,
    which an axis needs that pooling left a rest of;
    Zeiler and Fergus, Visualizing and understanding convolutional networks, 2014.
    """

    kernel_size: Positive3 = KERNEL_SIZE
    stride: Positive3 | None = STRIDE
    padding: NonNegative3 = PADDING
    output_size: Listed3 | None = OUTPUT_SIZE

    axes = 3
    examples = {
        "n 2 2 3 2, int64 n 2 2 3 2 -> n 2 4 6 4": dict(kernel_size=2),
        "n 1 t 2 2, int64 n 1 t 2 2 -> n 1 t 4 6": dict(kernel_size=[1, 2, 3]),
    }
