"""Normalisation of each example on its own: over features, groups of channels, or neighbouring channels."""

from typing import Annotated, Any

from pydantic import Field, PositiveFloat, PositiveInt

from nnspec.layers.along import Sees, same_places
from nnspec.layers.fields import Listed
from nnspec.layers.layer import Layer, OnnxBuilder, Shape, Value
from nnspec.pycode import Code, F, nn
from nnspec.shapes import ShapeError, Tensor, product

Sizes = PositiveInt | Annotated[tuple[PositiveInt, ...], Listed, Field(min_length=1)]
FLOAT32_EPS = 2.0**-23


class _OverLastAxes(Layer):
    """What LayerNorm and RMSNorm share: the axes that they normalise over, and weights of their shape."""

    normalized_shape: Sizes | None = Field(
        default=None, description="sizes of the last axes to normalise over; the last axis unless given"
    )
    elementwise_affine: bool = Field(default=True, description="scale (and shift) each element as learnt")

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        sizes = self._sizes(x)
        if len(sizes) >= x.rank or x.shape[-len(sizes) :] != sizes:
            raise ShapeError(
                f"normalized_shape {list(sizes)} is not how its input ends: {x}",
                field="normalized_shape",
                help="left out, it is the size of the last axis",
            )
        return x

    def sees(self, x: Tensor) -> Sees:
        return same_places(x, without=range(x.rank - len(self._sizes(x)), x.rank))

    def _sizes(self, x: Tensor) -> tuple[int, ...]:
        if self.normalized_shape is None:
            return (x.features,)
        return (self.normalized_shape,) if isinstance(self.normalized_shape, int) else self.normalized_shape

    def module(self, x: Tensor) -> Code:
        sizes = self._sizes(x)
        made: Code = getattr(nn, type(self).__name__)
        return made(sizes if len(sizes) > 1 else sizes[0], **self.changed("normalized_shape"))

    def _scale(self, g: OnnxBuilder, x: Value) -> Value:
        if self.elementwise_affine:
            return g.parameter("weight")
        return g.constant(_filled(1.0, self._sizes(x.tensor)), x.tensor.dtype, name="ones")


class LayerNorm(_OverLastAxes):
    """Each example normalised on its own, over its last axes.

    (..., features) -> (..., features)

    (x - mean) / sqrt(var + eps) * weight + bias; Ba, Kiros and Hinton, Layer normalization, 2016.
    """

    eps: PositiveFloat = Field(default=1e-5, description="added to the variance, against division by 0")
    bias: bool = Field(default=True, description="shift as learnt, where scaled as learnt")

    examples = {
        "n 6 -> n 6": {},
        "n t 8 -> n t 8": dict(eps=1e-3, bias=False),
        "n 3 4 5 -> n 3 4 5": dict(normalized_shape=[4, 5]),
        "n t 4 -> n t 4": dict(normalized_shape=4, elementwise_affine=False),
    }

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        if not self.elementwise_affine:
            return {}
        return {"weight": self._sizes(x), **({"bias": self._sizes(x)} if self.bias else {})}

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        shift = g.parameter("bias") if self.elementwise_affine and self.bias else None
        axis = -len(self._sizes(x.tensor))
        return g.op("LayerNormalization", x, self._scale(g, x), shift, axis=axis, epsilon=self.eps)


class RMSNorm(_OverLastAxes):
    """Each example divided by the root of its mean square, over its last axes.

    (..., features) -> (..., features)

    x / sqrt(mean(x^2) + eps) * weight; Zhang and Sennrich, Root mean square layer normalization, 2019.
    """

    eps: PositiveFloat | None = Field(
        default=None, description="added to the mean square; null for the smallest step from 1 of its numbers"
    )

    examples = {
        "n 6 -> n 6": {},
        "n t 8 -> n t 8": dict(eps=1e-3),
        "n 3 4 5 -> n 3 4 5": dict(normalized_shape=[4, 5], elementwise_affine=False),
    }

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        return {"weight": self._sizes(x)} if self.elementwise_affine else {}

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        eps = FLOAT32_EPS if self.eps is None else self.eps
        dims = range(-len(self._sizes(x.tensor)), 0)
        if g.opset >= 23:
            return g.op("RMSNormalization", x, self._scale(g, x), axis=dims[0], epsilon=eps)
        square = g.op("ReduceMean", g.op("Mul", x, x), g.constant(list(dims), "int64", name="axes"))
        root = g.op("Sqrt", g.op("Add", square, g.constant(eps, x.tensor.dtype, name="eps")))
        y = g.op("Div", x, root)
        return g.op("Mul", y, g.parameter("weight")) if self.elementwise_affine else y


