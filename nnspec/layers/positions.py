"""Where a position stands in its sequence: added to it, turned into it, or held against others."""

from collections.abc import Sequence

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from nnspec.layers.attend import Length
from nnspec.layers.layer import Layer, OnnxBuilder, Shape, Value
from nnspec.pycode import Code, name
from nnspec.shapes import ShapeError, Tensor


class RotaryEmbedding(Layer):
    """Pairs of features turned by an angle that grows with the position; for queries and keys before attention.

    (n, t, d) -> (n, t, d); (n, heads, t, d) -> (n, heads, t, d)

    (a, b) -> (a * cos - b * sin, a * sin + b * cos) by the angle t / base^(2i / d) for the pair i: products of queries
    and keys then depend on their distance; Su et al., RoFormer: Enhanced transformer with rotary position embedding,
    2021. A pair is one feature of each half, as in GPT-NeoX and LLaMA, or two neighbours, as in the paper.
    """

    base: PositiveFloat = Field(default=10000.0, description="the greater, the slower the last pairs turn")
    interleaved: bool = Field(default=False, description="pairs of neighbours, not of a feature of each half")

    definition = """
class RotaryEmbedding(nn.Module):
    def __init__(self, features: int, base: float = 10000.0, interleaved: bool = False) -> None:
        super().__init__()
        self.interleaved = interleaved
        rates = [base ** (-place / features) for place in range(0, features, 2)]
        self.rates = nn.Buffer(torch.tensor(rates), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        angles = torch.arange(x.shape[-2], device=x.device)[:, None] * self.rates
        cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        a, b = (x[..., 0::2], x[..., 1::2]) if self.interleaved else x.chunk(2, dim=-1)
        turned = a * cos - b * sin, a * sin + b * cos
        return torch.stack(turned, dim=-1).flatten(-2) if self.interleaved else torch.cat(turned, dim=-1)
"""
    examples = {
        "n 2 t 8 -> n 2 t 8": {},
        "n t 4 -> n t 4": dict(interleaved=True, base=500.0),
        "n 2 5 6 -> n 2 5 6": dict(interleaved=True),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(3, 4)
        _needs_pairs(x)
        return x

    def module(self, x: Tensor) -> Code:
        return name("RotaryEmbedding")(x.features, **self.changed())

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        features, dtype = x.tensor.features, x.tensor.dtype
        angles = _angles(g, Length(x, x.tensor.rank - 2), features, self.base, dtype)
        cos, sin = g.op("Cos", angles), g.op("Sin", angles)
        if self.interleaved:
            a, b = (self._every_second(g, x, start) for start in (0, 1))
        else:
            a, b = g.ops("Split", x, outputs=2, axis=-1, num_outputs=2)
        first = g.op("Sub", g.op("Mul", a, cos), g.op("Mul", b, sin))
        second = g.op("Add", g.op("Mul", a, sin), g.op("Mul", b, cos))
        if not self.interleaved:
            return g.op("Concat", first, second, axis=-1)
        return _woven(g, first, second, [0] * (x.tensor.rank - 1) + [features])

    def _every_second(self, g: OnnxBuilder, x: Value, start: int) -> Value:
        values = ([start], [x.tensor.features], [-1], [2])
        places = zip(values, ("starts", "ends", "axes", "steps"), strict=True)
        return g.op("Slice", x, *(g.constant(value, "int64", name=title) for value, title in places))


class SinusoidalPositions(Layer):
    """Adds waves of the position: a sine and a cosine for each pair of features.

    (n, t, d) -> (n, t, d)

    x + (sin a, cos a) with a = t / base^(2i / d) for the pair i; Vaswani et al., Attention is all you need, 2017.
    """

    base: PositiveFloat = Field(default=10000.0, description="the greater, the longer the waves of the last pairs")

    definition = """
class SinusoidalPositions(nn.Module):
    def __init__(self, features: int, base: float = 10000.0) -> None:
        super().__init__()
        rates = [base ** (-place / features) for place in range(0, features, 2)]
        self.rates = nn.Buffer(torch.tensor(rates), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        angles = torch.arange(x.shape[1], device=x.device)[:, None] * self.rates
        return x + torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(-2).to(x.dtype)
"""
    examples = {"n t 8 -> n t 8": {}, "n 5 4 -> n 5 4": dict(base=100.0)}

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(3)
        _needs_pairs(x)
        return x

    def module(self, x: Tensor) -> Code:
        return name("SinusoidalPositions")(x.features, **self.changed())

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        angles = _angles(g, Length(x, 1), x.tensor.features, self.base, x.tensor.dtype)
        return g.op("Add", x, _woven(g, g.op("Sin", angles), g.op("Cos", angles), [0, x.tensor.features]))


class LearnedPositions(Layer):
    """Adds a learnt vector for each position.

    (n, t, d) -> (n, t, d)

    x + weight[:t]; Gehring et al., Convolutional sequence to sequence learning, 2017.
    """

    max_length: PositiveInt = Field(description="how many positions have a vector; a longer sequence is refused")
    std: NonNegativeFloat = Field(default=0.02, description="deviation of its numbers at the start")

    definition = """
class LearnedPositions(nn.Module):
    def __init__(self, max_length: int, features: int, std: float = 0.02) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(max_length, features) * std)

    def forward(self, x: Tensor) -> Tensor:
        return x + nn.functional.embedding(torch.arange(x.shape[1], device=x.device), self.weight)
"""
    examples = {"n t 4 -> n t 4": dict(max_length=12), "n 5 4 -> n 5 4": dict(max_length=5, std=0.1)}

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(3)
        assert x.features
        length = x.shape[1]
        if isinstance(length, int) and length > self.max_length:
            message = f"max_length {self.max_length} is less than the {length} positions of its input"
            raise ShapeError(message, field="max_length")
        return x

    def module(self, x: Tensor) -> Code:
        return name("LearnedPositions")(self.max_length, x.features, **self.changed("max_length"))

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        return {"weight": (self.max_length, x.features)}

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Add", x, g.op("Gather", g.parameter("weight"), Length(x, 1).positions(g), axis=0))


class ALiBi(Layer):
    """What is added to scores of attention: the farther a key from the query, the less.

    (n, heads, t, d) -> (n, heads, t, t); with a key (n, key heads, s, d) -> (n, heads, t, s)

    -slope * (t - s), and minus infinity for keys behind the query; slopes are 2^(-8h / heads) for the heads h from 1:
    the attn_mask of ScaledDotProductAttention; Press, Smith and Lewis, Train short, test long: Attention with linear
    biases enables input length extrapolation, 2022.
    """

    is_causal: bool = Field(default=True, description="hide keys behind the query; else distance counts both ways")

    definition = """
class ALiBi(nn.Module):
    def __init__(self, slopes: list[float], is_causal: bool = True) -> None:
        super().__init__()
        self.is_causal = is_causal
        self.slopes = nn.Buffer(torch.tensor(slopes)[:, None, None], persistent=False)

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        rows = torch.arange(query.shape[2], device=query.device)[:, None]
        distance = rows - torch.arange(key.shape[2], device=query.device)
        bias = -self.slopes * distance.abs()
        if self.is_causal:
            bias = bias.masked_fill(distance < 0, float("-inf"))
        return bias.to(query.dtype).expand(query.shape[0], -1, -1, -1)
"""
    examples = {
        "n 4 t 8 -> n 4 t t": {},
        "n 3 5 4, n 1 s 4 -> n 3 5 s": dict(is_causal=False),
    }

    def infer(self, query: Tensor, key: Tensor | None = None) -> Tensor:
        for x in (query, key or query):
            x.needs_float()
            x.needs_rank(4)
        return query.with_shape(query.shape[0], query.fixed(1, "heads axis"), query.shape[2], (key or query).shape[2])

    def module(self, query: Tensor, key: Tensor | None = None) -> Code:
        return name("ALiBi")(_slopes(query.fixed(1, "heads axis")), **self.changed())

    def call(self, takes: Sequence[Tensor | None], module: Code, *values: Code | None) -> Code:
        return module(values[0], values[-1])

    def to_onnx(self, g: OnnxBuilder, query: Value, key: Value | None = None) -> Value:
        dtype, heads = query.tensor.dtype, query.tensor.fixed(1, "heads axis")
        column = g.constant([1], "int64", name="axes")
        rows = g.op("Unsqueeze", Length(query, 2).positions(g), column)
        distance = g.op("Sub", rows, Length(key or query, 2).positions(g))
        slopes = g.constant([[[-slope]] for slope in _slopes(heads)], dtype, name="slopes")
        bias = g.op("Mul", slopes, g.op("CastLike", g.op("Abs", distance), query))
        if self.is_causal:
            behind = g.op("Less", distance, g.constant(0, "int64", name="zero"))
            bias = g.op("Where", behind, g.constant(float("-inf"), dtype, name="out_of_sight"), bias)
        ones = g.constant([1, 1, 1], "int64", name="ones")
        return g.op("Expand", bias, g.op("Concat", g.op("Shape", query, start=0, end=1), ones, axis=0))


def _slopes(heads: int) -> list[float]:
    """A geometric row; between those of the next smaller power of two stand every second of the next greater."""
    whole = 2 ** (heads.bit_length() - 1)
    row = [2 ** (-8 * place / whole) for place in range(1, whole + 1)]
    between = [2 ** (-4 * place / whole) for place in range(1, 2 * whole + 1, 2)]
    return row + between[: heads - whole]


def _needs_pairs(x: Tensor) -> None:
    if x.features % 2:
        raise ShapeError(f"needs an even last axis, got {x.features}: features are taken in pairs")


def _angles(g: OnnxBuilder, length: Length, features: int, base: float, dtype: str) -> Value:
    """How far each pair of features has turned at each position: (t, features / 2)."""
    rates = [base ** (-place / features) for place in range(0, features, 2)]
    steps = g.op(
        "Unsqueeze", g.op("CastLike", length.positions(g), length.value), g.constant([1], "int64", name="axes")
    )
    return g.op("Mul", steps, g.constant(rates, dtype, name="rates"))


def _woven(g: OnnxBuilder, first: Value, second: Value, shape: list[int]) -> Value:
    """The elements of the last axis of both in turn."""
    last = g.constant([-1], "int64", name="axes")
    pairs = g.op("Concat", g.op("Unsqueeze", first, last), g.op("Unsqueeze", second, last), axis=-1)
    return g.op("Reshape", pairs, g.constant(shape, "int64", name="shape"))
