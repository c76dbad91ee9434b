"""Axes in another order, and their elements in another order."""

from typing import Annotated

from pydantic import Field

from nnspec.layers.fields import Axes, Listed
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.layers.reshape import listed_axes
from nnspec.pycode import Code
from nnspec.shapes import ShapeError, Tensor


class Permute(Layer):
    """The axes in another order.

    (n, a, b, ...) -> (n, b, a, ...)
    """

    dims: Annotated[tuple[int, ...], Listed, Field(min_length=2)] = Field(
        description="for each axis of the output, the input's: the batch, axis 0, stays the first"
    )

    examples = {
        "n 3 4 5 -> n 4 5 3": dict(dims=[0, 2, 3, 1]),
        "n t 4 -> n 4 t": dict(dims=[0, 2, 1]),
        "n c h w -> n h w c": dict(dims=[0, -2, -1, 1]),
    }

    def infer(self, x: Tensor) -> Tensor:
        return x.with_shape(*(x.shape[axis] for axis in self._order(x)))

    def _order(self, x: Tensor) -> list[int]:
        order = [x.axis(dim, field="dims", batch=True) for dim in self.dims]
        if sorted(order) == list(range(x.rank)) and order[0] == 0:
            return order
        axes = ", ".join(map(str, range(1, x.rank)))
        message = f"dims {list(self.dims)} does not name each axis of its input once, the batch first"
        raise ShapeError(message, field="dims", help=f"a list that begins with 0, then {axes} in any order")

    def forward(self, x: Code) -> Code:
        return x.permute(*self.dims)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Transpose", x, perm=self._order(x.tensor))


class Transpose(Layer):
    """Two axes exchanged.

    (n, ..., a, ..., b, ...) -> (n, ..., b, ..., a, ...)
    """

    dim0: int = Field(description="an axis, the batch being axis 0")
    dim1: int = Field(description="the axis that it changes places with")

    examples = {"n 3 4 -> n 4 3": dict(dim0=1, dim1=2), "n h t d -> n h d t": dict(dim0=-2, dim1=-1)}

    def infer(self, x: Tensor) -> Tensor:
        return x.with_shape(*(x.shape[axis] for axis in self._order(x)))

    def _order(self, x: Tensor) -> list[int]:
        first, second = x.axis(self.dim0, field="dim0"), x.axis(self.dim1, field="dim1")
        order = list(range(x.rank))
        order[first], order[second] = second, first
        return order

    def forward(self, x: Code) -> Code:
        return x.transpose(self.dim0, self.dim1)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Transpose", x, perm=self._order(x.tensor))


class Roll(Layer):
    """Elements moved along an axis; those that fall off its end come in at its beginning.

    (...) -> (...)
    """

    shifts: int | Annotated[tuple[int, ...], Listed, Field(min_length=1)] = Field(
        description="how many places elements move, for each axis"
    )
    dims: Axes = Field(description="the axis, or axes, to move along, the batch being axis 0")

    examples = {
        "n 5 -> n 5": dict(shifts=2, dims=1),
        "n t 4 -> n t 4": dict(shifts=-1, dims=1),
        "n 4 6 3 -> n 4 6 3": dict(shifts=[-2, 9], dims=[1, 2]),
    }

    def infer(self, x: Tensor) -> Tensor:
        listed_axes(self.dims, x, field="dims")
        if len(self._pairs) != len(_listed(self.shifts)) or len(self._pairs) != len(_listed(self.dims)):
            message = f"shifts has {len(_listed(self.shifts))} numbers, and dims {len(_listed(self.dims))}"
            raise ShapeError(message, field="shifts", help="give one of each for an axis")
        return x

    @property
    def _pairs(self) -> list[tuple[int, int]]:
        return list(zip(_listed(self.shifts), _listed(self.dims), strict=False))

    def forward(self, x: Code) -> Code:
        return x.roll(self.shifts, dims=self.dims)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        tensor, given = x.tensor, x
        for shift, dim in self._pairs:
            axis = tensor.axis(dim, field="dims")
            size = tensor.shape[axis]
            if not isinstance(size, int):
                given = self._of_length(g, given, g.op("Shape", x, start=axis, end=axis + 1), shift, axis)
            elif shift % size:
                given = _swapped(g, given, g.constant([size - shift % size], "int64", name="start"), axis)
        return given

    def _of_length(self, g: OnnxBuilder, x: Value, length: Value, shift: int, axis: int) -> Value:
        moved = g.op("Mod", g.constant([-shift], "int64", name="shift"), length)
        return _swapped(g, x, moved, axis)


class Flip(Layer):
    """The elements along an axis in reverse.

    (...) -> (...)
    """

    dims: Axes = Field(description="the axis, or axes, to reverse, the batch being axis 0")

    examples = {"n 5 -> n 5": dict(dims=1), "n t 4 -> n t 4": dict(dims=[1]), "n 2 3 4 -> n 2 3 4": dict(dims=[-1, 1])}

    def infer(self, x: Tensor) -> Tensor:
        listed_axes(self.dims, x, field="dims")
        return x

    def forward(self, x: Code) -> Code:
        return x.flip(self.dims)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        axes = listed_axes(self.dims, x.tensor, field="dims")
        backwards = ([-1] * len(axes), [-(2**63)] * len(axes), axes, [-1] * len(axes))
        names = ("start", "end", "axes", "step")
        return g.op("Slice", x, *(g.constant(v, "int64", name=n) for v, n in zip(backwards, names, strict=True)))


def _listed(value: int | tuple[int, ...]) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else value


def _swapped(g: OnnxBuilder, x: Value, start: Value, axis: int) -> Value:
    """What stands from `start` on, then what stands before it."""
    zero, end, axes = (g.constant([value], "int64", name="index") for value in (0, 2**63 - 1, axis))
    return g.op("Concat", g.op("Slice", x, start, end, axes), g.op("Slice", x, zero, start, axes), axis=axis)
