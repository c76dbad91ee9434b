"""Tables of learnt vectors."""

from pydantic import Field, PositiveInt

from nnspec.layers.layer import Layer, OnnxBuilder, Shape, Value
from nnspec.pycode import Code, nn
from nnspec.shapes import ShapeError, Tensor


class Embedding(Layer):
    """The learnt vector of each index.

    (...) -> (..., embedding_dim)
    """

    num_embeddings: PositiveInt = Field(description="size of the table: indices run from 0 to one less")
    embedding_dim: PositiveInt = Field(description="size of each vector")
    padding_idx: int | None = Field(default=None, description="index whose vector starts at 0 and is not trained")

    examples = {
        "int64 n -> n 4": dict(num_embeddings=10, embedding_dim=4),
        "int64 n t -> n t 3": dict(num_embeddings=5, embedding_dim=3, padding_idx=0),
    }

    def infer(self, x: Tensor) -> Tensor:
        if x.dtype not in ("int64", "int32"):
            raise ShapeError(
                f"needs an input of whole numbers (int64), got {x.dtype}",
                help="an embedding looks up indices; a Linear layer maps real numbers",
            )
        self._check_padding_idx()
        return Tensor((*x.shape, self.embedding_dim))

    def _check_padding_idx(self) -> None:
        if self.padding_idx is None or -self.num_embeddings <= self.padding_idx < self.num_embeddings:
            return
        raise ShapeError(
            f"padding_idx {self.padding_idx} is not a row of its table of {self.num_embeddings}",
            field="padding_idx",
            help=f"rows count from 0 to {self.num_embeddings - 1}",
        )

    def module(self, x: Tensor) -> Code:
        given = ("num_embeddings", "embedding_dim")
        return nn.Embedding(self.num_embeddings, self.embedding_dim, **self.changed(*given))

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        return {"weight": (self.num_embeddings, self.embedding_dim)}

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Gather", g.parameter("weight"), x)
