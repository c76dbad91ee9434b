"""Windows of an image as vectors, and back."""

from typing import Any

from pydantic import Field

from nnspec.layers.conv import DILATION, STRIDE, conv_output_size
from nnspec.layers.fields import NonNegative2, Positive2, per_axis
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.layers.window import needs_room, onnx_pads
from nnspec.pycode import Code, F
from nnspec.shapes import Dim, ShapeError, Tensor, format_sizes, product

KERNEL_SIZE: Any = Field(description="size of a window")
PADDING: Any = Field(default=0, description="zeros added at both ends of an axis of the image")


class Unfold(Layer):
    """Each window of an image as a vector (im2col).

    (n, c, h, w) -> (n, c * kh * kw, windows)

    windows = h' * w', h' = (h + 2*padding - dilation*(kh - 1) - 1) // stride + 1, and so w'
    """

    kernel_size: Positive2 = KERNEL_SIZE
    dilation: Positive2 = DILATION
    padding: NonNegative2 = PADDING
    stride: Positive2 = STRIDE

    examples = {
        "n 3 4 5 -> n 12 12": dict(kernel_size=2),
        "n 2 7 6 -> n 12 12": dict(kernel_size=[2, 3], stride=2, padding=1, dilation=[2, 1]),
        "n 1 h 4 -> n 12 h": dict(kernel_size=[3, 4], padding=[1, 0]),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(4)
        return x.with_shape(x.shape[0], x.channels * _area(self), product(_counts(self, x)))

    def forward(self, x: Code) -> Code:
        return F.unfold(x, self.kernel_size, **self.changed("kernel_size"))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        (height, width), strides, paddings, dilations = _per_axis(self)
        area, channels = _area(self), x.tensor.channels
        # A convolution whose filters each look at one place of the window.
        places = [[float(place == one) for place in range(area)] for one in range(area)]
        filters = [[[row[start : start + width] for start in range(0, area, width)]] for row in places]
        windows = g.op(
            "Conv",
            x,
            g.constant(filters * channels, x.tensor.dtype, name="places"),
            kernel_shape=[height, width],
            strides=strides,
            pads=onnx_pads([(padding, padding) for padding in paddings]),
            dilations=dilations,
            group=channels,
        )
        return g.op("Reshape", windows, g.constant([0, 0, -1], "int64", name="shape"))


class Fold(Layer):
    """Vectors laid over an image as its windows, and summed where they overlap (col2im).

    (n, c * kh * kw, windows) -> (n, c, *output_size)

    windows as Unfold counts them on an image of output_size.
    """

    output_size: Positive2 = Field(description="height and width of the image")
    kernel_size: Positive2 = KERNEL_SIZE
    dilation: Positive2 = DILATION
    padding: NonNegative2 = PADDING
    stride: Positive2 = STRIDE

    examples = {
        "n 12 12 -> n 3 4 5": dict(output_size=[4, 5], kernel_size=2),
        "n 12 12 -> n 2 7 6": dict(output_size=[7, 6], kernel_size=[2, 3], stride=2, padding=1, dilation=[2, 1]),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(3)
        area = _area(self)
        if x.channels % area:
            raise ShapeError(
                f"a window of kernel_size {format_sizes(per_axis(self.kernel_size, 2))} has {area} elements, "
                f"which does not divide the {x.channels} channels of its input",
                field="kernel_size",
                help="its input has one channel for each element of a window and each channel of the image",
            )
        image = x.with_shape(x.shape[0], x.channels // area, *per_axis(self.output_size, 2))
        counts = _counts(self, image)
        if product(counts) != x.shape[2]:
            raise ShapeError(
                f"an image of {format_sizes(image.spatial)} has {format_sizes(counts)} windows, "
                f"and its input {x.shape[2]}",
                field="output_size",
                help=f"its input must be of {product(counts)} positions, as Unfold with these settings gives",
            )
        return image

    def forward(self, x: Code) -> Code:
        return F.fold(x, self.output_size, self.kernel_size, **self.changed("output_size", "kernel_size"))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        kernels, strides, paddings, dilations = _per_axis(self)
        return g.op(
            "Col2Im",
            x,
            g.constant(per_axis(self.output_size, 2), "int64", name="image"),
            g.constant(kernels, "int64", name="window"),
            strides=strides,
            pads=onnx_pads([(padding, padding) for padding in paddings]),
            dilations=dilations,
        )


def _per_axis(layer: Unfold | Fold) -> tuple[tuple[int, ...], ...]:
    """Kernel, stride, padding and dilation, one number for each axis."""
    return tuple(per_axis(value, 2) for value in (layer.kernel_size, layer.stride, layer.padding, layer.dilation))


def _counts(layer: Unfold | Fold, image: Tensor) -> list[Dim]:
    """How many windows lie along each axis of an image."""
    counts = [conv_output_size(*axis) for axis in zip(image.spatial, *_per_axis(layer), strict=True)]
    needs_room(image, layer.kernel_size, padding=layer.padding, dilation=layer.dilation, sizes=counts)
    return counts


def _area(layer: Unfold | Fold) -> int:
    height, width = per_axis(layer.kernel_size, 2)
    return height * width
