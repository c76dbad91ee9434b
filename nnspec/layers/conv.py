"""Convolutions."""

from math import gcd
from typing import Any, ClassVar, Literal

from pydantic import Field, PositiveInt

from nnspec.layers.along import Sees, Window, through_windows, window_sizes
from nnspec.layers.fields import NonNegative1, NonNegative2, NonNegative3, Positive1, Positive2, Positive3, per_axis
from nnspec.layers.layer import Layer, OnnxBuilder, Shape, Value
from nnspec.layers.parametrized import PARAMETRIZATION, Parametrization, kept, learnt, parametrized, weight_of
from nnspec.layers.window import Pads, Sizes, needs_room, onnx_pads, pad_spatial, written
from nnspec.pycode import Code, name, nn
from nnspec.shapes import Dim, ShapeError, Tensor, format_sizes, product

KERNEL_SIZE: Any = Field(description="size of the window that each output looks through")
STRIDE: Any = Field(default=1, description="steps from one window to the next")
PADDING: Any = Field(
    default=0, description="positions added at both ends of an axis; `same` keeps the size, `valid` adds none"
)
DILATION: Any = Field(default=1, description="steps between neighbouring elements of a window")

Named = Literal["same", "valid"]

MAX_LISTED = 64  # the largest number of groups that a message proposes


def conv_output_size(size: Dim, kernel: int, stride: int, padding: int, dilation: int) -> Dim:
    """Length of one axis after a convolution.

    floor((size + 2*padding - dilation*(kernel - 1) - 1) / stride) + 1, as in torch.nn.Conv2d.
    """
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def check_groups(groups: int, in_channels: int, out_channels: int) -> None:
    """Refuse groups that the channels cannot be split into."""
    for what, channels in (("input", in_channels), ("output", out_channels)):
        if channels % groups:
            raise ShapeError(
                f"groups {groups} does not divide the {channels} channels of its {what}",
                field="groups",
                help=f"channels are split into groups of one size; {_divisors(in_channels, out_channels)}",
            )


