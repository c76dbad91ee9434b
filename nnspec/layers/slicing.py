"""Some of the elements along an axis, or all of them in several tensors."""

from abc import abstractmethod
from typing import Annotated

from pydantic import Field, PositiveInt

from nnspec.layers.along import Along, Sees
from nnspec.layers.fields import Listed
from nnspec.layers.layer import Layer, OnnxBuilder, Value, summary
from nnspec.pycode import Code
from nnspec.shapes import Dim, ShapeError, Size, Tensor

END = 2**63 - 1  # ONNX's Slice goes to the end of the axis
MAX_PARTS = 10_000  # tensors that one layer gives


class Last(Layer):
    """The last element along an axis: of a sequence, its last time step.

    (n, t, ...) -> (n, ...)
    """

    dim: int = Field(default=1, description="axis to take the last element of, the batch being axis 0")

    examples = {"n t 4 -> n 4": {}, "n 4 t -> n 4": dict(dim=-1), "n 5 -> n": {}}

    def infer(self, x: Tensor) -> Tensor:
        return _without(x, x.axis(self.dim))

    def sees(self, x: Tensor) -> Sees:
        return tuple(Along(axis) for axis in range(1, x.rank) if axis != x.axis(self.dim))

    def in_words(self, x: Tensor) -> str:
        if self.dim != 1:
            return summary(type(self))
        return "Of all time steps only the last is handed on: by then a recurrent layer has read the whole sequence."

    def forward(self, x: Code) -> Code:
        return x[:, -1] if self.dim == 1 else x.select(self.dim, -1)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Gather", x, g.constant(-1, "int64", name="last"), axis=self.dim)


class Select(Layer):
    """One element along an axis, which goes.

    (n, ..., a, ...) -> (n, ..., ...)
    """

    dim: int = Field(description="axis to take an element of, the batch being axis 0")
    index: int = Field(description="which element; negative ones count from the end")

    examples = {"n 3 4 -> n 4": dict(dim=1, index=0), "n 4 t -> n 4": dict(dim=-1, index=-1)}

    def infer(self, x: Tensor) -> Tensor:
        axis = x.axis(self.dim)
        size = x.shape[axis]
        if isinstance(size, int) and not -size <= self.index < size:
            message = f"index {self.index} is outside axis {axis}, which has the size {size}"
            raise ShapeError(message, field="index", help=f"0 to {size - 1}, or -1 to {-size} from the end")
        return _without(x, axis)

    def forward(self, x: Code) -> Code:
        return x[:, self.index] if self.dim == 1 else x.select(self.dim, self.index)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Gather", x, g.constant(self.index, "int64", name="index"), axis=self.dim)


