"""Tables of learnt vectors."""

from typing import Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from nnspec.layers.along import Sees, same_places
from nnspec.layers.distance import vector_norm
from nnspec.layers.layer import Layer, OnnxBuilder, Shape, Value
from nnspec.pycode import Code, nn
from nnspec.shapes import ShapeError, Tensor


class _Table(Layer):
    """What Embedding and EmbeddingBag share: the table and how its rows are kept."""

    num_embeddings: PositiveInt = Field(description="size of the table: indices run from 0 to one less")
    embedding_dim: PositiveInt = Field(description="size of each vector")
    padding_idx: int | None = Field(
        default=None, description="index whose vector starts at 0 and is not trained; a bag leaves it out"
    )
    max_norm: PositiveFloat | None = Field(
        default=None, description="longer vectors are shortened to this length as they are looked up"
    )
    norm_type: PositiveFloat = Field(default=2.0, description="exponent of the norm that max_norm limits")
    scale_grad_by_freq: bool = Field(
        default=False, description="divide a vector's gradient by how often its index is in the batch"
    )

    def _check(self, x: Tensor) -> None:
        if x.dtype not in ("int64", "int32"):
            raise ShapeError(
                f"needs an input of whole numbers (int64), got {x.dtype}",
                help="an embedding looks up indices; a Linear layer maps real numbers",
            )
        if self.padding_idx is None or -self.num_embeddings <= self.padding_idx < self.num_embeddings:
            return
        raise ShapeError(
            f"padding_idx {self.padding_idx} is not a row of its table of {self.num_embeddings}",
            field="padding_idx",
            help=f"rows count from 0 to {self.num_embeddings - 1}",
        )

    def module(self, x: Tensor) -> Code:
        given = ("num_embeddings", "embedding_dim")
        made: Code = getattr(nn, type(self).__name__)
        return made(self.num_embeddings, self.embedding_dim, **self.changed(*given))

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        return {"weight": (self.num_embeddings, self.embedding_dim)}

    def _vectors(self, g: OnnxBuilder, x: Value) -> Value:
        vectors = g.op("Gather", g.parameter("weight"), x)
        if self.max_norm is None:
            return vectors

        def constant(number: float, name: str) -> Value:
            return g.constant(number, "float32", name)

        length = vector_norm(g, vectors, self.norm_type, (-1,), "float32", keepdim=True)
        # PyTorch adds 1e-7 to the length that it divides by.
        scale = g.op("Div", constant(self.max_norm, "max_norm"), g.op("Add", length, constant(1e-7, "eps")))
        long = g.op("Greater", length, constant(self.max_norm, "max_norm"))
        return g.op("Mul", vectors, g.op("Where", long, scale, constant(1.0, "one")))


class Embedding(_Table):
    """The learnt vector of each index.

    (...) -> (..., embedding_dim)

    y = weight[x]; Bengio et al., A neural probabilistic language model, 2003.
    """

    examples = {
        "int64 n -> n 4": dict(num_embeddings=10, embedding_dim=4),
        "int64 n t -> n t 3": dict(num_embeddings=5, embedding_dim=3, padding_idx=0),
        "int32 n t -> n t 2": dict(num_embeddings=5, embedding_dim=2, max_norm=0.4),
    }

    def sees(self, x: Tensor) -> Sees:
        return (*same_places(x), None)

    def in_words(self, x: Tensor) -> str:
        table = f"{self.num_embeddings} rows of {self.embedding_dim} learnt numbers"
        return f"Each whole number is looked up in a table of {table}."

    def infer(self, x: Tensor) -> Tensor:
        self._check(x)
        return Tensor((*x.shape, self.embedding_dim))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return self._vectors(g, x)


class EmbeddingBag(_Table):
    """The learnt vectors of a bag of indices made one: their mean, sum or largest elements.

    (n, t) -> (n, embedding_dim)

    y = mean_t weight[x_t]; Joulin et al., Bag of tricks for efficient text classification, 2016.
    """

    mode: Literal["mean", "sum", "max"] = Field(default="mean", description="how the vectors of a bag become one")

    examples = {
        "int64 n 6 -> n 4": dict(num_embeddings=10, embedding_dim=4),
        "int64 n t -> n 3": dict(num_embeddings=5, embedding_dim=3, mode="sum", padding_idx=1),
        "int64 n 3 -> n 3": dict(num_embeddings=5, embedding_dim=3, padding_idx=-2),
        "int64 n t -> n 2": dict(num_embeddings=6, embedding_dim=2, mode="max"),
        "int64 n 2 -> n 2": dict(num_embeddings=5, embedding_dim=2, mode="max", padding_idx=1),
    }

    def sees(self, x: Tensor) -> Sees:
        return (None,)

    def infer(self, x: Tensor) -> Tensor:
        self._check(x)
        x.needs_rank(2)
        if self.mode == "max" and self.scale_grad_by_freq:
            raise ShapeError("mode max and scale_grad_by_freq do not go together", field="scale_grad_by_freq")
        return Tensor((x.shape[0], self.embedding_dim))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        vectors = self._vectors(g, x)
        if self.padding_idx is None:
            return self._reduced(g, f"Reduce{self.mode.capitalize()}", vectors)
        padding = g.constant(self.padding_idx % self.num_embeddings, x.tensor.dtype, name="padding_idx")
        padded = g.op("Unsqueeze", g.op("Equal", x, padding), g.constant([-1], "int64", name="last"))
        return self._largest(g, vectors, padded) if self.mode == "max" else self._summed(g, vectors, padded)

    def _reduced(self, g: OnnxBuilder, operator: str, values: Value) -> Value:
        return g.op(operator, values, g.constant([1], "int64", name="axes"), keepdims=0)

    def _summed(self, g: OnnxBuilder, vectors: Value, padded: Value) -> Value:
        zero, one = (g.constant(number, "float32", name=name) for name, number in (("zero", 0.0), ("one", 1.0)))
        total = self._reduced(g, "ReduceSum", g.op("Where", padded, zero, vectors))
        if self.mode == "sum":
            return total
        count = self._reduced(g, "ReduceSum", g.op("Where", padded, zero, one))
        return g.op("Div", total, g.op("Max", count, one))

    def _largest(self, g: OnnxBuilder, vectors: Value, padded: Value) -> Value:
        """Of a bag that is all padding, zeros."""
        lowest: Any = -3.4028234663852886e38
        kept = g.op("Where", padded, g.constant(lowest, name="lowest"), vectors)
        count = self._reduced(g, "ReduceMin", g.op("CastLike", padded, vectors))
        empty = g.op("Greater", count, g.constant(0.5, name="half"))
        return g.op("Where", empty, g.constant(0.0, name="zero"), self._reduced(g, "ReduceMax", kept))
