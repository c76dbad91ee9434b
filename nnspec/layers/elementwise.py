"""What functions of each element share: activations and the arithmetic of one tensor."""

from typing import Any, ClassVar

from nnspec.layers.along import Sees, same_places
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code
from nnspec.shapes import Tensor


class Elementwise(Layer):
    """A function of each element: real numbers in, the same shape out. It has a curve to draw."""

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        return x

    def sees(self, x: Tensor) -> Sees:
        return same_places(x)


class OneNode(Elementwise):
    """A function that PyTorch and ONNX both have: a call with the fields that are not defaults, and one node."""

    function: ClassVar[Code]
    operator: ClassVar[str]

    def forward(self, x: Code) -> Code:
        return self.function(x, **self.changed())

    def attributes(self) -> dict[str, Any]:
        """The node's attributes."""
        return {}

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op(self.operator, x, **self.attributes())
