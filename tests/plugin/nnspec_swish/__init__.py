"""Layer types in a package of their own."""

from pydantic import Field

from nnspec.layers import Layer, OnnxBuilder, Value
from nnspec.layers.layer import Shape
from nnspec.pycode import Code, name
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


class Modulate(Layer):
    """Features scaled and shifted by others: y = gain * x * (1 + scale) + shift.

    (...), optional (...) and (...) -> (...)

    Perez et al., FiLM: Visual reasoning with a general conditioning layer, 2018.
    """

    gain: float = Field(default=1.0, description="where the learnt gain starts")

    definition = """
class Modulate(nn.Module):
    def __init__(self, features: int, gain: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((features,), gain))

    def forward(self, x: Tensor, scale: Tensor | None = None, shift: Tensor | None = None) -> Tensor:
        x = x * self.weight
        if scale is not None:
            x = x * (1 + scale)
        return x if shift is None else x + shift
"""
    examples = {
        "n 8 -> n 8": dict(),
        "n t 4, n t 4 -> n t 4": dict(gain=2.0),
        "n 4, n 4, n 4 -> n 4": dict(gain=2.0),
    }

    def infer(self, x: Tensor, scale: Tensor | None = None, shift: Tensor | None = None) -> Tensor:
        x.needs_float()
        return x

    def module(self, x: Tensor, scale: Tensor | None = None, shift: Tensor | None = None) -> Code:
        return name("Modulate")(x.features, self.gain)

    def parameters(self, x: Tensor, scale: Tensor | None = None, shift: Tensor | None = None) -> dict[str, Shape]:
        return {"weight": (x.features,)}

    def to_onnx(self, g: OnnxBuilder, x: Value, scale: Value | None = None, shift: Value | None = None) -> Value:
        x = g.op("Mul", x, g.parameter("weight"))
        if scale:
            x = g.op("Add", x, g.op("Mul", x, scale))
        return g.op("Add", x, shift) if shift else x
