"""Transposed convolutions: the way back from the output of a convolution to the size of its input."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, ClassVar

from pydantic import Field, PositiveInt

from nnspec.layers.along import Along, Sees
from nnspec.layers.conv import DILATION, STRIDE, check_groups
from nnspec.layers.fields import NonNegative1, NonNegative2, NonNegative3, Positive1, Positive2, Positive3, per_axis
from nnspec.layers.layer import Layer, OnnxBuilder, Shape, Value
from nnspec.layers.window import Sizes, onnx_pads, pad_spatial, written
from nnspec.pycode import Code, nn
from nnspec.shapes import Dim, ShapeError, Tensor, format_sizes, product

KERNEL_SIZE: Any = Field(description="size of the window that each element of the input is spread over")
PADDING: Any = Field(default=0, description="positions cut off at both ends of an axis")
OUTPUT_PADDING: Any = Field(default=0, description="positions added to the end of an axis of the output")


def transposed_output_size(
    size: Dim, kernel: int, stride: int, padding: int, output_padding: int, dilation: int
) -> Dim:
    """Length of one axis after a transposed convolution.

    (size - 1)*stride - 2*padding + dilation*(kernel - 1) + output_padding + 1, as in torch.nn.ConvTranspose2d.
    """
    return (size - 1) * stride + dilation * (kernel - 1) + output_padding + 1 - 2 * padding


class _ConvTranspose(Layer):
    """What transposed convolutions share: all but the number of axes."""

    axes: ClassVar[int]

    out_channels: PositiveInt = Field(description="number of channels of the output")
    kernel_size: Sizes = KERNEL_SIZE
    stride: Sizes = STRIDE
    padding: Sizes = PADDING
    output_padding: Sizes = OUTPUT_PADDING
    groups: PositiveInt = Field(default=1, description="parts that the channels are split into, each on its own")
    bias: bool = Field(default=True, description="add a learnt offset to each channel")
    dilation: Sizes = DILATION

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(self.axes + 2)
        check_groups(self.groups, x.channels, self.out_channels)
        self._check_output_padding()
        settings = zip(x.spatial, *self._per_axis(), strict=True)
        sizes = [transposed_output_size(*setting) for setting in settings]
        if any(isinstance(size, int) and size < 1 for size in sizes):
            raise ShapeError(
                f"padding {written(self.padding)} cuts all of its output away: {format_sizes(sizes)} would be left",
                field="padding",
                help="less padding, or a larger kernel or stride, leaves something",
            )
        return x.with_spatial(self.out_channels, *sizes)

    def _per_axis(self) -> tuple[tuple[int, ...], ...]:
        """Kernel, stride, padding, padding of the output and dilation, one number for each axis."""
        fields = (self.kernel_size, self.stride, self.padding, self.output_padding, self.dilation)
        return tuple(per_axis(value, self.axes) for value in fields)

    def _check_output_padding(self) -> None:
        _, strides, _, added, dilations = self._per_axis()
        for more, stride, dilation in zip(added, strides, dilations, strict=True):
            if more >= max(stride, dilation):
                raise ShapeError(
                    f"output_padding {written(self.output_padding)} is not smaller than stride {written(self.stride)} "
                    f"or dilation {written(self.dilation)}",
                    field="output_padding",
                    help="it chooses between the sizes that a convolution of this stride would have brought here",
                )

    def module(self, x: Tensor) -> Code:
        arguments = {"kernel_size": self.kernel_size, **self.changed("out_channels", "kernel_size")}
        made: Code = getattr(nn, type(self).__name__)(x.channels, self.out_channels, **arguments)
        return made

    def sees(self, x: Tensor) -> Sees:
        # Output i is reached from input j where i = j * stride - padding + k * dilation for some k below the kernel.
        kernels, strides, paddings, _, dilations = self._per_axis()
        axes = []
        for axis, kernel in enumerate(kernels):
            stride, reach = strides[axis], dilations[axis] * (kernel - 1)
            before = (reach - paddings[axis]) // stride
            axes.append(Along(axis + 2, reach // stride + 1, Fraction(1, stride), before=before))
        return (None, *axes)

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        kernels = self._per_axis()[0]
        bias = {"bias": (self.out_channels,)} if self.bias else {}
        return {"weight": (x.channels, self.out_channels // self.groups, *kernels), **bias}

    def macs(self, x: Tensor) -> Dim:
        return product(x.spatial) * product(self.parameters(x)["weight"])

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        kernels, strides, paddings, added, dilations = self._per_axis()
        # What would be cut off at the end need not be added again: onnxruntime adds less than a stride only.
        kept = [min(padding, more) for padding, more in zip(paddings, added, strict=True)]
        rest = [more - less for more, less in zip(added, kept, strict=True)]
        far = any(more >= stride for more, stride in zip(rest, strides, strict=True))
        y = g.op(
            "ConvTranspose",
            x,
            g.parameter("weight"),
            g.parameter("bias") if self.bias and not far else None,
            kernel_shape=kernels,
            strides=strides,
            pads=onnx_pads([(padding, padding - less) for padding, less in zip(paddings, kept, strict=True)]),
            output_padding=[0] * self.axes if far else rest,
            dilations=dilations,
            group=self.groups,
        )
        return self._reaching(g, y, rest) if far else y

    def _reaching(self, g: OnnxBuilder, y: Value, rest: Sequence[int]) -> Value:
        """The output with what no window reaches: the offset alone."""
        y = pad_spatial(g, y, [(0, more) for more in rest], None)
        if not self.bias:
            return y
        shape = g.constant([-1, *[1] * self.axes], "int64", name="shape")
        return g.op("Add", y, g.op("Reshape", g.parameter("bias"), shape))


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution over one axis: each element spread over a window of a longer sequence.

    (n, in_channels, t) -> (n, out_channels, t')

    t' = (t - 1)*stride - 2*padding + dilation*(kernel_size - 1) + output_padding + 1;
    Zeiler et al., Deconvolutional networks, 2010.
    """

    kernel_size: Positive1 = KERNEL_SIZE
    stride: Positive1 = STRIDE
    padding: NonNegative1 = PADDING
    output_padding: NonNegative1 = OUTPUT_PADDING
    dilation: Positive1 = DILATION

    axes = 1
    examples = {
        "n 3 5 -> n 4 7": dict(out_channels=4, kernel_size=3),
        "n 2 6 -> n 4 14": dict(out_channels=4, kernel_size=[3], stride=2, padding=1, output_padding=1, dilation=2),
        "n 4 4 -> n 2 9": dict(out_channels=2, kernel_size=2, stride=2, output_padding=1, groups=2, bias=False),
    }


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution over two axes: each element spread over a window of a larger image.

    (n, in_channels, h, w) -> (n, out_channels, h', w')

    h' = (h - 1)*stride - 2*padding + dilation*(kernel_size - 1) + output_padding + 1, and so w';
    Zeiler et al., Deconvolutional networks, 2010.
    """

    kernel_size: Positive2 = KERNEL_SIZE
    stride: Positive2 = STRIDE
    padding: NonNegative2 = PADDING
    output_padding: NonNegative2 = OUTPUT_PADDING
    dilation: Positive2 = DILATION

    axes = 2
    examples = {
        "n 3 4 5 -> n 4 8 10": dict(out_channels=4, kernel_size=2, stride=2),
        "n 4 h 5 -> n 2 h 10": dict(out_channels=2, kernel_size=[3, 4], stride=[1, 2], padding=1, groups=2, bias=False),
        "n 2 4 3 -> n 3 8 7": dict(
            out_channels=3, kernel_size=3, stride=2, padding=1, output_padding=[1, 0], dilation=[1, 2]
        ),
    }


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution over three axes: each element spread over a window of a larger volume.

    (n, in_channels, d, h, w) -> (n, out_channels, d', h', w')

    d' = (d - 1)*stride - 2*padding + dilation*(kernel_size - 1) + output_padding + 1, and so h' and w';
    Zeiler et al., Deconvolutional networks, 2010.
    """

    kernel_size: Positive3 = KERNEL_SIZE
    stride: Positive3 = STRIDE
    padding: NonNegative3 = PADDING
    output_padding: NonNegative3 = OUTPUT_PADDING
    dilation: Positive3 = DILATION

    axes = 3
    examples = {
        "n 2 2 3 4 -> n 3 4 6 8": dict(out_channels=3, kernel_size=2, stride=2),
        "n 2 t 3 2 -> n 2 t 6 4": dict(
            out_channels=2, kernel_size=3, stride=[1, 2, 2], padding=1, output_padding=[0, 1, 1], groups=2, bias=False
        ),
    }
