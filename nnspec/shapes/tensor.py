"""What flows between layers: a shape and an element type.

Shapes hold the batch as their first axis, so that axes count as PyTorch counts them; what is printed for
a person leaves it out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from nnspec.shapes.dim import BATCH, Dim, bind, product, symbols_in

DTYPES = ("float32", "float64", "int64", "int32", "uint8", "bool", "string")


class ShapeError(Exception):
    """A layer does not fit its input. Position-free: the graph's builder adds the place and the inputs.

    `field` names the layer's field that is at fault, so that the caret stands below its value.
    """

    def __init__(self, message: str, *, field: str = "", help: str = "") -> None:
        super().__init__(message)
        self.message, self.field, self.help = message, field, help


@dataclass(frozen=True, slots=True)
class Tensor:
    """A shape (batch first) and an element type."""

    shape: tuple[Dim, ...]
    dtype: str = "float32"

    def __str__(self) -> str:
        """`(16, 4, 4)`: the shape without the batch; the element type where it is not float32."""
        dims = self.shape[1:] if self.batched else self.shape
        text = f"({', '.join(str(dim) for dim in dims)})"
        return text if self.dtype == "float32" else f"{self.dtype} {text}"

    @property
    def batched(self) -> bool:
        """Whether the first axis is the batch; a learnt tensor of its own has none."""
        return bool(self.shape) and self.shape[0] == BATCH

    @property
    def rank(self) -> int:
        """Number of axes, the batch among them."""
        return len(self.shape)

    @property
    def features(self) -> int:
        """Size of the last axis, which must be a number."""
        return self.fixed(-1, "last axis")

    @property
    def channels(self) -> int:
        """Size of axis 1, which must be a number."""
        return self.fixed(1, "channel axis")

    @property
    def spatial(self) -> tuple[Dim, ...]:
        """The axes after batch and channels."""
        return self.shape[2:]

    @property
    def positions(self) -> Dim:
        """How many vectors along the last axis one example holds."""
        return product(self.shape[1:-1])

    @property
    def is_float(self) -> bool:
        return self.dtype.startswith("float")

    @property
    def symbols(self) -> frozenset[str]:
        """Names of the symbolic lengths in the shape, the batch apart."""
        return frozenset().union(*(symbols_in(dim) for dim in self.shape)) - symbols_in(BATCH)

    def fixed(self, axis: int, what: str) -> int:
        """The size of an axis that weights depend on."""
        self.needs_rank_at_least(2)
        size = self.shape[axis]
        if not isinstance(size, int):
            raise ShapeError(f"needs a {what} of fixed size, got {size}: weights cannot depend on a length")
        return size

    def axis(self, dim: int, *, field: str = "dim", batch: bool = False) -> int:
        """An axis as PyTorch counts it (negative from the end), as its index; the batch only where allowed."""
        if not batch:
            self.needs_rank_at_least(2)
        if not -self.rank <= dim < self.rank:
            raise ShapeError(
                f"{field} {dim} is not an axis of its input, which has {self.rank} axes with the batch",
                field=field,
                help=f"axes count from the batch: {self._axes()}",
            )
        index = dim % self.rank
        if index == 0 and not batch:
            raise ShapeError(
                f"{field} {dim} is the batch axis",
                field=field,
                help=f"examples must stay apart: choose {self._axes()}",
            )
        return index

    def _axes(self) -> str:
        return "1 or -1" if self.rank == 2 else f"1 to {self.rank - 1}, or -1 to {1 - self.rank} from the end"

    def needs_rank(self, *ranks: int) -> None:
        """Refuse an input whose number of axes, the batch among them, is none of these."""
        if self.rank not in ranks:
            self._wrong_rank(" or ".join(str(rank - 1) for rank in ranks))

    def needs_rank_at_least(self, rank: int) -> None:
        """Refuse an input with fewer axes, the batch among them."""
        if self.rank < rank:
            self._wrong_rank(f"at least {rank - 1}")

    def _wrong_rank(self, wanted: str) -> None:
        axes = "axis" if wanted.endswith(" 1") or wanted == "1" else "axes"
        raise ShapeError(f"needs an input of {wanted} {axes} beside the batch, got {self.rank - 1}: {self}")

    def needs_float(self) -> None:
        """Refuse whole numbers and truth values."""
        if not self.is_float:
            raise ShapeError(f"needs an input of real numbers (float32), got {self.dtype}")

    def with_last(self, size: Dim) -> "Tensor":
        return replace(self, shape=(*self.shape[:-1], size))

    def with_axis(self, index: int, size: Dim) -> "Tensor":
        return replace(self, shape=(*self.shape[:index], size, *self.shape[index + 1 :]))

    def with_spatial(self, channels: Dim, *spatial: Dim) -> "Tensor":
        """The same batch with these channels and spatial axes."""
        return replace(self, shape=(self.shape[0], channels, *spatial))

    def with_shape(self, *shape: Dim) -> "Tensor":
        return replace(self, shape=shape)

    def bind(self, lengths: Mapping[str, int]) -> "Tensor":
        """The tensor with some symbols given their lengths (`batch` is the batch)."""
        return replace(self, shape=tuple(bind(dim, lengths) for dim in self.shape))