class _Conv(Layer):
    """What convolutions share: all but the number of axes."""

    axes: ClassVar[int]

    out_channels: PositiveInt = Field(description="number of channels of the output: one filter each")
    kernel_size: Sizes = KERNEL_SIZE
    stride: Sizes = STRIDE
    padding: Named | Sizes = PADDING
    dilation: Sizes = DILATION
    groups: PositiveInt = Field(default=1, description="parts that the channels are split into, each on its own")
    bias: bool = Field(default=True, description="add a learnt offset to each channel")
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = Field(
        default="zeros", description="what stands in the padding"
    )
    parametrization: Parametrization = PARAMETRIZATION

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(self.axes + 2)
        check_groups(self.groups, x.channels, self.out_channels)
        self._check_same()
        if self.padding_mode in ("reflect", "circular"):
            self._check_source_of_padding(x)
        settings = zip(x.spatial, *self._per_axis(), strict=True)
        sizes = [conv_output_size(*setting) for setting in settings] if self.padding != "same" else x.spatial
        padding = 0 if isinstance(self.padding, str) else self.padding
        needs_room(x, self.kernel_size, padding=padding, dilation=self.dilation, sizes=sizes)
        return x.with_spatial(self.out_channels, *sizes)

    def module(self, x: Tensor) -> Code:
        arguments = {"kernel_size": self.kernel_size, **self.changed("out_channels", "kernel_size", "parametrization")}
        made: Code = getattr(nn, type(self).__name__)(x.channels, self.out_channels, **arguments)
        return parametrized(made, self.parametrization)

    def _per_axis(self) -> tuple[tuple[int, ...], ...]:
        """Kernel, stride, padding and dilation, one number for each axis."""
        padding = 0 if isinstance(self.padding, str) else self.padding
        return tuple(per_axis(value, self.axes) for value in (self.kernel_size, self.stride, padding, self.dilation))

    def _pads(self) -> Pads:
        """Padding before and after each axis; `same` puts the odd one after."""
        kernels, _, paddings, dilations = self._per_axis()
        if self.padding != "same":
            return [(padding, padding) for padding in paddings]
        totals = [dilation * (kernel - 1) for kernel, dilation in zip(kernels, dilations, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]

    def _check_same(self) -> None:
        kernels, strides, _, dilations = self._per_axis()
        if self.padding == "same" and set(strides) != {1}:
            half = dilations[0] * (kernels[0] - 1) // 2
            raise ShapeError(
                f"padding same keeps the size, which stride {written(self.stride)} does not",
                field="padding",
                help=f"give the padding as a number, such as {half}; or leave the stride at 1",
            )

    def _check_source_of_padding(self, x: Tensor) -> None:
        for size, pads in zip(x.spatial, self._pads(), strict=True):
            most, padding = size - (self.padding_mode == "reflect"), max(pads)
            if isinstance(most, int) and padding > most:
                longer = "longer than" if self.padding_mode == "reflect" else "at least as long as"
                raise ShapeError(
                    f"padding_mode {self.padding_mode} needs axes {longer} the padding: {padding} on an axis of {size}",
                    field="padding_mode",
                    help=f"a padding of at most {most} fits; padding_mode zeros has no limit",
                )

    def _windows(self) -> list[Window]:
        kernels, strides, _, dilations = self._per_axis()
        windows = zip(kernels, strides, dilations, self._pads(), strict=True)
        return [Window(kernel, stride, dilation, *pads) for kernel, stride, dilation, pads in windows]

    def sees(self, x: Tensor) -> Sees:
        return through_windows(self._windows(), channels=True)

    def size_lines(self, x: Tensor) -> list[tuple[str, str]]:
        return window_sizes(x, self.infer(x), self._windows())

    def in_words(self, x: Tensor) -> str:
        channels = x.channels // self.groups
        window = format_sizes([channels, *self._per_axis()[0]])
        apart = f", each on its own part of {channels} of the {x.channels} channels" if self.groups > 1 else ""
        filters = "1 filter" if self.out_channels == 1 else f"{self.out_channels} filters"
        slide = "slides" if self.out_channels == 1 else "slide"
        return (
            f"{filters} of {window} numbers {slide} over the {format_sizes(x.spatial)} positions{apart}; "
            "wherever the input looks like a filter, its channel of the output is high."
        )

    def _weight(self, x: Tensor) -> Shape:
        return (self.out_channels, x.channels // self.groups, *self._per_axis()[0])

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        bias = {"bias": (self.out_channels,)} if self.bias else {}
        return learnt({"weight": self._weight(x), **bias}, self.parametrization)

    def buffers(self, x: Tensor) -> dict[str, Shape]:
        return kept(self._weight(x), self.parametrization)

    def macs(self, x: Tensor) -> Dim:
        positions = product(self.infer(x).spatial)
        return positions * product(self._weight(x))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        kernels, strides, _, dilations = self._per_axis()
        pads = self._pads()
        if self.padding_mode != "zeros":
            x = pad_spatial(g, x, pads, None, mode=self.padding_mode)
            pads = [(0, 0)] * self.axes
        return g.op(
            "Conv",
            x,
            weight_of(g, self.parametrization),
            g.parameter("bias") if self.bias else None,
            kernel_shape=kernels,
            strides=strides,
            pads=onnx_pads(pads),
            dilations=dilations,
            group=self.groups,
        )


class Conv1d(_Conv):
    """Convolution over one axis: filters that slide along a sequence.

    (n, in_channels, t) -> (n, out_channels, t')

    t' = (t + 2*padding - dilation*(kernel_size - 1) - 1) // stride + 1
    """

    kernel_size: Positive1 = KERNEL_SIZE
    stride: Positive1 = STRIDE
    padding: Named | NonNegative1 = PADDING
    dilation: Positive1 = DILATION

    axes = 1
    examples = {
        "n 3 20 -> n 4 18": dict(out_channels=4, kernel_size=3),
        "n 4 t -> n 6 t": dict(out_channels=6, kernel_size=4, padding="same", dilation=2, groups=2, bias=False),
        "n 2 9 -> n 3 5": dict(out_channels=3, kernel_size=[3], stride=2, padding=1, padding_mode="reflect"),
        "n 2 t -> n 2 t": dict(out_channels=2, kernel_size=3, padding=1, padding_mode="circular"),
    }


class Conv2d(_Conv):
    """Convolution over two axes: filters that slide over an image.

    (n, in_channels, h, w) -> (n, out_channels, h', w')

    h' = (h + 2*padding - dilation*(kernel_size - 1) - 1) // stride + 1, and so w'
    """

    kernel_size: Positive2 = KERNEL_SIZE
    stride: Positive2 = STRIDE
    padding: Named | NonNegative2 = PADDING
    dilation: Positive2 = DILATION

    axes = 2
    examples = {
        "n 3 8 8 -> n 4 6 6": dict(out_channels=4, kernel_size=3),
        "n 1 h w -> n 2 h w": dict(out_channels=2, kernel_size=3, padding="same"),
        "n 4 9 8 -> n 6 4 9": dict(
            out_channels=6, kernel_size=[3, 2], stride=[2, 1], padding=[0, 1], groups=2, bias=False
        ),
        "n 2 8 7 -> n 3 8 7": dict(out_channels=3, kernel_size=[2, 3], padding="same", padding_mode="circular"),
        "n 2 h w -> n 3 h w": dict(out_channels=3, kernel_size=3, padding=1, padding_mode="replicate"),
        "n 2 h w -> n 4 h w": dict(out_channels=4, kernel_size=3, padding=1, parametrization="spectral_norm"),
        "n 4 6 6 -> n 6 4 4": dict(out_channels=6, kernel_size=3, groups=2, parametrization="weight_norm"),
    }


class Conv3d(_Conv):
    """Convolution over three axes: filters that slide through a volume or a film.

    (n, in_channels, d, h, w) -> (n, out_channels, d', h', w')

    d' = (d + 2*padding - dilation*(kernel_size - 1) - 1) // stride + 1, and so h' and w'
    """

    kernel_size: Positive3 = KERNEL_SIZE
    stride: Positive3 = STRIDE
    padding: Named | NonNegative3 = PADDING
    dilation: Positive3 = DILATION

    axes = 3
    examples = {
        "n 2 6 5 4 -> n 3 4 3 2": dict(out_channels=3, kernel_size=3),
        "n 1 t 6 5 -> n 2 t 6 5": dict(out_channels=2, kernel_size=[1, 3, 3], padding="same"),
        "n 4 6 7 5 -> n 2 3 5 6": dict(
            out_channels=2, kernel_size=[2, 3, 2], stride=[2, 1, 1], padding=[0, 1, 1], dilation=[1, 2, 1], groups=2
        ),
        "n 2 5 4 4 -> n 2 5 4 4": dict(out_channels=2, kernel_size=3, padding=1, padding_mode="circular", bias=False),
        "n 1 5 4 4 -> n 2 5 4 4": dict(out_channels=2, kernel_size=3, padding=1, padding_mode="reflect"),
    }


class CausalConv1d(Layer):
    """Convolution over time that never looks ahead: each output sees its own step and those before it.

    (n, in_channels, t) -> (n, out_channels, t')

    t' = (t - 1) // stride + 1, from (kernel_size - 1) * dilation zeros before the first step;
    van den Oord et al., WaveNet: a generative model for raw audio, 2016.
    """

    out_channels: PositiveInt = Field(description="number of channels of the output: one filter each")
    kernel_size: Positive1 = Field(description="number of steps that each output sees, its own among them")
    stride: Positive1 = STRIDE
    dilation: Positive1 = DILATION
    groups: PositiveInt = Field(default=1, description="parts that the channels are split into, each on its own")
    bias: bool = Field(default=True, description="add a learnt offset to each channel")
    parametrization: Parametrization = PARAMETRIZATION

    definition = """
class CausalConv1d(nn.Conv1d):
    def forward(self, x: Tensor) -> Tensor:
        before = self.dilation[0] * (self.kernel_size[0] - 1)
        return super().forward(F.pad(x, (before, 0)))
"""
    examples = {
        "n 3 20 -> n 4 20": dict(out_channels=4, kernel_size=2),
        "n 4 t -> n 6 t": dict(out_channels=6, kernel_size=[3], dilation=4, groups=2, bias=False),
        "n 2 9 -> n 3 5": dict(out_channels=3, kernel_size=3, stride=2),
        "n 2 t -> n 3 t": dict(out_channels=3, kernel_size=3, parametrization="weight_norm"),
    }

    def _conv(self) -> Conv1d:
        """The convolution of the padded input."""
        return Conv1d(**{name: getattr(self, name) for name in type(self).model_fields})

    def _before(self) -> int:
        (kernel,), (dilation,) = per_axis(self.kernel_size, 1), per_axis(self.dilation, 1)
        return dilation * (kernel - 1)

    def _padded(self, x: Tensor) -> Tensor:
        x.needs_rank(3)
        return x.with_axis(2, x.shape[2] + self._before())

    def infer(self, x: Tensor) -> Tensor:
        return self._conv().infer(self._padded(x))

    def module(self, x: Tensor) -> Code:
        arguments = {"kernel_size": self.kernel_size, **self.changed("out_channels", "kernel_size", "parametrization")}
        return parametrized(name("CausalConv1d")(x.channels, self.out_channels, **arguments), self.parametrization)

    def _windows(self) -> list[Window]:
        (kernel,), (stride,), (dilation,) = (per_axis(v, 1) for v in (self.kernel_size, self.stride, self.dilation))
        return [Window(kernel, stride, dilation, self._before(), 0)]

    def sees(self, x: Tensor) -> Sees:
        return through_windows(self._windows(), channels=True)

    def size_lines(self, x: Tensor) -> list[tuple[str, str]]:
        return window_sizes(x, self.infer(x), self._windows())

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        return self._conv().parameters(x)

    def buffers(self, x: Tensor) -> dict[str, Shape]:
        return self._conv().buffers(x)

    def macs(self, x: Tensor) -> Dim:
        return self._conv().macs(self._padded(x))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        (kernel,), (stride,), (dilation,) = (per_axis(v, 1) for v in (self.kernel_size, self.stride, self.dilation))
        return g.op(
            "Conv",
            x,
            weight_of(g, self.parametrization),
            g.parameter("bias") if self.bias else None,
            kernel_shape=[kernel],
            strides=[stride],
            pads=[self._before(), 0],
            dilations=[dilation],
            group=self.groups,
        )


def _divisors(left: int, right: int) -> str:
    common = gcd(left, right)
    numbers = [str(n) for n in range(1, min(common, MAX_LISTED) + 1) if common % n == 0]
    return f"{', '.join(numbers)} would do"
