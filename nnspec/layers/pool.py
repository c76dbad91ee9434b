"""Pooling: each window made one number."""

from dataclasses import replace
from math import prod
from typing import Any, ClassVar

from pydantic import Field, PositiveInt

from nnspec.layers.along import Sees, Window, through_windows, window_sizes
from nnspec.layers.fields import NonNegative1, NonNegative2, NonNegative3, Positive1, Positive2, Positive3, per_axis
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.layers.window import Pads, Sizes, needs_room, onnx_pads, pad_spatial, written
from nnspec.pycode import Code, F
from nnspec.shapes import Dim, ShapeError, Size, Tensor, format_sizes, product

KERNEL_SIZE: Any = Field(description="size of the window that each output looks through")
STRIDE: Any = Field(default=None, description="steps from one window to the next; the kernel's size")
PADDING: Any = Field(default=0, description="positions added at both ends of an axis")
DILATION: Any = Field(default=1, description="steps between neighbouring elements of a window")
RETURN_INDICES: Any = Field(
    default=False, description="give the places of the maxima too, counted within one channel: MaxUnpool's second input"
)
DIVISOR_OVERRIDE: Any = Field(
    default=None, description="divide the sum of a window by this instead of its number of elements"
)

# What onnxruntime gives for a window without elements lies below these; PyTorch gives minus infinity.
NEARLY_LOWEST = {"float32": -3.4e38, "float64": -1.79e308}


def pool_output_size(size: Dim, kernel: int, stride: int, padding: int, dilation: int, *, ceil_mode: bool) -> Dim:
    """Length of one axis after pooling.

    floor((size + 2*padding - dilation*(kernel - 1) - 1) / stride) + 1, as in torch.nn.MaxPool2d. With `ceil_mode`
    the division rounds up, but no window starts beyond the input and its padding on the left.
    """
    reach = 2 * padding - dilation * (kernel - 1) - 1
    if ceil_mode:
        # The smaller of both bounds is the same one for every size, so a symbolic size needs no case.
        reach = min(reach + stride - 1, padding - 1)
    return (size + reach) // stride + 1


class _Pool(Layer):
    """What maximum and average pooling share."""

    axes: ClassVar[int]

    keeps: ClassVar[str]  # of a window, in words

    kernel_size: Sizes = KERNEL_SIZE
    stride: Sizes | None = STRIDE
    padding: Sizes = PADDING
    ceil_mode: bool = Field(default=False, description="a last window may reach over the edge")

    def _settings(self) -> tuple[tuple[int, ...], ...]:
        """Kernel, stride, padding and dilation, one number for each axis."""
        stride = self.kernel_size if self.stride is None else self.stride
        fields = (self.kernel_size, stride, self.padding, getattr(self, "dilation", 1))
        return tuple(per_axis(value, self.axes) for value in fields)

    def pooled(self, x: Tensor) -> Tensor:
        """The output for an input, or ShapeError."""
        x.needs_float()
        x.needs_rank(self.axes + 2)
        kernels, _, paddings, dilations = self._settings()
        for kernel, padding in zip(kernels, paddings, strict=True):
            self._check_padding(kernel, padding)
        axes = zip(x.spatial, *self._settings(), strict=True)
        sizes = [pool_output_size(*axis, ceil_mode=self.ceil_mode) for axis in axes]
        needs_room(x, self.kernel_size, padding=self.padding, dilation=dilations, sizes=sizes)
        return x.with_spatial(x.shape[1], *sizes)

    def _check_padding(self, kernel: int, padding: int) -> None:
        if padding > kernel // 2:
            raise ShapeError(
                f"padding {written(self.padding)} is more than half of a window of {kernel}",
                field="padding",
                help=f"padding of at most {kernel // 2} fits: a window must not lie in the padding alone",
            )

    def _pads(self) -> Pads:
        """Padding before and after each axis. A window that reaches over the edge needs padding there, no rounding."""
        axes = zip(*self._settings(), strict=True)
        return [
            (padding, min(padding + stride - 1, dilation * (kernel - 1)) if self.ceil_mode else padding)
            for kernel, stride, padding, dilation in axes
        ]

    def _places(self) -> list[Window]:
        windows = zip(*self._settings(), strict=True)
        return [Window(kernel, stride, dilation, pad, pad) for kernel, stride, pad, dilation in windows]

    def sees(self, x: Tensor) -> Sees:
        return through_windows(self._places(), channels=False)

    def size_lines(self, x: Tensor) -> list[tuple[str, str]]:
        return window_sizes(x, self.pooled(x), self._places(), ceil_mode=self.ceil_mode)

    def in_words(self, x: Tensor) -> str:
        kernels, strides, _, _ = self._settings()
        steps = f", in steps of {format_sizes(strides)}," if strides != kernels else ""
        return (
            f"Of each window of {format_sizes(kernels)}{steps} only the {self.keeps} is kept, in every channel apart: "
            "coarser, and less mindful of small shifts."
        )

    def _windows(self, pads: Pads | None = None) -> dict[str, Any]:
        """The attributes of an ONNX node that pools."""
        kernels, strides, _, _ = self._settings()
        return {"kernel_shape": kernels, "strides": strides, "pads": onnx_pads(pads or [(0, 0)] * self.axes)}


