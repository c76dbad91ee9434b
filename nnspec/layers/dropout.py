"""Layers that act in training only."""

from pydantic import Field

from nnspec.layers.fields import Probability
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code, nn
from nnspec.shapes import Tensor


class Dropout(Layer):
    """In training, elements become 0 at random; in evaluation nothing changes.

    (...) -> (...)

    What is left is scaled by 1 / (1 - p); Srivastava et al., Dropout: a simple way to prevent neural networks from
    overfitting, 2014.
    """

    p: Probability = Field(default=0.5, description="probability that an element becomes 0")

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": dict(p=0.1)}

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        return x

    def module(self, x: Tensor) -> Code:
        return nn.Dropout(self.p)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return x
