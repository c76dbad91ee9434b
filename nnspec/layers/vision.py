"""Parts of vision networks that torch lacks."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from nnspec.layers.fields import Probability
from nnspec.layers.layer import Layer, OnnxBuilder, Shape, Value
from nnspec.pycode import Code, name
from nnspec.shapes import Dim, ShapeError, Tensor


class LayerNorm2d(Layer):
    """Each position of an image normalised over its channels.

    (n, c, h, w) -> (n, c, h, w)

    LayerNorm with the channels in axis 1; Liu et al., A ConvNet for the 2020s, 2022.
    """

    eps: PositiveFloat = Field(default=1e-6, description="added to the variance, against division by 0")
    elementwise_affine: bool = Field(default=True, description="scale and shift each channel as learnt")
    bias: bool = Field(default=True, description="shift as learnt, where scaled as learnt")

    definition = """
class LayerNorm2d(nn.LayerNorm):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
"""
    examples = {"n 4 3 5 -> n 4 3 5": {}, "n 6 h w -> n 6 h w": dict(eps=1e-3, bias=False)}

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(4)
        assert x.channels
        return x

    def module(self, x: Tensor) -> Code:
        # Its class is nn.LayerNorm's, whose eps has another default.
        return name("LayerNorm2d")(x.channels, eps=self.eps, **self.changed("eps"))

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        if not self.elementwise_affine:
            return {}
        return {"weight": (x.channels,), **({"bias": (x.channels,)} if self.bias else {})}

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        learnt = self.elementwise_affine
        scale = g.parameter("weight") if learnt else g.constant([1.0] * x.tensor.channels, x.tensor.dtype, name="ones")
        shift = g.parameter("bias") if learnt and self.bias else None
        last = g.op("Transpose", x, perm=[0, 2, 3, 1])
        y = g.op("LayerNormalization", last, scale, shift, axis=-1, epsilon=self.eps)
        return g.op("Transpose", y, perm=[0, 3, 1, 2])


class SqueezeExcite(Layer):
    """Each channel weighed by what all channels say of the whole image.

    (n, c, h, w) -> (n, c, h, w)

    x * gate(fc2(relu(fc1(mean of x over its positions)))); Hu et al., Squeeze-and-excitation networks, 2018.
    """

    reduction: PositiveInt = Field(default=16, description="how many times fewer channels lie between fc1 and fc2")
    squeeze_channels: PositiveInt | None = Field(
        default=None, description="channels between fc1 and fc2; the input's divided by reduction"
    )
    activation: Literal["relu", "silu"] = Field(default="relu", description="what follows fc1")
    gate: Literal["sigmoid", "hardsigmoid"] = Field(default="sigmoid", description="what follows fc2")

    definition = """
class SqueezeExcite(nn.Module):
    def __init__(self, channels: int, squeeze_channels: int, activation: str = "relu", gate: str = "sigmoid") -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, squeeze_channels, 1)
        self.activation = nn.SiLU() if activation == "silu" else nn.ReLU()
        self.fc2 = nn.Conv2d(squeeze_channels, channels, 1)
        self.gate = nn.Hardsigmoid() if gate == "hardsigmoid" else nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        weights = self.fc2(self.activation(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * self.gate(weights)
"""
    examples = {
        "n 16 4 5 -> n 16 4 5": dict(reduction=4),
        "n 6 h w -> n 6 h w": dict(squeeze_channels=2, activation="silu", gate="hardsigmoid"),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(4)
        if self._squeezed(x) < 1:
            raise ShapeError(
                f"reduction {self.reduction} leaves none of the {x.channels} channels of its input",
                field="reduction",
                help=f"a reduction of at most {x.channels} fits; or give squeeze_channels",
            )
        return x

    def _squeezed(self, x: Tensor) -> int:
        return self.squeeze_channels or x.channels // self.reduction

    def module(self, x: Tensor) -> Code:
        given = self.changed("reduction", "squeeze_channels")
        return name("SqueezeExcite")(x.channels, self._squeezed(x), **given)

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        whole, few = x.channels, self._squeezed(x)
        return {
            "fc1.weight": (few, whole, 1, 1),
            "fc1.bias": (few,),
            "fc2.weight": (whole, few, 1, 1),
            "fc2.bias": (whole,),
        }

    def macs(self, x: Tensor) -> Dim:
        return 2 * x.channels * self._squeezed(x)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        few = g.op("Conv", g.op("GlobalAveragePool", x), g.parameter("fc1.weight"), g.parameter("fc1.bias"))
        few = g.op("Relu", few) if self.activation == "relu" else g.op("Mul", few, g.op("Sigmoid", few))
        weights = g.op("Conv", few, g.parameter("fc2.weight"), g.parameter("fc2.bias"))
        gate = g.op("Sigmoid", weights) if self.gate == "sigmoid" else g.op("HardSigmoid", weights, alpha=1 / 6)
        return g.op("Mul", x, gate)


class LayerScale(Layer):
    """Each channel scaled by a learnt number that starts near 0, so that a deep network begins as its shortcuts.

    (...) -> (...)

    x * gamma; Touvron et al., Going deeper with image transformers, 2021.
    """

    init_value: float = Field(default=1e-5, description="where gamma starts")
    dim: int = Field(default=-1, description="axis of the channels, the batch being axis 0")

    definition = """
class LayerScale(nn.Module):
    def __init__(self, shape: tuple[int, ...], init_value: float) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full(shape, init_value))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma
"""
    examples = {
        "n t 8 -> n t 8": {},
        "n 4 h w -> n 4 h w": dict(init_value=1e-6, dim=1),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        assert self._shape(x)
        return x

    def _shape(self, x: Tensor) -> Shape:
        """gamma's: its own axis, then 1 for each after it."""
        axis = x.axis(self.dim)
        return (x.fixed(axis, "channel axis"), *[1] * (x.rank - 1 - axis))

    def module(self, x: Tensor) -> Code:
        return name("LayerScale")(self._shape(x), self.init_value)

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        return {"gamma": self._shape(x)}

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Mul", x, g.parameter("gamma"))


class DropPath(Layer):
    """In training, whole examples left out at random: a residual block skipped (stochastic depth).

    (...) -> (...)

    An example is 0 with probability p, and x / (1 - p) otherwise; in evaluation x itself.
    Huang et al., Deep networks with stochastic depth, 2016.
    """

    p: Probability = Field(description="probability that an example is left out")

    definition = """
class DropPath(nn.Module):
    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        kept = torch.rand(x.shape[0], *[1] * (x.dim() - 1), device=x.device) >= self.p
        return x * kept.to(x.dtype) / max(1 - self.p, 1e-12)
"""
    examples = {"n 8 -> n 8": dict(p=0.1), "n 4 h w -> n 4 h w": dict(p=0.5)}

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        return x

    def module(self, x: Tensor) -> Code:
        return name("DropPath")(self.p)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return x
