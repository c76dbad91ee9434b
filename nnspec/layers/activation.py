"""Activations: the smooth ones and those that bend at 0."""

from typing import Any, Literal

from pydantic import Field, PositiveInt

from nnspec.layers.elementwise import Elementwise, OneNode
from nnspec.layers.layer import OnnxBuilder, Shape, Value
from nnspec.pycode import Code, F, nn, torch
from nnspec.shapes import ShapeError, Tensor


class Sigmoid(OneNode):
    """The logistic function of each element.

    (...) -> (...)

    1 / (1 + exp(-x))
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}
    function = torch.sigmoid
    operator = "Sigmoid"


class Tanh(OneNode):
    """The hyperbolic tangent of each element.

    (...) -> (...)

    (exp(x) - exp(-x)) / (exp(x) + exp(-x))
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}
    function = torch.tanh
    operator = "Tanh"


class ReLU(OneNode):
    """Negative elements become 0.

    (...) -> (...)

    max(0, x); Nair and Hinton, Rectified linear units improve restricted Boltzmann machines, 2010.
    """

    examples = {"n 3 -> n 3": {}, "n 8 h w -> n 8 h w": {}}
    function = F.relu
    operator = "Relu"


class LeakyReLU(OneNode):
    """Negative elements are made small.

    (...) -> (...)

    max(0, x) + negative_slope * min(0, x); Maas et al., Rectifier nonlinearities improve neural network acoustic
    models, 2013.
    """

    negative_slope: float = Field(default=0.01, description="factor of negative elements")

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": dict(negative_slope=0.2)}
    function = F.leaky_relu
    operator = "LeakyRelu"

    def attributes(self) -> dict[str, Any]:
        return {"alpha": self.negative_slope}


class PReLU(Elementwise):
    """Negative elements times a learnt factor.

    (...) -> (...)

    max(0, x) + weight * min(0, x); He et al., Delving deep into rectifiers, 2015.
    """

    num_parameters: PositiveInt = Field(default=1, description="one factor for all, or as many as there are channels")
    init: float = Field(default=0.25, description="where each factor starts")

    examples = {
        "n 3 -> n 3": {},
        "n 4 h w -> n 4 h w": dict(num_parameters=4, init=0.1),
        "n t -> n t": dict(init=-0.5),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        if self.num_parameters > 1 and x.channels != self.num_parameters:
            raise ShapeError(
                f"num_parameters {self.num_parameters} is not the number of its input's channels, {x.channels}",
                field="num_parameters",
                help=f"one factor for all is 1; one for each channel is {x.channels}",
            )
        return x

    def module(self, x: Tensor) -> Code:
        return nn.PReLU(**self.changed())

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        return {"weight": (self.num_parameters,)}

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        if self.num_parameters == 1:
            return g.op("PRelu", x, g.parameter("weight"))
        by_channel = g.weights("weight").reshape((-1, *[1] * (x.tensor.rank - 2)))
        return g.op("PRelu", x, g.constant(by_channel, x.tensor.dtype, name="weight"))


class RReLU(Elementwise):
    """Negative elements times a factor drawn at random in training, its mean in evaluation.

    (...) -> (...)

    max(0, x) + a * min(0, x), a from lower to upper; Xu et al., Empirical evaluation of rectified activations in
    convolutional network, 2015.
    """

    lower: float = Field(default=1 / 8, description="smallest factor")
    upper: float = Field(default=1 / 3, description="largest factor")

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": dict(lower=0.1, upper=0.5)}

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        if self.lower > self.upper:
            raise ShapeError(
                f"lower {self.lower:g} is above upper {self.upper:g}",
                field="lower",
                help="factors are drawn from lower to upper",
            )
        return x

    def module(self, x: Tensor) -> Code:
        return nn.RReLU(**self.changed())

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("LeakyRelu", x, alpha=(self.lower + self.upper) / 2)


class ELU(OneNode):
    """Negative elements saturate smoothly.

    (...) -> (...)

    max(0, x) + min(0, alpha * (exp(x) - 1)); Clevert, Unterthiner and Hochreiter, Fast and accurate deep network
    learning by exponential linear units (ELUs), 2015.
    """

    alpha: float = Field(default=1.0, description="the value that large negative elements come down to, with a minus")

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": dict(alpha=0.5)}
    function = F.elu
    operator = "Elu"

    def attributes(self) -> dict[str, Any]:
        return {"alpha": self.alpha}


class CELU(OneNode):
    """ELU with a slope that has no step at 0, whatever alpha is.

    (...) -> (...)

    max(0, x) + min(0, alpha * (exp(x / alpha) - 1)); Barron, Continuously differentiable exponential linear
    units, 2017.
    """

    alpha: float = Field(default=1.0, description="the value that large negative elements come down to, with a minus")

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": dict(alpha=0.5)}
    function = F.celu
    operator = "Celu"

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        if self.alpha == 0:
            raise ShapeError(
                "alpha is 0, and elements are divided by it", field="alpha", help="a small one comes close to ReLU"
            )
        return x

    def attributes(self) -> dict[str, Any]:
        return {"alpha": self.alpha}


class SELU(OneNode):
    """ELU with constants that keep activations at mean 0 and variance 1 from layer to layer.

    (...) -> (...)

    1.0507 * (max(0, x) + min(0, 1.6733 * (exp(x) - 1))); Klambauer et al., Self-normalizing neural networks, 2017.
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}
    function = F.selu
    operator = "Selu"


class GELU(Elementwise):
    """Each element weighted by how likely a normal variable is to be smaller.

    (...) -> (...)

    x * Phi(x), or its tanh approximation; Hendrycks and Gimpel, Gaussian error linear units, 2016.
    """

    approximate: Literal["none", "tanh"] = Field(default="none", description="`tanh` for the quicker approximation")

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": dict(approximate="tanh")}

    def forward(self, x: Code) -> Code:
        return F.gelu(x, **self.changed())

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return gelu(g, x, x.tensor.dtype, self.approximate)


def gelu(g: OnnxBuilder, x: Value, dtype: str, approximate: str = "none") -> Value:
    """GELU as nodes: one, where the opset has it."""
    if g.opset >= 20:
        return g.op("Gelu", x, approximate=approximate)

    def constant(number: float) -> Value:
        return g.constant(number, dtype)

    if approximate == "tanh":
        cube = g.op("Mul", g.op("Mul", g.op("Mul", x, x), x), constant(0.044715))
        bell = g.op("Tanh", g.op("Mul", g.op("Add", x, cube), constant(0.7978845608028654)))  # sqrt(2 / pi)
    else:
        bell = g.op("Erf", g.op("Mul", x, constant(0.7071067811865476)))  # 1 / sqrt(2)
    return g.op("Mul", g.op("Mul", x, constant(0.5)), g.op("Add", bell, constant(1.0)))


class SiLU(Elementwise):
    """Each element times its own logistic function; also called swish.

    (...) -> (...)

    x / (1 + exp(-x)); Elfwing, Uchibe and Doya, Sigmoid-weighted linear units, 2017.
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}

    def forward(self, x: Code) -> Code:
        return F.silu(x)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Mul", x, g.op("Sigmoid", x))