class Slice(Layer):
    """A stretch of the elements along an axis, as Python slices have it.

    (n, ..., a, ...) -> (n, ..., ceil((end - start) / step), ...)
    """

    dim: int = Field(description="axis to cut, the batch being axis 0")
    start: int = Field(default=0, description="first element; negative ones count from the end")
    end: int | None = Field(default=None, description="element before which it ends; null is the axis's end")
    step: PositiveInt = Field(default=1, description="every so many elements")

    examples = {
        "n 7 -> n 4": dict(dim=1, start=1, end=5),
        "n t 4 -> n t-1 4": dict(dim=1, start=1),
        "n 4 t -> n 4 (t-1)//2": dict(dim=-1, end=-2, step=2),
    }

    def infer(self, x: Tensor) -> Tensor:
        axis = x.axis(self.dim)
        size = x.shape[axis]
        first, last = (
            self._edge(self.start, size, "start"),
            size if self.end is None else self._edge(self.end, size, "end"),
        )
        length = last - first
        if isinstance(length, int) and length <= 0:
            message = f"takes nothing: from {first} to {last} of axis {axis}, which has the size {size}"
            raise ShapeError(message, field="start" if self.end is None else "end")
        return x.with_axis(axis, (length + self.step - 1) // self.step)

    def _edge(self, place: int, size: Dim, field: str) -> Dim:
        if isinstance(size, int):
            if not -size <= place <= size:
                message = f"{field} {place} is outside its axis, which has the size {size}"
                raise ShapeError(message, field=field, help=f"{-size} to {size}")
            return place + size if place < 0 else place
        if field == "end" and place >= 0:
            message = f"end {place} may lie beyond its axis, whose size {size} is known only when the model runs"
            raise ShapeError(message, field=field, help="count from the end, as in `end: -1`")
        if field == "start" and place < 0 and self.end is None:
            message = f"start {place} may lie before its axis, whose size {size} is known only when the model runs"
            raise ShapeError(message, field=field, help="count from the beginning")
        return size + place if place < 0 else place

    def forward(self, x: Code) -> Code:
        stretch = slice(self.start or None, self.end, self.step if self.step > 1 else None)
        return (
            x[(*[slice(None)] * self.dim, stretch)]
            if self.dim > 0
            else x[(..., stretch, *[slice(None)] * (-self.dim - 1))]
        )

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        values = {
            "start": self.start,
            "end": END if self.end is None else self.end,
            "axes": self.dim,
            "step": self.step,
        }
        return g.op("Slice", x, *(g.constant([value], "int64", name=name) for name, value in values.items()))


class Gather(Layer):
    """For each place, the element along an axis that an index names.

    (n, ..., a, ...), int64 (n, ..., k, ...) -> (n, ..., k, ...)

    As in torch.gather: out[i][j] = x[i][index[i][j]] for dim 1.
    """

    dim: int = Field(description="axis along which elements are chosen, the batch being axis 0")

    examples = {
        "n 6, int64 n 2 -> n 2": dict(dim=1),
        "n 6 t, int64 n 4 t -> n 4 t": dict(dim=1),
    }

    def infer(self, x: Tensor, index: Tensor) -> Tensor:
        if index.dtype != "int64":
            raise ShapeError(f"needs an index of whole numbers (int64), got {index.dtype}")
        axis = x.axis(self.dim)
        if index.rank != x.rank or index.with_axis(axis, 0).shape != x.with_axis(axis, 0).shape:
            raise ShapeError(
                f"needs an index of its input's sizes but along axis {axis}, got {index} for {x}", field="dim"
            )
        return x.with_shape(*index.shape)

    def forward(self, x: Code, index: Code) -> Code:
        return x.gather(self.dim, index)

    def to_onnx(self, g: OnnxBuilder, x: Value, index: Value) -> Value:
        return g.op("GatherElements", x, index, axis=self.dim)


class _InParts(Layer):
    """What gives an axis in several tensors, numbered."""

    returns = ""

    @abstractmethod
    def _sizes(self, x: Tensor) -> list[Dim]:
        """The sizes of the parts."""

    @property
    @abstractmethod
    def _dim(self) -> int: ...

    def infer(self, x: Tensor) -> tuple[Tensor, ...]:
        axis = x.axis(self._dim)
        return tuple(x.with_axis(axis, size) for size in self._sizes(x))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> tuple[Value, ...]:
        sizes = self._sizes(x.tensor)
        if len(sizes) == 1:
            return (x,)
        if all(isinstance(size, int) for size in sizes):
            lengths = g.constant(sizes, "int64", name="split")
            return g.ops("Split", x, lengths, outputs=len(sizes), axis=self._dim)
        return g.ops("Split", x, outputs=len(sizes), axis=self._dim, num_outputs=len(sizes))


class Chunk(_InParts):
    """An axis in so many parts of one size; the last may be smaller.

    (n, ..., a, ...) -> chunks of (n, ..., ceil(a / chunks), ...)
    """

    chunks: PositiveInt = Field(le=MAX_PARTS, description="how many parts")
    dim: int = Field(default=1, description="axis to take apart, the batch being axis 0")

    examples = {
        "n 6 -> n 2, n 2, n 2": dict(chunks=3),
        "n t 5 -> n t 3, n t 2": dict(chunks=2, dim=-1),
    }

    @property
    def _dim(self) -> int:
        return self.dim

    def _sizes(self, x: Tensor) -> list[Dim]:
        size = x.shape[x.axis(self.dim)]
        if isinstance(size, Size):
            each = size // self.chunks
            if each * self.chunks != size:
                message = f"axis {self.dim} has the size {size}, which {self.chunks} may not divide"
                raise ShapeError(message, field="chunks")
            return [each] * self.chunks
        each = -(-size // self.chunks)
        if -(-size // each) != self.chunks:
            message = f"{self.chunks} parts of an axis of size {size} are {-(-size // each)} of {each} at most"
            raise ShapeError(message, field="chunks", help="choose a number of parts that divides it")
        return [min(each, size - start) for start in range(0, size, each)]

    def forward(self, x: Code) -> Code:
        return x.chunk(self.chunks, dim=self.dim)


class Split(_InParts):
    """An axis in parts of given sizes.

    (n, ..., a + b, ...) -> (n, ..., a, ...), (n, ..., b, ...)
    """

    split_size: PositiveInt | Annotated[tuple[PositiveInt, ...], Listed, Field(min_length=1)] = Field(
        description="size of each part, the last being what is left; or a list of all their sizes"
    )
    dim: int = Field(default=1, description="axis to take apart, the batch being axis 0")

    examples = {
        "n 5 -> n 2, n 2, n 1": dict(split_size=2),
        "n t 9 -> n t 2, n t 3, n t 4": dict(split_size=[2, 3, 4], dim=-1),
    }

    @property
    def _dim(self) -> int:
        return self.dim

    def _sizes(self, x: Tensor) -> list[Dim]:
        axis = x.axis(self.dim)
        size = x.shape[axis]
        if isinstance(size, Size):
            message = f"axis {axis} has the size {size}, known only when the model runs: its parts cannot be counted"
            raise ShapeError(message, field="dim", help="Chunk makes a number of equal parts")
        if isinstance(self.split_size, int):
            _check_parts(-(-size // self.split_size), "split_size")
            return [min(self.split_size, size - start) for start in range(0, size, self.split_size)]
        if sum(self.split_size) != size:
            message = f"the parts are {sum(self.split_size)} in all, and axis {axis} has the size {size}"
            raise ShapeError(message, field="split_size")
        return list(self.split_size)

    def forward(self, x: Code) -> Code:
        return x.split(self.split_size, dim=self.dim)


class Unbind(Layer):
    """Every element along an axis as a tensor of its own.

    (n, ..., a, ...) -> a tensors (n, ..., ...)
    """

    dim: int = Field(default=1, description="axis to take apart, the batch being axis 0")

    returns = ""
    examples = {"n 3 -> n, n, n": {}, "n t 2 -> n t, n t": dict(dim=-1)}

    def infer(self, x: Tensor) -> tuple[Tensor, ...]:
        axis = x.axis(self.dim)
        count = x.fixed(axis, "size of the axis")
        _check_parts(count, "dim")
        return (_without(x, axis),) * count

    def forward(self, x: Code) -> Code:
        return x.unbind(self.dim)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> tuple[Value, ...]:
        axis = x.tensor.axis(self.dim)
        count = x.tensor.fixed(axis, "size of the axis")
        axes = g.constant([axis], "int64", name="axes")
        parts = g.ops("Split", x, outputs=count, axis=axis, num_outputs=count) if count > 1 else (x,)
        return tuple(g.op("Squeeze", part, axes) for part in parts)


def _check_parts(count: int, field: str) -> None:
    if count > MAX_PARTS:
        message = f"gives {count:,} tensors, and a layer gives at most {MAX_PARTS:,}"
        raise ShapeError(message, field=field, help="one tensor holds them all: Reshape keeps them on an axis")


def _without(x: Tensor, axis: int) -> Tensor:
    return x.with_shape(*x.shape[:axis], *x.shape[axis + 1 :])
