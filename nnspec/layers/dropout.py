"""Layers that act in training only."""

from typing import ClassVar

from pydantic import Field

from nnspec.layers.along import Sees, same_places
from nnspec.layers.fields import Probability
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code, nn
from nnspec.shapes import Tensor


class _Dropout(Layer):
    """What dropouts share: all but what becomes 0 together, and on how many axes."""

    p: Probability = Field(default=0.5, description="probability that an element, or a channel of them, is dropped")

    ranks: ClassVar[tuple[int, ...]] = ()  # numbers of axes that it takes, the batch among them; any unless given

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        if self.ranks:
            x.needs_rank(*self.ranks)
        return x

    def sees(self, x: Tensor) -> Sees:
        return same_places(x)

    def module(self, x: Tensor) -> Code:
        made: Code = getattr(nn, type(self).__name__)
        return made(self.p)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return x


class Dropout(_Dropout):
    """In training, elements become 0 at random; in evaluation nothing changes.

    (...) -> (...)

    What is left is scaled by 1 / (1 - p); Srivastava et al., Dropout: a simple way to prevent neural networks from
    overfitting, 2014.
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": dict(p=0.1)}

    def in_words(self, x: Tensor) -> str:
        scale = f", and the rest times 1 / (1 - {self.p:g}) = {1 / (1 - self.p):.3g}" if self.p < 1 else ""
        return (
            f"In training each number becomes 0 with probability {self.p:g}{scale}, so that no number is relied on "
            "alone; in evaluation nothing changes."
        )


class Dropout1d(_Dropout):
    """In training, whole channels become 0 at random; in evaluation nothing changes.

    (n, c, t) -> (n, c, t)

    What is left is scaled by 1 / (1 - p); Tompson et al., Efficient object localization using convolutional networks,
    2014.
    """

    examples = {"n 3 5 -> n 3 5": {}, "n 4 t -> n 4 t": dict(p=0.1)}
    ranks = (3,)


class Dropout2d(_Dropout):
    """In training, whole channels become 0 at random; in evaluation nothing changes.

    (n, c, h, w) -> (n, c, h, w)

    What is left is scaled by 1 / (1 - p); Tompson et al., Efficient object localization using convolutional networks,
    2014.
    """

    examples = {"n 3 5 5 -> n 3 5 5": {}, "n 4 h w -> n 4 h w": dict(p=0.1)}
    ranks = (4,)


class Dropout3d(_Dropout):
    """In training, whole channels become 0 at random; in evaluation nothing changes.

    (n, c, d, h, w) -> (n, c, d, h, w)

    What is left is scaled by 1 / (1 - p); Tompson et al., Efficient object localization using convolutional networks,
    2014.
    """

    examples = {"n 3 2 5 5 -> n 3 2 5 5": {}, "n 4 t h w -> n 4 t h w": dict(p=0.1)}
    ranks = (5,)


class AlphaDropout(_Dropout):
    """In training, elements take SELU's lowest value at random; in evaluation nothing changes.

    (...) -> (...)

    Then all are scaled and shifted so that mean and variance stay; Klambauer et al., Self-normalizing neural networks,
    2017.
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": dict(p=0.1)}


class FeatureAlphaDropout(_Dropout):
    """In training, whole channels take SELU's lowest value at random; in evaluation nothing changes.

    (n, c, ...) -> (n, c, ...)

    Then all are scaled and shifted so that mean and variance stay; Klambauer et al., Self-normalizing neural networks,
    2017.
    """

    examples = {"n 3 -> n 3": {}, "n 4 h w -> n 4 h w": dict(p=0.1)}

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank_at_least(2)
        return x
