"""Maximum pooling by windows that lie at random."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from nnspec.layers.fields import Listed, Positive2, Positive3, per_axis
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.layers.window import Sizes, scaled, written
from nnspec.pycode import Code, F
from nnspec.shapes import Dim, ShapeError, Tensor, format_sizes

Ratio = Annotated[float, Field(gt=0, lt=1)]

KERNEL_SIZE: Any = Field(description="size of the window that each output looks through")
OUTPUT_SIZE: Any = Field(default=None, description="size of the output's axes; this, or output_ratio")
OUTPUT_RATIO: Any = Field(default=None, description="size of the output's axes as a part of the input's")


class _FractionalMaxPool(Layer):
    """What both share: all but the number of axes."""

    axes: ClassVar[int]

    kernel_size: Sizes = KERNEL_SIZE
    output_size: Sizes | None = OUTPUT_SIZE
    output_ratio: float | tuple[float, ...] | None = OUTPUT_RATIO

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(self.axes + 2)
        sizes = self._sizes(x)
        for size, kernel, windows in zip(x.spatial, per_axis(self.kernel_size, self.axes), sizes, strict=True):
            if isinstance(windows, int) and windows < 1:
                raise ShapeError(
                    f"output_ratio leaves nothing of its input: {format_sizes(sizes)}", field="output_ratio"
                )
            if isinstance(size, int) and isinstance(windows, int) and windows + kernel - 1 > size:
                raise ShapeError(
                    f"{windows} windows of kernel_size {written(self.kernel_size)} do not fit {size} positions",
                    field="kernel_size",
                    help=f"an axis of {size} has at most {max(size - kernel + 1, 0)} windows of {kernel}",
                )
        return x.with_spatial(x.shape[1], *sizes)

    def _sizes(self, x: Tensor) -> list[Dim]:
        if (self.output_size is None) == (self.output_ratio is None):
            raise ShapeError(
                "needs the size of its output: output_size or output_ratio, one of both", field="output_size"
            )
        if self.output_size is not None:
            return list(per_axis(self.output_size, self.axes))
        ratios = (self.output_ratio,) * self.axes if isinstance(self.output_ratio, float) else self.output_ratio or ()
        return [scaled(size, ratio, field="output_ratio") for size, ratio in zip(x.spatial, ratios, strict=True)]

    def forward(self, x: Code) -> Code:
        pool: Code = getattr(F, f"fractional_max_pool{self.axes}d")
        return pool(x, self.kernel_size, **self.changed("kernel_size"))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        raise g.refuse("its windows lie at random, in evaluation too, and ONNX knows no such pooling")


class FractionalMaxPool2d(_FractionalMaxPool):
    """The largest element of each window of an image, the windows drawn at random in evaluation too.

    (n, c, h, w) -> (n, c, *output_size), or (n, c, floor(h * ratio), floor(w * ratio))

    Graham, Fractional max-pooling, 2014. ONNX cannot express it: a network with it is not exported.
    """

    kernel_size: Positive2 = KERNEL_SIZE
    output_size: Positive2 | None = OUTPUT_SIZE
    output_ratio: Ratio | Annotated[tuple[Ratio, Ratio], Listed] | None = OUTPUT_RATIO

    axes = 2
    examples = {
        "n 3 9 8 -> n 3 5 4": dict(kernel_size=2, output_size=[5, 4]),
        "n 2 9 7 -> n 2 6 3": dict(kernel_size=[2, 3], output_ratio=[0.7, 0.5]),
    }


class FractionalMaxPool3d(_FractionalMaxPool):
    """The largest element of each window of a volume, the windows drawn at random in evaluation too.

    (n, c, d, h, w) -> (n, c, *output_size), or each axis by its ratio, rounded down

    Graham, Fractional max-pooling, 2014. ONNX cannot express it: a network with it is not exported.
    """

    kernel_size: Positive3 = KERNEL_SIZE
    output_size: Positive3 | None = OUTPUT_SIZE
    output_ratio: Ratio | Annotated[tuple[Ratio, Ratio, Ratio], Listed] | None = OUTPUT_RATIO

    axes = 3
    examples = {
        "n 2 6 7 8 -> n 2 3 3 4": dict(kernel_size=2, output_size=[3, 3, 4]),
        "n 1 9 8 8 -> n 1 4 4 4": dict(kernel_size=2, output_ratio=0.5),
    }
