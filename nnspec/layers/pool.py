"""Pooling: each window of an image made one number."""

from collections.abc import Sequence
from math import prod
from typing import Annotated, Any

from pydantic import Field, PositiveInt

from nnspec.layers.fields import Listed, NonNegative2, Positive2, per_axis
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.layers.window import Pads, needs_room, onnx_pads, pad_spatial, written
from nnspec.pycode import Code, F
from nnspec.shapes import Dim, ShapeError, Size, Tensor

# A size for each axis, null where it stays as it is.
OutputSize = PositiveInt | Annotated[tuple[PositiveInt | None, PositiveInt | None], Listed]

NO_PADS = [(0, 0), (0, 0)]


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
    """What max and average pooling share."""

    kernel_size: Positive2 = Field(description="size of the window that each output looks through")
    stride: Positive2 | None = Field(default=None, description="steps from one window to the next; the kernel's size")
    padding: NonNegative2 = Field(default=0, description="positions added at both ends of an axis")

    def _settings(self) -> tuple[tuple[int, ...], ...]:
        """Kernel, stride, padding and dilation, one number for each axis."""
        stride = self.kernel_size if self.stride is None else self.stride
        dilation = getattr(self, "dilation", 1)
        return tuple(per_axis(value, 2) for value in (self.kernel_size, stride, self.padding, dilation))

    def _pooled(self, x: Tensor, *, ceil_mode: bool) -> Tensor:
        x.needs_float()
        x.needs_rank(4)
        kernels, _, paddings, dilations = self._settings()
        for kernel, padding in zip(kernels, paddings, strict=True):
            self._check_padding(kernel, padding)
        axes = zip(x.spatial, *self._settings(), strict=True)
        sizes = [pool_output_size(*axis, ceil_mode=ceil_mode) for axis in axes]
        needs_room(x, self.kernel_size, padding=self.padding, dilation=dilations, sizes=sizes)
        return x.with_spatial(x.shape[1], *sizes)

    def _check_padding(self, kernel: int, padding: int) -> None:
        if padding > kernel // 2:
            raise ShapeError(
                f"padding {written(self.padding)} is more than half of a window of {kernel}",
                field="padding",
                help=f"padding of at most {kernel // 2} fits: a window must not lie in the padding alone",
            )

    def _pads(self, *, ceil_mode: bool) -> Pads:
        """Padding before and after each axis. A window that reaches over the edge needs padding there, no rounding."""
        axes = zip(*self._settings(), strict=True)
        return [
            (padding, min(padding + stride - 1, dilation * (kernel - 1)) if ceil_mode else padding)
            for kernel, stride, padding, dilation in axes
        ]

    def _onnx(self, g: OnnxBuilder, op_type: str, x: Value, pads: Pads, **attributes: Any) -> Value:
        kernels, strides, _, _ = self._settings()
        return g.op(op_type, x, kernel_shape=kernels, strides=strides, pads=onnx_pads(pads), **attributes)


class MaxPool2d(_Pool):
    """The largest element of each window.

    (n, c, h, w) -> (n, c, h', w')

    h' = (h + 2*padding - dilation*(kernel_size - 1) - 1) // stride + 1, and so w'
    """

    dilation: Positive2 = Field(default=1, description="steps between neighbouring elements of a window")
    ceil_mode: bool = Field(default=False, description="a last window may reach over the edge")

    examples = {
        "n 3 8 8 -> n 3 4 4": dict(kernel_size=2),
        "n 2 9 8 -> n 2 5 3": dict(kernel_size=[3, 2], stride=[2, 3], padding=[1, 0]),
        "n 2 10 9 -> n 2 3 3": dict(kernel_size=2, stride=3, dilation=2),
        "n 2 8 7 -> n 2 4 3": dict(kernel_size=3, stride=2, ceil_mode=True),
        "n 2 h w -> n 2 h w": dict(kernel_size=3, stride=1, padding=1),
    }

    def infer(self, x: Tensor) -> Tensor:
        return self._pooled(x, ceil_mode=self.ceil_mode)

    def forward(self, x: Code) -> Code:
        return F.max_pool2d(x, self.kernel_size, **self.changed("kernel_size"))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        pads, kernels = self._pads(ceil_mode=self.ceil_mode), self._settings()[0]
        if any(max(ends) >= kernel for ends, kernel in zip(pads, kernels, strict=True)):
            # onnxruntime pools with less padding than a kernel only; a spread kernel may have more.
            x, pads = pad_spatial(g, x, pads, g.constant(float("-inf"), x.tensor.dtype, name="lowest")), NO_PADS
        return self._onnx(g, "MaxPool", x, pads, dilations=per_axis(self.dilation, 2))