class _MaxPool(_Pool):
    """What maximum pooling shares: all but the number of axes."""

    keeps = "largest number"

    dilation: Sizes = DILATION
    return_indices: bool = RETURN_INDICES

    def infer(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        y = self.pooled(x)
        return (y, replace(y, dtype="int64")) if self.return_indices else y

    def target(self, outputs: int) -> str:
        return "output, indices" if outputs == 2 else "output"

    def forward(self, x: Code) -> Code:
        pool: Code = getattr(F, f"max_pool{self.axes}d")
        return pool(x, self.kernel_size, **self.changed("kernel_size"))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value | tuple[Value, ...]:
        y, *indices = self._maxima(g, x)
        if self._has_empty_windows(x.tensor):
            # onnxruntime gives the lowest number for a window in the padding alone, PyTorch minus infinity.
            dtype = x.tensor.dtype
            empty = g.op("Less", y, g.constant(NEARLY_LOWEST[dtype], dtype, name="lowest"))
            y = g.op("Where", empty, g.constant(float("-inf"), dtype, name="infinity"), y)
        return (y, _within_an_image(g, x, indices[0])) if indices else y

    def _maxima(self, g: OnnxBuilder, x: Value) -> tuple[Value, ...]:
        pads, kernels = self._pads(), self._settings()[0]
        wide = any(max(ends) >= kernel for ends, kernel in zip(pads, kernels, strict=True))
        if wide and self.return_indices:
            raise g.refuse(
                "onnxruntime cannot tell the places of maxima where a window's padding is as wide as its kernel"
            )
        if wide:
            # onnxruntime pools with less padding than a kernel only; a spread kernel may have more.
            x = pad_spatial(g, x, pads, g.constant(float("-inf"), x.tensor.dtype, name="infinity"))
        windows = self._windows(None if wide else pads)
        dilations = per_axis(self.dilation, self.axes)
        return g.ops("MaxPool", x, outputs=1 + self.return_indices, dilations=dilations, **windows)

    def _has_empty_windows(self, x: Tensor) -> bool:
        """Whether a window may lie in the padding alone: its elements step over an axis shorter than their distance."""
        _, _, paddings, dilations = self._settings()
        axes = zip(x.spatial, paddings, dilations, strict=True)
        return any(pad and step > 1 and (isinstance(size, Size) or size < step) for size, pad, step in axes)


def _within_an_image(g: OnnxBuilder, x: Value, indices: Value) -> Value:
    """ONNX counts the elements of the whole input, PyTorch those of one channel of one example."""
    area = product(x.tensor.spatial)
    if isinstance(area, int):
        return g.op("Mod", indices, g.constant(area, "int64", name="area"))
    return g.op("Mod", indices, g.op("ReduceProd", g.op("Shape", x, start=2), keepdims=0))


class MaxPool1d(_MaxPool):
    """The largest element of each window of a sequence.

    (n, c, t) -> (n, c, t'), and the places of the maxima with `return_indices`

    t' = (t + 2*padding - dilation*(kernel_size - 1) - 1) // stride + 1
    """

    kernel_size: Positive1 = KERNEL_SIZE
    stride: Positive1 | None = STRIDE
    padding: NonNegative1 = PADDING
    dilation: Positive1 = DILATION

    axes = 1
    examples = {
        "n 3 8 -> n 3 4": dict(kernel_size=2),
        "n 2 9 -> n 2 5": dict(kernel_size=[3], stride=2, padding=1),
        "n 2 t -> n 2 t": dict(kernel_size=3, stride=1, padding=1),
        "n 3 9 -> n 3 3, int64 n 3 3": dict(kernel_size=2, stride=3, dilation=2, return_indices=True),
    }


class MaxPool2d(_MaxPool):
    """The largest element of each window of an image.

    (n, c, h, w) -> (n, c, h', w'), and the places of the maxima with `return_indices`

    h' = (h + 2*padding - dilation*(kernel_size - 1) - 1) // stride + 1, and so w'
    """

    kernel_size: Positive2 = KERNEL_SIZE
    stride: Positive2 | None = STRIDE
    padding: NonNegative2 = PADDING
    dilation: Positive2 = DILATION

    axes = 2
    examples = {
        "n 3 8 8 -> n 3 4 4": dict(kernel_size=2),
        "n 2 9 8 -> n 2 5 3": dict(kernel_size=[3, 2], stride=[2, 3], padding=[1, 0]),
        "n 2 10 9 -> n 2 3 3": dict(kernel_size=2, stride=3, dilation=2),
        "n 2 8 7 -> n 2 4 3": dict(kernel_size=3, stride=2, ceil_mode=True),
        "n 2 h w -> n 2 h w": dict(kernel_size=3, stride=1, padding=1),
        "n 2 2 7 -> n 2 2 5": dict(kernel_size=[2, 3], stride=1, padding=[1, 1], dilation=[2, 2]),
        "n 2 1 6 -> n 2 1 2": dict(kernel_size=[2, 2], stride=[1, 3], padding=[1, 0], dilation=[2, 1], ceil_mode=True),
        "n 2 h 6 -> n 2 h 3, int64 n 2 h 3": dict(kernel_size=[1, 2], return_indices=True),
    }


class MaxPool3d(_MaxPool):
    """The largest element of each window of a volume.

    (n, c, d, h, w) -> (n, c, d', h', w'), and the places of the maxima with `return_indices`

    d' = (d + 2*padding - dilation*(kernel_size - 1) - 1) // stride + 1, and so h' and w'
    """

    kernel_size: Positive3 = KERNEL_SIZE
    stride: Positive3 | None = STRIDE
    padding: NonNegative3 = PADDING
    dilation: Positive3 = DILATION

    axes = 3
    examples = {
        "n 2 4 6 5 -> n 2 2 3 2": dict(kernel_size=2),
        "n 2 t 6 5 -> n 2 t 4 3": dict(kernel_size=[1, 3, 2], stride=[1, 2, 2], padding=[0, 1, 0], ceil_mode=True),
        "n 1 5 6 7 -> n 1 3 2 3, int64 n 1 3 2 3": dict(
            kernel_size=2, stride=[2, 3, 2], padding=[1, 0, 0], dilation=[1, 2, 2], return_indices=True
        ),
    }


class _AvgPool(_Pool):
    """What average pooling shares: all but the number of axes."""

    keeps = "mean"

    count_include_pad: bool = Field(default=True, description="zeros of the padding count as elements of the mean")

    def infer(self, x: Tensor) -> Tensor:
        return self.pooled(x)

    def forward(self, x: Code) -> Code:
        pool: Code = getattr(F, f"avg_pool{self.axes}d")
        return pool(x, self.kernel_size, **self.changed("kernel_size"))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return self.means(g, x, x.tensor.dtype)

    def means(self, g: OnnxBuilder, x: Value, dtype: str) -> Value:
        """The nodes of the layer for any value of the graph."""
        pads, divisor = self._pads(), getattr(self, "divisor_override", None)
        if divisor is not None:
            y = g.op("AveragePool", pad_spatial(g, x, pads, None), **self._windows())
            area = prod(self._settings()[0])
            return g.op("Mul", y, g.constant(area / divisor, dtype, name="area"))
        if not self.count_include_pad or not self.ceil_mode:
            return g.op("AveragePool", x, **self._windows(pads), count_include_pad=int(self.count_include_pad))
        # Zeros of the padding count, what lies beyond them does not.
        x = pad_spatial(g, x, [(before, before) for before, _ in pads], None)
        return g.op("AveragePool", x, **self._windows([(0, after - before) for before, after in pads]))


class AvgPool1d(_AvgPool):
    """The mean of each window of a sequence.

    (n, c, t) -> (n, c, t')

    t' = (t + 2*padding - kernel_size) // stride + 1
    """

    kernel_size: Positive1 = KERNEL_SIZE
    stride: Positive1 | None = STRIDE
    padding: NonNegative1 = PADDING

    axes = 1
    examples = {
        "n 3 8 -> n 3 4": dict(kernel_size=2),
        "n 2 8 -> n 2 4": dict(kernel_size=[3], stride=2, ceil_mode=True),
        "n 2 t -> n 2 t": dict(kernel_size=3, stride=1, padding=1, count_include_pad=False),
        "n 2 7 -> n 2 4": dict(kernel_size=3, stride=2, padding=1, ceil_mode=True),
    }


class AvgPool2d(_AvgPool):
    """The mean of each window of an image.

    (n, c, h, w) -> (n, c, h', w')

    h' = (h + 2*padding - kernel_size) // stride + 1, and so w'
    """

    kernel_size: Positive2 = KERNEL_SIZE
    stride: Positive2 | None = STRIDE
    padding: NonNegative2 = PADDING
    divisor_override: PositiveInt | None = DIVISOR_OVERRIDE

    axes = 2
    examples = {
        "n 3 8 8 -> n 3 4 4": dict(kernel_size=2),
        "n 2 9 8 -> n 2 5 3": dict(kernel_size=[3, 2], stride=[2, 3], padding=[1, 0], count_include_pad=False),
        "n 2 8 7 -> n 2 4 3": dict(kernel_size=3, stride=2, ceil_mode=True),
        "n 2 8 6 -> n 2 5 4": dict(kernel_size=2, padding=1, divisor_override=3),
        "n 2 h w -> n 2 h w": dict(kernel_size=3, stride=1, padding=1),
    }


class AvgPool3d(_AvgPool):
    """The mean of each window of a volume.

    (n, c, d, h, w) -> (n, c, d', h', w')

    d' = (d + 2*padding - kernel_size) // stride + 1, and so h' and w'
    """

    kernel_size: Positive3 = KERNEL_SIZE
    stride: Positive3 | None = STRIDE
    padding: NonNegative3 = PADDING
    divisor_override: PositiveInt | None = DIVISOR_OVERRIDE

    axes = 3
    examples = {
        "n 2 4 6 5 -> n 2 2 3 2": dict(kernel_size=2),
        "n 2 t 6 5 -> n 2 t 4 3": dict(
            kernel_size=[1, 3, 2], stride=[1, 2, 2], padding=[0, 1, 0], ceil_mode=True, count_include_pad=False
        ),
        "n 1 4 5 6 -> n 1 3 3 4": dict(kernel_size=2, padding=1, divisor_override=5),
    }

    def infer(self, x: Tensor) -> Tensor:
        y = self.pooled(x)
        for size, kernel in zip(x.spatial, per_axis(self.kernel_size, 3), strict=True):
            if isinstance(size, int) and kernel > size:
                raise ShapeError(
                    f"kernel_size {written(self.kernel_size)} does not fit its input: {format_sizes(x.spatial)}",
                    field="kernel_size",
                    help="over three axes, PyTorch lets neither padding nor ceil_mode make up for a short axis",
                )
        return y
