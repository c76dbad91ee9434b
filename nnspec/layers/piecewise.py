"""Activations that cut, clip or shrink: made of straight pieces."""

from typing import Any

from pydantic import Field, NonNegativeFloat

from nnspec.layers.elementwise import Elementwise, OneNode
from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.pycode import Code, F, torch
from nnspec.shapes import ShapeError, Tensor


class ReLU6(Elementwise):
    """ReLU that ends at 6.

    (...) -> (...)

    min(max(0, x), 6); Krizhevsky, Convolutional deep belief networks on CIFAR-10, 2010.
    """

    examples = {"n 3 -> n 3": {}, "n 8 h w -> n 8 h w": {}}

    def forward(self, x: Code) -> Code:
        return F.relu6(x)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        dtype = x.tensor.dtype
        return g.op("Clip", x, g.constant(0.0, dtype, name="min"), g.constant(6.0, dtype, name="max"))


class Hardtanh(Elementwise):
    """Elements clipped to a range.

    (...) -> (...)

    min(max(min_val, x), max_val)
    """

    min_val: float = Field(default=-1.0, description="lower end of the range")
    max_val: float = Field(default=1.0, description="upper end of the range")

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": dict(min_val=-0.5, max_val=2.0)}

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        if self.min_val >= self.max_val:
            raise ShapeError(
                f"min_val {self.min_val:g} is not below max_val {self.max_val:g}",
                field="min_val",
                help="elements are clipped to what lies between",
            )
        return x

    def forward(self, x: Code) -> Code:
        return F.hardtanh(x, **self.changed())

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        dtype = x.tensor.dtype
        ends = g.constant(self.min_val, dtype, name="min"), g.constant(self.max_val, dtype, name="max")
        return g.op("Clip", x, *ends)


class Hardsigmoid(OneNode):
    """The logistic function in three straight pieces.

    (...) -> (...)

    min(max(0, x / 6 + 1 / 2), 1); Courbariaux, Bengio and David, BinaryConnect, 2015.
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}
    function = F.hardsigmoid
    operator = "HardSigmoid"

    def attributes(self) -> dict[str, Any]:
        return {"alpha": 1 / 6, "beta": 0.5}


class Hardswish(OneNode):
    """Each element times its Hardsigmoid: SiLU without an exponential.

    (...) -> (...)

    x * min(max(0, x / 6 + 1 / 2), 1); Howard et al., Searching for MobileNetV3, 2019.
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}
    function = F.hardswish
    operator = "HardSwish"


class Hardshrink(OneNode):
    """Elements close to 0 become 0.

    (...) -> (...)

    x where |x| > lambd, else 0
    """

    lambd: float = Field(default=0.5, description="distance from 0 up to which elements become 0")

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": dict(lambd=1.0)}
    function = F.hardshrink
    operator = "Shrink"

    def attributes(self) -> dict[str, Any]:
        return {"lambd": self.lambd}


class Softshrink(OneNode):
    """Elements pulled towards 0 by a fixed step, those close to it made 0.

    (...) -> (...)

    sign(x) * max(0, |x| - lambd)
    """

    lambd: NonNegativeFloat = Field(default=0.5, description="how far elements are pulled towards 0")

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": dict(lambd=1.0)}
    function = F.softshrink
    operator = "Shrink"

    def attributes(self) -> dict[str, Any]:
        return {"lambd": self.lambd, "bias": self.lambd}


class Threshold(Elementwise):
    """Elements that are not above a threshold get one value.

    (...) -> (...)

    x where x > threshold, else value
    """

    threshold: float = Field(description="elements above it stay")
    value: float = Field(description="what the others become")

    examples = {
        "n 3 -> n 3": dict(threshold=0.5, value=0.0),
        "n t 4 -> n t 4": dict(threshold=0.25, value=-2.0),
    }

    def forward(self, x: Code) -> Code:
        return F.threshold(x, self.threshold, self.value)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        if self.value == 0:
            return g.op("ThresholdedRelu", x, alpha=self.threshold)
        dtype = x.tensor.dtype
        above = g.op("Greater", x, g.constant(self.threshold, dtype, name="threshold"))
        return g.op("Where", above, x, g.constant(self.value, dtype, name="value"))


class Heaviside(Elementwise):
    """The step function: 1 above 0, 0 below, `values` at 0.

    (...) -> (...)

    A step has no gradient of use. Its gradient here is that of the identity (straight-through; Bengio, Leonard and
    Courville, Estimating or propagating gradients through stochastic neurons, 2013); its value is exact.
    """

    values: float = Field(default=0.0, description="value at exactly 0")

    examples = {
        "n 3 -> n 3": {},
        "n t 4 -> n t 4": dict(values=1.0),
        "n t -> n t": dict(values=0.5),
    }

    def forward(self, x: Code) -> Code:
        return torch.heaviside(x.detach(), x.new_full((), self.values)) + (x - x.detach())

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        dtype = x.tensor.dtype
        zero = g.constant(0.0, dtype, name="zero")
        if self.values in (0.0, 1.0):
            above = g.op("GreaterOrEqual" if self.values else "Greater", x, zero)
            return g.op("CastLike", above, x)
        step = g.op("CastLike", g.op("Greater", x, zero), x)
        return g.op("Where", g.op("Equal", x, zero), g.constant(self.values, dtype, name="values"), step)
