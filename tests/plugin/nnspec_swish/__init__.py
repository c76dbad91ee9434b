"""A layer type in a package of its own."""

from pydantic import Field

from nnspec.layers import Layer, OnnxBuilder, Value
from nnspec.pycode import Code
from nnspec.shapes import Tensor


class Swish(Layer):
    """A line through a gate: y = x * sigmoid(beta * x).

    (...) -> (...)

    Ramachandran et al. 2017.
    """

    beta: float = Field(default=1.0, description="steepness of the gate")

    examples = {"n 8 -> n 8": dict(), "n t 4 -> n t 4": dict(beta=2.0)}

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        return x

    def forward(self, x: Code) -> Code:
        return x * (x * self.beta).sigmoid()

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        gate = g.op("Sigmoid", g.op("Mul", x, g.constant(self.beta)))
        return g.op("Mul", x, gate)
