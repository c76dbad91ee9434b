"""Normalisation of each channel: over the batch, or over the positions of one example."""

from typing import ClassVar

from pydantic import Field, PositiveFloat

from nnspec.layers.along import Sees, same_places
from nnspec.layers.fields import Probability
from nnspec.layers.layer import Layer, OnnxBuilder, Shape, Value
from nnspec.pycode import Code, nn
from nnspec.shapes import ShapeError, Tensor, product


class _ByChannel(Layer):
    """What BatchNorm and InstanceNorm share: statistics and weights of each channel."""

    eps: PositiveFloat = Field(default=1e-5, description="added to the variance, against division by 0")
    bias: bool = Field(default=True, description="shift as learnt, where scaled as learnt")

    ranks: ClassVar[tuple[int, ...]]  # numbers of axes that it takes, the batch among them

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(*self.ranks)
        assert x.channels
        return x

    def module(self, x: Tensor) -> Code:
        made: Code = getattr(nn, type(self).__name__)
        return made(x.channels, **self.changed())

    def _scale_and_shift(self, g: OnnxBuilder, x: Value, affine: bool) -> tuple[Value, Value]:
        channels, dtype = x.tensor.channels, x.tensor.dtype
        scale = g.parameter("weight") if affine else g.constant([1.0] * channels, dtype, name="ones")
        shift = g.parameter("bias") if affine and self.bias else g.constant([0.0] * channels, dtype, name="zeros")
        return scale, shift

    def _learnt(self, x: Tensor, affine: bool) -> dict[str, Shape]:
        names = ["weight", *(["bias"] if self.bias else [])] if affine else []
        return dict.fromkeys(names, (x.channels,))

    def _kept(self, x: Tensor, track: bool) -> dict[str, Shape]:
        return {"running_mean": (x.channels,), "running_var": (x.channels,), "num_batches_tracked": ()} if track else {}

    def _with_kept_statistics(self, g: OnnxBuilder, x: Value, affine: bool) -> Value:
        scale, shift = self._scale_and_shift(g, x, affine)
        mean, variance = g.parameter("running_mean"), g.parameter("running_var")
        return g.op("BatchNormalization", x, scale, shift, mean, variance, epsilon=self.eps)


class _BatchNorm(_ByChannel):
    """What BatchNorm1d, 2d and 3d share: all but the number of axes."""

    momentum: Probability | None = Field(
        default=0.1, description="weight of a new batch in the running statistics; null for a plain average"
    )
    affine: bool = Field(default=True, description="scale and shift each channel as learnt")
    track_running_stats: bool = Field(
        default=True, description="evaluate with statistics kept from training; without, with the batch's own"
    )

    def sees(self, x: Tensor) -> Sees:
        return same_places(x)

    def in_words(self, x: Tensor) -> str:
        learnt = ", then a scale and a shift that are learnt" if self.affine else ""
        return (
            f"Each of the {x.channels} channels is brought to mean 0 and variance 1 over the batch{learnt}; "
            "in evaluation with the averages kept from training. Deep networks train faster so."
        )

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        return self._learnt(x, self.affine)

    def buffers(self, x: Tensor) -> dict[str, Shape]:
        return self._kept(x, self.track_running_stats)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        if not self.track_running_stats:
            raise g.refuse("without running statistics, the answer to one example depends on the others in its batch")
        return self._with_kept_statistics(g, x, self.affine)


class BatchNorm1d(_BatchNorm):
    """Each channel normalised over the batch and the positions.

    (n, c) or (n, c, t) -> the same

    (x - mean) / sqrt(var + eps) * weight + bias; Ioffe and Szegedy, Batch normalization, 2015.
    """

    examples = {"n 6 -> n 6": {}, "n 4 t -> n 4 t": dict(eps=1e-3, momentum=None), "n 3 5 -> n 3 5": dict(affine=False)}
    ranks = (2, 3)


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
    ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """Each channel normalised over the batch and the positions.

    (n, c, d, h, w) -> (n, c, d, h, w)

    (x - mean) / sqrt(var + eps) * weight + bias; Ioffe and Szegedy, Batch normalization, 2015.
    """

    examples = {
        "n 3 2 4 4 -> n 3 2 4 4": dict(eps=1e-3),
        "n 4 t h w -> n 4 t h w": dict(bias=False),
    }
    ranks = (5,)


class _InstanceNorm(_ByChannel):
    """What InstanceNorm1d, 2d and 3d share: all but the number of axes."""

    momentum: Probability = Field(default=0.1, description="weight of a new batch in the running statistics")
    affine: bool = Field(default=False, description="scale and shift each channel as learnt")
    track_running_stats: bool = Field(
        default=False, description="evaluate with statistics kept from training; without, with each example's own"
    )

    def infer(self, x: Tensor) -> Tensor:
        super().infer(x)
        if product(x.spatial) == 1:
            raise ShapeError(
                f"needs several positions to normalise over, got one: {x}",
                help="over one, everything becomes 0; BatchNorm normalises over the examples of a batch",
            )
        return x

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        return self._learnt(x, self.affine)

    def buffers(self, x: Tensor) -> dict[str, Shape]:
        return self._kept(x, self.track_running_stats)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        if self.track_running_stats:
            return self._with_kept_statistics(g, x, self.affine)
        return g.op("InstanceNormalization", x, *self._scale_and_shift(g, x, self.affine), epsilon=self.eps)


class InstanceNorm1d(_InstanceNorm):
    """Each channel of each example normalised over its positions.

    (n, c, t) -> (n, c, t)

    (x - mean) / sqrt(var + eps) * weight + bias; Ulyanov, Vedaldi and Lempitsky, Instance normalization, 2016.
    """

    examples = {"n 4 6 -> n 4 6": dict(affine=True), "n 3 t -> n 3 t": dict(track_running_stats=True)}
    ranks = (3,)


class InstanceNorm2d(_InstanceNorm):
    """Each channel of each example normalised over its positions.

    (n, c, h, w) -> (n, c, h, w)

    (x - mean) / sqrt(var + eps) * weight + bias; Ulyanov, Vedaldi and Lempitsky, Instance normalization, 2016.
    """

    examples = {"n 3 4 5 -> n 3 4 5": dict(affine=True, eps=1e-3), "n 2 h w -> n 2 h w": {}}
    ranks = (4,)


class InstanceNorm3d(_InstanceNorm):
    """Each channel of each example normalised over its positions.

    (n, c, d, h, w) -> (n, c, d, h, w)

    (x - mean) / sqrt(var + eps) * weight + bias; Ulyanov, Vedaldi and Lempitsky, Instance normalization, 2016.
    """

    examples = {"n 3 2 4 5 -> n 3 2 4 5": dict(affine=True, bias=False), "n 2 t h w -> n 2 t h w": {}}
    ranks = (5,)
