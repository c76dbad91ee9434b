"""Normalisation: elements brought to mean 0 and variance 1, then scaled and shifted as learnt."""

from typing import Annotated, Any

from pydantic import Field, PositiveFloat, PositiveInt

from nnspec.layers.fields import Listed, Probability
from nnspec.layers.layer import Layer, OnnxBuilder, Shape, Value
from nnspec.pycode import Code, nn
from nnspec.shapes import ShapeError, Tensor

Sizes = PositiveInt | Annotated[tuple[PositiveInt, ...], Listed, Field(min_length=1)]


class _BatchNorm(Layer):
    """What BatchNorm1d and BatchNorm2d share: all but the number of axes."""

    eps: PositiveFloat = Field(default=1e-5, description="added to the variance, against division by 0")
    momentum: Probability | None = Field(
        default=0.1, description="weight of a new batch in the running statistics; null for a plain average"
    )
    affine: bool = Field(default=True, description="scale and shift each channel as learnt")
    track_running_stats: bool = Field(
        default=True, description="evaluate with statistics kept from training; without, with the batch's own"
    )

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        return {"weight": (x.channels,), "bias": (x.channels,)} if self.affine else {}

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        if not self.track_running_stats:
            raise g.refuse("without running statistics, the answer to one example depends on the others in its batch")
        channels, dtype = x.tensor.channels, x.tensor.dtype
        scale = g.parameter("weight") if self.affine else g.constant([1.0] * channels, dtype, name="ones")
        shift = g.parameter("bias") if self.affine else g.constant([0.0] * channels, dtype, name="zeros")
        mean, variance = g.parameter("running_mean"), g.parameter("running_var")
        return g.op("BatchNormalization", x, scale, shift, mean, variance, epsilon=self.eps)


class BatchNorm1d(_BatchNorm):
    """Each channel normalised over the batch and the positions.

    (n, c) or (n, c, t) -> the same

    (x - mean) / sqrt(var + eps) * weight + bias; Ioffe and Szegedy, Batch normalization, 2015.
    """

    examples = {"n 6 -> n 6": {}, "n 4 t -> n 4 t": dict(eps=1e-3, momentum=None), "n 3 5 -> n 3 5": dict(affine=False)}

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(2, 3)
        assert x.channels
        return x

    def module(self, x: Tensor) -> Code:
        return nn.BatchNorm1d(x.channels, **self.changed())


class BatchNorm2d(_BatchNorm):
    """Each channel normalised over the batch and the positions.

    (n, c, h, w) -> (n, c, h, w)

    (x - mean) / sqrt(var + eps) * weight + bias; Ioffe and Szegedy, Batch normalization, 2015.
    """

    examples = {
        "n 3 8 8 -> n 3 8 8": dict(eps=1e-3),
        "n 4 h w -> n 4 h w": {},
        "n 2 h 5 -> n 2 h 5": dict(affine=False, momentum=0.2),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(4)
        assert x.channels
        return x

    def module(self, x: Tensor) -> Code:
        return nn.BatchNorm2d(x.channels, **self.changed())


class LayerNorm(Layer):
    """Each example normalised on its own, over its last axes.

    (..., features) -> (..., features)

    (x - mean) / sqrt(var + eps) * weight + bias; Ba, Kiros and Hinton, Layer normalization, 2016.
    """

    normalized_shape: Sizes | None = Field(
        default=None, description="sizes of the last axes to normalise over; the last axis unless given"
    )
    eps: PositiveFloat = Field(default=1e-5, description="added to the variance, against division by 0")
    elementwise_affine: bool = Field(default=True, description="scale and shift each element as learnt")
    bias: bool = Field(default=True, description="shift as learnt, where scaled as learnt")

    examples = {
        "n 6 -> n 6": {},
        "n t 8 -> n t 8": dict(eps=1e-3, bias=False),
        "n 3 4 5 -> n 3 4 5": dict(normalized_shape=[4, 5]),
        "n t 4 -> n t 4": dict(normalized_shape=4, elementwise_affine=False),
    }

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

    def _sizes(self, x: Tensor) -> tuple[int, ...]:
        if self.normalized_shape is None:
            return (x.features,)
        return (self.normalized_shape,) if isinstance(self.normalized_shape, int) else self.normalized_shape

    def module(self, x: Tensor) -> Code:
        sizes = self._sizes(x)
        return nn.LayerNorm(sizes if len(sizes) > 1 else sizes[0], **self.changed("normalized_shape"))

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        if not self.elementwise_affine:
            return {}
        return {"weight": self._sizes(x), **({"bias": self._sizes(x)} if self.bias else {})}

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        sizes = self._sizes(x.tensor)
        if self.elementwise_affine:
            scale, shift = g.parameter("weight"), g.parameter("bias") if self.bias else None
        else:
            scale, shift = g.constant(_filled(1.0, sizes), x.tensor.dtype, name="ones"), None
        return g.op("LayerNormalization", x, scale, shift, axis=-len(sizes), epsilon=self.eps)


def _filled(number: float, sizes: tuple[int, ...]) -> Any:
    """Nested lists of one number."""
    return [_filled(number, sizes[1:])] * sizes[0] if sizes else number