class Mish(OneNode):
    """Smooth, and a little below 0 for negative elements.

    (...) -> (...)

    x * tanh(log(1 + exp(x))); Misra, Mish: A self regularized non-monotonic activation function, 2019.
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}
    function = F.mish
    operator = "Mish"


class Softplus(Elementwise):
    """A smooth ReLU: always positive.

    (...) -> (...)

    log(1 + exp(beta * x)) / beta, and x itself where beta * x is above the threshold; Dugas et al., Incorporating
    second-order functional knowledge for better option pricing, 2000.
    """

    beta: float = Field(default=1.0, description="how sharply it bends at 0")
    threshold: float = Field(default=20.0, description="where beta * x is above this, the function is x itself")

    examples = {
        "n 3 -> n 3": {},
        "n t 4 -> n t 4": dict(beta=2.0),
        "n t -> n t": dict(beta=0.5, threshold=0.5),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        if self.beta == 0:
            raise ShapeError("beta is 0, and the result is divided by it", field="beta", help="1 is the plain softplus")
        return x

    def forward(self, x: Code) -> Code:
        return F.softplus(x, **self.changed())

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        dtype = x.tensor.dtype
        beta = g.constant(self.beta, dtype, name="beta")
        scaled = x if self.beta == 1 else g.op("Mul", x, beta)
        y = g.op("Softplus", scaled)
        y = y if self.beta == 1 else g.op("Div", y, beta)
        if self.threshold >= 20:  # there the two differ by less than float32 shows
            return y
        return g.op("Where", g.op("Greater", scaled, g.constant(self.threshold, dtype, name="threshold")), x, y)


class Softsign(OneNode):
    """Between -1 and 1, and slower to get there than tanh.

    (...) -> (...)

    x / (1 + |x|); Bergstra et al., Quadratic polynomials learn better image features, 2009.
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}
    function = F.softsign
    operator = "Softsign"


class LogSigmoid(Elementwise):
    """The logarithm of the logistic function.

    (...) -> (...)

    -log(1 + exp(-x))
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}

    def forward(self, x: Code) -> Code:
        return F.logsigmoid(x)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Neg", g.op("Softplus", g.op("Neg", x)))


class Tanhshrink(Elementwise):
    """What tanh takes away.

    (...) -> (...)

    x - tanh(x)
    """

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": {}}

    def forward(self, x: Code) -> Code:
        return F.tanhshrink(x)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Sub", x, g.op("Tanh", x))