class GroupNorm(Layer):
    """Groups of channels normalised within each example.

    (n, c, ...) -> (n, c, ...)

    (x - mean) / sqrt(var + eps) * weight + bias; Wu and He, Group normalization, 2018.
    """

    num_groups: PositiveInt = Field(description="how many groups the channels form, neighbours together")
    eps: PositiveFloat = Field(default=1e-5, description="added to the variance, against division by 0")
    affine: bool = Field(default=True, description="scale and shift each channel as learnt")
    bias: bool = Field(default=True, description="shift as learnt, where scaled as learnt")

    examples = {
        "n 6 -> n 6": dict(num_groups=2),
        "n 4 h w -> n 4 h w": dict(num_groups=2, eps=1e-3),
        "n 6 t -> n 6 t": dict(num_groups=1, affine=False),
        "n 4 3 5 -> n 4 3 5": dict(num_groups=4, bias=False),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        if x.channels % self.num_groups:
            fitting = ", ".join(str(size) for size in range(1, x.channels + 1) if x.channels % size == 0)
            raise ShapeError(
                f"num_groups {self.num_groups} does not divide its input's {x.channels} channels",
                field="num_groups",
                help=f"what does: {fitting}",
            )
        if product(x.spatial) * (x.channels // self.num_groups) == 1:
            raise ShapeError(
                f"num_groups {self.num_groups} leaves one number in each group of {x}",
                field="num_groups",
                help="alone in its group, every number becomes 0: fewer groups hold more",
            )
        return x

    def module(self, x: Tensor) -> Code:
        return nn.GroupNorm(self.num_groups, x.channels, **self.changed("num_groups"))

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        names = ["weight", *(["bias"] if self.bias else [])] if self.affine else []
        return dict.fromkeys(names, (x.channels,))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        channels, dtype = x.tensor.channels, x.tensor.dtype
        groups = self.num_groups
        if g.opset >= 21:
            scale = g.parameter("weight") if self.affine else g.constant([1.0] * channels, dtype, name="ones")
            biased = self.affine and self.bias
            shift = g.parameter("bias") if biased else g.constant([0.0] * channels, dtype, name="zeros")
            return g.op("GroupNormalization", x, scale, shift, num_groups=groups, epsilon=self.eps)
        # Below 21 the operator scales whole groups: a group is the channel of an InstanceNormalization instead.
        ones, zeros = g.constant([1.0] * groups, dtype, name="ones"), g.constant([0.0] * groups, dtype, name="zeros")
        grouped = g.op("Reshape", x, g.constant((0, groups, -1), "int64", name="groups"))
        y = g.op("InstanceNormalization", grouped, ones, zeros, epsilon=self.eps)
        y = g.op("Reshape", y, g.op("Shape", x))
        by_channel = (channels, *[1] * (x.tensor.rank - 2))
        for name, operator in zip(self.parameters(x.tensor), ("Mul", "Add"), strict=False):
            y = g.op(operator, y, g.constant(g.weights(name).reshape(by_channel), dtype, name=name))
        return y


class LocalResponseNorm(Layer):
    """Each element divided by a power of the squares around it, at the same place in neighbouring channels.

    (n, c, t, ...) -> (n, c, t, ...)

    x / (k + alpha / size * sum of x^2 over `size` channels)^beta; Krizhevsky, Sutskever and Hinton, ImageNet
    classification with deep convolutional neural networks, 2012.
    """

    size: PositiveInt = Field(description="how many neighbouring channels are summed")
    alpha: float = Field(default=1e-4, description="weight of the sum of squares")
    beta: float = Field(default=0.75, description="exponent")
    k: float = Field(default=1.0, description="added to the weighted sum")

    examples = {
        "n 6 4 4 -> n 6 4 4": dict(size=3, alpha=0.5),
        "n 5 h w -> n 5 h w": dict(size=2, alpha=1.0, beta=0.5, k=2.0),
        "n 4 t -> n 4 t": dict(size=3, alpha=1.0),
        "n 3 2 h w -> n 3 2 h w": dict(size=5, alpha=1.0),
        "n c t -> n c t": dict(size=4, alpha=0.5),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank_at_least(3)
        return x

    def forward(self, x: Code) -> Code:
        return F.local_response_norm(x, self.size, **self.changed("size"))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        is_image = x.tensor.rank == 4
        image = x if is_image else g.op("Reshape", x, g.constant((0, 0, -1, 1), "int64", name="image"))
        if self.size % 2:
            y = g.op("LRN", image, size=self.size, alpha=self.alpha, beta=self.beta, bias=self.k)
        else:
            y = self._over_an_even_number(g, image, x.tensor.dtype)
        return y if is_image else g.op("Reshape", y, g.op("Shape", x))

    def _over_an_even_number(self, g: OnnxBuilder, x: Value, dtype: str) -> Value:
        """An average over channels: ONNX's LRN reaches further after a channel, PyTorch's further before it."""
        rows = g.op("Transpose", g.op("Mul", x, x), perm=[0, 2, 1, 3])
        pads = [self.size // 2, 0, (self.size - 1) // 2, 0]
        mean = g.op("AveragePool", rows, kernel_shape=[self.size, 1], pads=pads, count_include_pad=1)
        mean = g.op("Transpose", mean, perm=[0, 2, 1, 3])
        scaled = g.op("Mul", mean, g.constant(self.alpha, dtype, name="alpha"))
        below = g.op("Add", scaled, g.constant(self.k, dtype, name="k"))
        return g.op("Div", x, g.op("Pow", below, g.constant(self.beta, dtype, name="beta")))


def _filled(number: float, sizes: tuple[int, ...]) -> Any:
    """Nested lists of one number."""
    return [_filled(number, sizes[1:])] * sizes[0] if sizes else number
