"""Power pooling: between the sum of a window and its maximum."""

from typing import Any, ClassVar

from pydantic import Field, PositiveFloat, PositiveInt

from nnspec.layers.fields import Positive1, Positive2, Positive3, per_axis
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.layers.pool import KERNEL_SIZE, STRIDE, AvgPool1d, AvgPool2d, AvgPool3d
from nnspec.layers.window import Sizes
from nnspec.pycode import Code, F
from nnspec.shapes import Tensor, product


class _LPPool(Layer):
    """What power pooling shares: all but the number of axes."""

    axes: ClassVar[int]
    mean: ClassVar[Any]  # the average pooling of as many axes

    norm_type: PositiveFloat = Field(description="power p: 1 sums a window, the larger the nearer to its maximum")
    kernel_size: Sizes = KERNEL_SIZE
    stride: Sizes | None = STRIDE
    ceil_mode: bool = Field(default=False, description="a last window may reach over the edge")

    def _means(self) -> Any:
        """The average pooling with the same windows."""
        return self.mean(kernel_size=self.kernel_size, stride=self.stride, ceil_mode=self.ceil_mode)

    def infer(self, x: Tensor) -> Tensor:
        pooled: Tensor = self._means().infer(x)
        return pooled

    def forward(self, x: Code) -> Code:
        pool: Code = getattr(F, f"lp_pool{self.axes}d")
        return pool(x, self.norm_type, self.kernel_size, **self.changed("norm_type", "kernel_size"))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        kernels = per_axis(self.kernel_size, self.axes)
        if self.norm_type % 2 == 0 and not self.ceil_mode:
            strides = kernels if self.stride is None else per_axis(self.stride, self.axes)
            return g.op("LpPool", x, p=int(self.norm_type), kernel_shape=kernels, strides=strides)
        dtype = x.tensor.dtype
        powers = x if self.norm_type == 1 else g.op("Pow", x, g.constant(self.norm_type, dtype, name="p"))
        sums = g.op("Mul", self._means().means(g, powers, dtype), g.constant(product(kernels), dtype, name="area"))
        return sums if self.norm_type == 1 else g.op("Pow", sums, g.constant(1 / self.norm_type, dtype, name="root"))


class LPPool1d(_LPPool):
    """The p-norm of each window of a sequence: sum(x ** p) ** (1 / p).

    (n, c, t) -> (n, c, t')

    t' = (t - kernel_size) // stride + 1; a window over the edge counts as if it were full;
    Sermanet et al., Convolutional neural networks applied to house numbers digit classification, 2012.
    """

    kernel_size: PositiveInt = KERNEL_SIZE  # PyTorch takes no list here
    stride: Positive1 | None = STRIDE

    axes, mean = 1, AvgPool1d
    examples = {
        "n 3 8 -> n 3 4": dict(norm_type=2, kernel_size=2),
        "n 2 t -> n 2 t": dict(norm_type=1, kernel_size=1),
        "n 2 8 -> n 2 4": dict(norm_type=4, kernel_size=3, stride=2, ceil_mode=True),
    }


class LPPool2d(_LPPool):
    """The p-norm of each window of an image: sum(x ** p) ** (1 / p).

    (n, c, h, w) -> (n, c, h', w')

    h' = (h - kernel_size) // stride + 1, and so w'; a window over the edge counts as if it were full;
    Sermanet et al., Convolutional neural networks applied to house numbers digit classification, 2012.
    """

    kernel_size: Positive2 = KERNEL_SIZE
    stride: Positive2 | None = STRIDE

    axes, mean = 2, AvgPool2d
    examples = {
        "n 3 8 7 -> n 3 3 6": dict(norm_type=2, kernel_size=[3, 2], stride=[2, 1]),
        "n 2 h 6 -> n 2 h 3": dict(norm_type=1, kernel_size=[1, 2]),
        "n 2 8 7 -> n 2 4 3": dict(norm_type=2, kernel_size=3, stride=2, ceil_mode=True),
    }


class LPPool3d(_LPPool):
    """The p-norm of each window of a volume: sum(x ** p) ** (1 / p).

    (n, c, d, h, w) -> (n, c, d', h', w')

    d' = (d - kernel_size) // stride + 1, and so h' and w'; a window over the edge counts as if it were full;
    Sermanet et al., Convolutional neural networks applied to house numbers digit classification, 2012.
    """

    kernel_size: Positive3 = KERNEL_SIZE
    stride: Positive3 | None = STRIDE

    axes, mean = 3, AvgPool3d
    examples = {
        "n 2 4 6 5 -> n 2 2 3 2": dict(norm_type=2, kernel_size=2),
        "n 1 5 4 4 -> n 1 3 2 2": dict(norm_type=2, kernel_size=2, ceil_mode=True),
        "n 2 t 5 6 -> n 2 t 2 3": dict(norm_type=4, kernel_size=[1, 3, 2], stride=[1, 2, 2]),
    }
