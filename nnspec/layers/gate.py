"""What networks share and PyTorch has no module for: gates, and layers that are another thing in training."""

from pydantic import Field, PositiveFloat, PositiveInt

from nnspec.layers.alike import needs_one_dtype, needs_one_shape
from nnspec.layers.layer import Layer, OnnxBuilder, Shape, Value
from nnspec.pycode import Code, name
from nnspec.shapes import Dim, Tensor


class SwiGLU(Layer):
    """A linear map of the last axis, gated by the SiLU of another.

    (..., in_features) -> (..., out_features)

    silu(x @ gate.weight.T + gate.bias) * (x @ value.weight.T + value.bias); Shazeer, GLU variants improve transformer,
    2020. With a Linear behind it, it is the paper's feed-forward layer.
    """

    out_features: PositiveInt = Field(description="size of the last axis of the output")
    bias: bool = Field(default=True, description="add a learnt offset to both maps; the paper has none")

    definition = """
class SwiGLU(nn.Module):
    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        self.gate = nn.Linear(in_features, out_features, bias=bias)
        self.value = nn.Linear(in_features, out_features, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.silu(self.gate(x)) * self.value(x)
"""
    examples = {"n 6 -> n 4": dict(out_features=4), "n t 8 -> n t 3": dict(out_features=3, bias=False)}

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        assert x.features
        return x.with_last(self.out_features)

    def module(self, x: Tensor) -> Code:
        return name("SwiGLU")(x.features, self.out_features, **self.changed("out_features"))

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        one = {"weight": (self.out_features, x.features), **({"bias": (self.out_features,)} if self.bias else {})}
        return {f"{part}.{key}": shape for part in ("gate", "value") for key, shape in one.items()}

    def macs(self, x: Tensor) -> Dim:
        return x.positions * x.features * self.out_features * 2

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        gate, value = (self._map(g, x, part) for part in ("gate", "value"))
        return g.op("Mul", g.op("Mul", gate, g.op("Sigmoid", gate)), value)

    def _map(self, g: OnnxBuilder, x: Value, part: str) -> Value:
        y = g.op("MatMul", x, g.transposed(f"{part}.weight"))
        return g.op("Add", y, g.parameter(f"{part}.bias")) if self.bias else y


class GradientReversal(Layer):
    """Its input, unchanged; the gradient comes back with the other sign.

    (...) -> (...)

    y = x, dy/dx = -alpha: what follows learns to tell domains apart, what stands before learns that it cannot; Ganin
    and Lempitsky, Unsupervised domain adaptation by backpropagation, 2015.
    """

    alpha: PositiveFloat = Field(default=1.0, description="factor of the reversed gradient")

    examples = {"n 3 -> n 3": {}, "n t 4 -> n t 4": dict(alpha=0.5)}

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        return x

    def forward(self, x: Code) -> Code:
        # The difference is 0, so the value stays exact; only its gradient counts.
        zero = x - x.detach()
        return x.detach() - (zero if self.alpha == 1 else zero * self.alpha)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return x


class Sample(Layer):
    """A draw from a normal distribution of given mean and log-variance in training; the mean in evaluation.

    (...), (...) -> (...)

    mean + exp(log_variance / 2) * e, e normal with mean 0 and variance 1: a gradient reaches both; Kingma and Welling,
    Auto-encoding variational Bayes, 2013.
    """

    definition = """
class Sample(nn.Module):
    def forward(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        if not self.training:
            return mean
        return mean + (log_variance / 2).exp() * torch.randn_like(mean)
"""
    examples = {"n 3, n 3 -> n 3": {}, "n 4 h w, n 4 h w -> n 4 h w": {}}

    def infer(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        needs_one_dtype(mean, log_variance)
        mean.needs_float()
        return mean.with_shape(*needs_one_shape(mean, log_variance))

    def module(self, mean: Tensor, log_variance: Tensor) -> Code:
        return name("Sample")()

    def to_onnx(self, g: OnnxBuilder, mean: Value, log_variance: Value) -> Value:
        return mean