class AvgPool2d(_Pool):
    """The mean of each window.

    (n, c, h, w) -> (n, c, h', w')

    h' = (h + 2*padding - kernel_size) // stride + 1, and so w'
    """

    ceil_mode: bool = Field(default=False, description="a last window may reach over the edge")
    count_include_pad: bool = Field(default=True, description="zeros of the padding count as elements of the mean")
    divisor_override: PositiveInt | None = Field(
        default=None, description="divide the sum of a window by this instead of its number of elements"
    )

    examples = {
        "n 3 8 8 -> n 3 4 4": dict(kernel_size=2),
        "n 2 9 8 -> n 2 5 3": dict(kernel_size=[3, 2], stride=[2, 3], padding=[1, 0], count_include_pad=False),
        "n 2 8 7 -> n 2 4 3": dict(kernel_size=3, stride=2, ceil_mode=True),
        "n 2 8 6 -> n 2 5 4": dict(kernel_size=2, padding=1, divisor_override=3),
        "n 2 h w -> n 2 h w": dict(kernel_size=3, stride=1, padding=1),
    }

    def infer(self, x: Tensor) -> Tensor:
        return self._pooled(x, ceil_mode=self.ceil_mode)

    def forward(self, x: Code) -> Code:
        return F.avg_pool2d(x, self.kernel_size, **self.changed("kernel_size"))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        pads, dtype = self._pads(ceil_mode=self.ceil_mode), x.tensor.dtype
        if self.divisor_override is not None:
            y = self._onnx(g, "AveragePool", pad_spatial(g, x, pads, None), NO_PADS)
            area = prod(self._settings()[0])
            return g.op("Mul", y, g.constant(area / self.divisor_override, dtype, name="area"))
        if not self.count_include_pad or not self.ceil_mode:
            return self._onnx(g, "AveragePool", x, pads, count_include_pad=int(self.count_include_pad))
        # Zeros of the padding count, what lies beyond them does not.
        if any(before for before, _ in pads):
            x = pad_spatial(g, x, [(before, before) for before, _ in pads], None)
        return self._onnx(g, "AveragePool", x, [(0, after - before) for before, after in pads], count_include_pad=0)


class AdaptiveAvgPool2d(Layer):
    """The mean of each window, with as many windows as asked for.

    (n, c, h, w) -> (n, c, *output_size)

    Window i of k covers floor(i * h / k) to ceil((i + 1) * h / k).
    """

    output_size: OutputSize = Field(description="size of the output's axes; null leaves an axis as it is")

    examples = {
        "n 3 8 8 -> n 3 1 1": dict(output_size=1),
        "n 2 8 6 -> n 2 4 2": dict(output_size=[4, 2]),
        "n 2 7 5 -> n 2 3 4": dict(output_size=[3, 4]),
        "n 2 h w -> n 2 1 1": dict(output_size=1),
        "n 2 h 6 -> n 2 h 4": dict(output_size=[None, 4]),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(4)
        return x.with_spatial(x.shape[1], *self._sizes(x))

    def _sizes(self, x: Tensor) -> Sequence[Dim]:
        wanted = (self.output_size,) * 2 if isinstance(self.output_size, int) else self.output_size
        return [before if size is None else size for size, before in zip(wanted, x.spatial, strict=True)]

    def forward(self, x: Code) -> Code:
        return F.adaptive_avg_pool2d(x, self.output_size)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        before, after = x.tensor.spatial, self._sizes(x.tensor)
        if all(size == 1 for size in after):
            return g.op("GlobalAveragePool", x)
        if kernel := _even_windows(before, after):
            return g.op("AveragePool", x, kernel_shape=kernel, strides=kernel)
        y = x
        for axis, (size, windows) in enumerate(zip(before, after, strict=True), start=2):
            if size != windows:
                y = _averaged(g, y, axis, size, windows, x.tensor.dtype)
        return y


def _even_windows(before: Sequence[Dim], after: Sequence[Dim]) -> list[int]:
    """The size of the windows along each axis, where all of them are of one size."""
    sizes = list(zip(before, after, strict=True))
    if any(isinstance(size, Size) or isinstance(windows, Size) or size % windows for size, windows in sizes):
        return []
    return [size // windows for size, windows in sizes if isinstance(size, int) and isinstance(windows, int)]


def _averaged(g: OnnxBuilder, x: Value, axis: int, size: Dim, windows: Dim, dtype: str) -> Value:
    """One axis pooled: the mean over a window is the mean along each axis in turn."""
    if windows == 1:
        return g.op("ReduceMean", x, g.constant([axis], "int64", name="axes"), keepdims=1)
    if not isinstance(size, int) or not isinstance(windows, int):
        raise g.refuse(f"cannot pool an axis of unknown length {size} to {windows}: its windows depend on the length")
    weights = _averaging(size, windows)
    if axis == 2:
        return g.op("MatMul", g.constant(weights, dtype, name="windows"), x)
    columns = list(zip(*weights, strict=True))
    return g.op("MatMul", x, g.constant(columns, dtype, name="windows"))


def _averaging(size: int, windows: int) -> list[list[float]]:
    """Matrix of which row i times an axis is the mean over window i."""
    rows = []
    for window in range(windows):
        start, end = window * size // windows, -(-(window + 1) * size // windows)
        rows.append([1 / (end - start) if start <= place < end else 0.0 for place in range(size)])
    return rows
