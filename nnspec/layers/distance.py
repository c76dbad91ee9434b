"""Lengths of vectors and how far two are apart."""

from typing import Any, Literal

from pydantic import Field, NonNegativeFloat

from nnspec.layers.alike import needs_one_dtype, needs_one_shape
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.layers.reduce import Reduction
from nnspec.pycode import Code, F, torch
from nnspec.shapes import Tensor

Order = float | Literal["inf", "-inf"]
ORDER = "exponent of the norm: 1 sums magnitudes, 2 is Euclid's length, `inf` the largest magnitude, 0 counts"


def order_code(p: Order) -> Any:
    """An exponent as Python has it."""
    return {"inf": torch.inf, "-inf": -torch.inf}[p] if isinstance(p, str) else p


def vector_norm(g: OnnxBuilder, x: Value, p: Order, dims: tuple[int, ...], dtype: str, *, keepdim: bool) -> Value:
    """(sum |x|^p)^(1 / p) over axes, and its limits."""
    axes = g.constant(dims, "int64", name="axes")

    def reduced(operator: str, values: Value) -> Value:
        return g.op(operator, values, axes, keepdims=int(keepdim))

    if p in (1, 2):
        return reduced(f"ReduceL{p:.0f}", x)
    if isinstance(p, str):
        return reduced("ReduceMax" if p == "inf" else "ReduceMin", g.op("Abs", x))
    if p == 0:
        zero = g.op("Equal", x, g.constant(0.0, dtype, name="zero"))
        return reduced("ReduceSum", g.op("CastLike", g.op("Not", zero), x))
    powers = g.op("Pow", g.op("Abs", x), g.constant(p, dtype, name="p"))
    return g.op("Pow", reduced("ReduceSum", powers), g.constant(1 / p, dtype, name="root"))


class Norm(Reduction):
    """The length of the vectors along an axis, or along several.

    (n, ..., d, ...) -> (n, ..., ...)

    (sum_i |x_i|^p)^(1 / p); as torch.linalg.vector_norm
    """

    p: Order = Field(default=2.0, description=ORDER)

    examples = {
        "n t 4 -> n t": dict(dim=-1),
        "n 8 h w -> n 8 1 1": dict(dim=[2, 3], p=1.0, keepdim=True),
        "n t 5 -> n 5": dict(dim=1, p=3.0),
        "n t 2 -> n 2": dict(dim=1, p="inf"),
        "n t -> n": dict(dim=1, p=0.0),
    }

    def forward(self, x: Code) -> Code:
        order = () if self.p == 2 else (order_code(self.p),)
        return torch.linalg.vector_norm(x, *order, dim=self.dim, **self.changed("dim", "p"))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return vector_norm(g, x, self.p, self.dims, x.tensor.dtype, keepdim=self.keepdim)


class Normalize(Layer):
    """Vectors along an axis brought to length 1.

    (n, ..., d, ...) -> (n, ..., d, ...)

    x / max((sum_i |x_i|^p)^(1 / p), eps)
    """

    p: Order = Field(default=2.0, description=ORDER)
    dim: int = Field(default=1, description="axis of the vectors, the batch being axis 0")
    eps: NonNegativeFloat = Field(default=1e-12, description="the least that is divided by")

    examples = {"n 4 -> n 4": {}, "n t 3 -> n t 3": dict(dim=-1, p=1.0, eps=0.5)}

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.axis(self.dim)
        return x

    def forward(self, x: Code) -> Code:
        order = {} if self.p == 2 else {"p": order_code(self.p)}
        return F.normalize(x, **order, **self.changed("p"))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        dtype = x.tensor.dtype
        length = vector_norm(g, x, self.p, (self.dim,), dtype, keepdim=True)
        return g.op("Div", x, g.op("Max", length, g.constant(self.eps, dtype, name="eps")))


class CosineSimilarity(Layer):
    """The cosine of the angle between the vectors of two inputs along an axis.

    (n, ..., d, ...), (n, ..., d, ...) -> (n, ..., ...)

    x1 · x2 / (max(|x1|, eps) * max(|x2|, eps))
    """

    dim: int = Field(default=1, description="axis of the vectors, the batch being axis 0")
    eps: NonNegativeFloat = Field(default=1e-8, description="the least length that is divided by")

    examples = {"n 4, n 4 -> n": {}, "n t 3, n t 3 -> n t": dict(dim=-1, eps=0.5)}

    def infer(self, x1: Tensor, x2: Tensor) -> Tensor:
        x = _needs_alike(x1, x2)
        axis = x.axis(self.dim)
        return x.with_shape(*x.shape[:axis], *x.shape[axis + 1 :])

    def forward(self, x1: Code, x2: Code) -> Code:
        return F.cosine_similarity(x1, x2, **self.changed())

    def to_onnx(self, g: OnnxBuilder, x1: Value, x2: Value) -> Value:
        eps = g.constant(self.eps, x1.tensor.dtype, name="eps")
        axes = g.constant([self.dim], "int64", name="axes")
        products = g.op("ReduceSum", g.op("Mul", x1, x2), axes, keepdims=0)
        left, right = (g.op("Max", g.op("ReduceL2", x, axes, keepdims=0), eps) for x in (x1, x2))
        return g.op("Div", products, g.op("Mul", left, right))


class PairwiseDistance(Layer):
    """How far the vectors of two inputs are apart, along the last axis.

    (n, ..., d), (n, ..., d) -> (n, ...)

    (sum_i |x1_i - x2_i + eps|^p)^(1 / p)
    """

    p: Order = Field(default=2.0, description=ORDER)
    eps: float = Field(default=1e-6, description="added to each difference, so that the gradient of 0 is known")
    keepdim: bool = Field(default=False, description="leave an axis of size 1 in the place of the last")

    examples = {
        "n 4, n 4 -> n": {},
        "n t 3, n t 3 -> n t 1": dict(p=1.0, eps=0.5, keepdim=True),
        "n t, n t -> n": dict(p="inf"),
    }

    def infer(self, x1: Tensor, x2: Tensor) -> Tensor:
        x = _needs_alike(x1, x2)
        x.needs_rank_at_least(2)
        return x.with_shape(*x.shape[:-1], *([1] if self.keepdim else []))

    def forward(self, x1: Code, x2: Code) -> Code:
        order = {} if self.p == 2 else {"p": order_code(self.p)}
        return F.pairwise_distance(x1, x2, **order, **self.changed("p"))

    def to_onnx(self, g: OnnxBuilder, x1: Value, x2: Value) -> Value:
        dtype = x1.tensor.dtype
        apart = g.op("Add", g.op("Sub", x1, x2), g.constant(self.eps, dtype, name="eps"))
        return vector_norm(g, apart, self.p, (-1,), dtype, keepdim=self.keepdim)


def _needs_alike(x1: Tensor, x2: Tensor) -> Tensor:
    needs_one_dtype(x1, x2)
    x1.needs_float()
    return x1.with_shape(*needs_one_shape(x1, x2))
