"""Functions of each element, and the two that share an axis among its elements."""

from typing import Literal

from pydantic import Field

from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code, F, torch
from nnspec.shapes import Tensor


class _Activation(Layer):
    """What activations share: real numbers in, the same shape out."""

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        return x


class Sigmoid(_Activation):
    """The logistic function of each element.

    (...) -> (...)

    1 / (1 + exp(-x))
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}

    def forward(self, x: Code) -> Code:
        return torch.sigmoid(x)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Sigmoid", x)


class Tanh(_Activation):
    """The hyperbolic tangent of each element.

    (...) -> (...)
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}

    def forward(self, x: Code) -> Code:
        return torch.tanh(x)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Tanh", x)


class ReLU(_Activation):
    """Negative elements become 0.

    (...) -> (...)

    max(0, x); Nair and Hinton, Rectified linear units improve restricted Boltzmann machines, 2010.
    """

    examples = {"n 3 -> n 3": {}, "n 8 h w -> n 8 h w": {}}

    def forward(self, x: Code) -> Code:
        return F.relu(x)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Relu", x)


class LeakyReLU(_Activation):
    """Negative elements are made small.

    (...) -> (...)

    max(0, x) + negative_slope * min(0, x); Maas et al., Rectifier nonlinearities improve neural network acoustic
    models, 2013.
    """

    negative_slope: float = Field(default=0.01, description="factor of negative elements")

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": dict(negative_slope=0.2)}

    def forward(self, x: Code) -> Code:
        return F.leaky_relu(x, **self.changed())

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("LeakyRelu", x, alpha=self.negative_slope)


class GELU(_Activation):
    """Each element weighted by how likely a normal variable is to be smaller.

    (...) -> (...)

    x * Phi(x), or its tanh approximation; Hendrycks and Gimpel, Gaussian error linear units, 2016.
    """

    approximate: Literal["none", "tanh"] = Field(default="none", description="`tanh` for the quicker approximation")

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": dict(approximate="tanh")}

    def forward(self, x: Code) -> Code:
        return F.gelu(x, **self.changed())

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        if g.opset >= 20:
            return g.op("Gelu", x, approximate=self.approximate)

        def constant(number: float) -> Value:
            return g.constant(number, x.tensor.dtype)

        if self.approximate == "tanh":
            cube = g.op("Mul", g.op("Mul", g.op("Mul", x, x), x), constant(0.044715))
            bell = g.op("Tanh", g.op("Mul", g.op("Add", x, cube), constant(0.7978845608028654)))  # sqrt(2 / pi)
        else:
            bell = g.op("Erf", g.op("Mul", x, constant(0.7071067811865476)))  # 1 / sqrt(2)
        return g.op("Mul", g.op("Mul", x, constant(0.5)), g.op("Add", bell, constant(1.0)))


class Heaviside(_Activation):
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


class _AlongAxis(Layer):
    """What Softmax and LogSoftmax share."""

    dim: int = Field(default=-1, description="axis whose elements share one distribution, the batch being axis 0")

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.axis(self.dim)
        return x


class Softmax(_AlongAxis):
    """Positive numbers that add up to 1 along an axis.

    (...) -> (...)

    exp(x_i) / sum_j exp(x_j)
    """

    examples = {"n 3 -> n 3": {}, "n 4 h w -> n 4 h w": dict(dim=1)}

    def forward(self, x: Code) -> Code:
        return F.softmax(x, dim=self.dim)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Softmax", x, axis=self.dim)


class LogSoftmax(_AlongAxis):
    """The logarithm of the softmax along an axis.

    (...) -> (...)

    x_i - log sum_j exp(x_j)
    """

    examples = {"n 3 -> n 3": {}, "n 4 t -> n 4 t": dict(dim=1)}

    def forward(self, x: Code) -> Code:
        return F.log_softmax(x, dim=self.dim)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("LogSoftmax", x, axis=self.dim)
