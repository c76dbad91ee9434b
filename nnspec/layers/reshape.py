"""The same numbers under another shape."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from nnspec.layers import resize
from nnspec.layers.along import Along, Sees
from nnspec.layers.fields import Axes, Listed
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code
from nnspec.shapes import ShapeError, Tensor, product

SIZES = "a list of sizes, each a whole number, -1 for one that is inferred, or the name of a length"
Sizes = Annotated[tuple[int | str, ...], Listed, Field(min_length=1, json_schema_extra={"words": SIZES})]


class Flatten(Layer):
    """Neighbouring axes made one.

    (n, a, b, ...) -> (n, a * b * ...)
    """

    start_dim: int = Field(default=1, description="first axis to merge, the batch being axis 0")
    end_dim: int = Field(default=-1, description="last axis to merge")

    examples = {
        "n 3 4 5 -> n 60": {},
        "n 7 -> n 7": {},
        "n t 4 5 -> n t 20": dict(start_dim=2),
        "n 2 3 t u -> n 6 t u": dict(start_dim=1, end_dim=2),
    }

    def infer(self, x: Tensor) -> Tensor:
        start, end = self._axes(x)
        return x.with_shape(*x.shape[:start], product(x.shape[start : end + 1]), *x.shape[end + 1 :])

    def sees(self, x: Tensor) -> Sees:
        start, end = self._axes(x)
        merged = [Along(start)] if start == end else [None]
        return (*map(Along, range(1, start)), *merged, *map(Along, range(end + 1, x.rank)))

    def size_lines(self, x: Tensor) -> list[tuple[str, str]]:
        start, end = self._axes(x)
        merged = x.shape[start : end + 1]
        return [("length", f"{'·'.join(map(str, merged))} = {product(merged)}")] if len(merged) > 1 else []

    def in_words(self, x: Tensor) -> str:
        return "The same numbers in one row: where each stood in the picture is no longer told apart from its channel."

    def _axes(self, x: Tensor) -> tuple[int, int]:
        start, end = x.axis(self.start_dim, field="start_dim"), x.axis(self.end_dim, field="end_dim")
        if start > end:
            raise ShapeError(
                f"start_dim {self.start_dim} comes after end_dim {self.end_dim}: axes {start} and {end} of its input",
                field="start_dim",
            )
        return start, end

    def forward(self, x: Code) -> Code:
        last = () if self.end_dim == -1 else (self.end_dim,)
        return x.flatten(self.start_dim, *last)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        start, end = self._axes(x.tensor)
        after = x.tensor.shape[end + 1 :]
        if start == end:
            return x
        if start == 1 and not after:
            return g.op("Flatten", x, axis=1)
        if all(isinstance(size, int) for size in after):
            # 0 copies a size of the input's.
            return g.op("Reshape", x, g.constant((*[0] * start, -1, *after), "int64", name="shape"))
        rest = g.op("Shape", x, start=end + 1)
        before = g.constant((*[0] * start, -1), "int64", name="shape")
        return g.op("Reshape", x, g.op("Concat", before, rest, axis=0))


class _Reshaping(Layer):
    """What writes out the sizes that it gives."""

    def code(self, takes: Sequence[Tensor | None], *values: Code | None) -> Code:
        (tensor,), (x,) = takes, values
        assert tensor and x
        given = self.infer(tensor)
        assert isinstance(given, Tensor)
        return x.reshape(*resize.in_torch(x, tensor, given.shape))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        given = self.infer(x.tensor)
        assert isinstance(given, Tensor)
        return g.op("Reshape", x, resize.in_onnx(g, x, x.tensor, x.tensor.shape, given.shape))


class Reshape(_Reshaping):
    """The same numbers, in the same order, under another shape.

    (n, ...) -> (n, *shape)
    """

    shape: Sizes = Field(description="sizes without the batch; one may be -1, which is inferred")

    examples = {
        "n 12 -> n 3 4": dict(shape=[3, 4]),
        "n 2 6 -> n 3 4": dict(shape=[3, -1]),
        "n t 6 -> n t 2 3": dict(shape=["t", 2, 3]),
        "n t 6 -> n 3 t 2": dict(shape=[3, "t", -1]),
    }

    def infer(self, x: Tensor) -> Tensor:
        sizes = resize.resolved(self.shape, x, product(x.shape[1:]), field="shape")
        resize.check(x, sizes, field="shape")
        return x.with_shape(x.shape[0], *sizes)


class Unflatten(_Reshaping):
    """One axis made several.

    (n, ..., a * b, ...) -> (n, ..., a, b, ...)
    """

    dim: int = Field(description="axis to take apart, the batch being axis 0")
    unflattened_size: Sizes = Field(description="the sizes that it is made of; one may be -1, which is inferred")

    examples = {
        "n 12 -> n 3 4": dict(dim=1, unflattened_size=[3, 4]),
        "n t 6 -> n t 2 3": dict(dim=-1, unflattened_size=[2, -1]),
    }

    def infer(self, x: Tensor) -> Tensor:
        axis = x.axis(self.dim)
        sizes = resize.resolved(self.unflattened_size, x, x.shape[axis], field="unflattened_size")
        resize.check(x, [*x.shape[1:axis], *sizes, *x.shape[axis + 1 :]], field="unflattened_size")
        return x.with_shape(*x.shape[:axis], *sizes, *x.shape[axis + 1 :])

    def code(self, takes: Sequence[Tensor | None], *values: Code | None) -> Code:
        (tensor,), (x,) = takes, values
        assert tensor and x
        sizes = self.infer(tensor).shape[tensor.axis(self.dim) :][: len(self.unflattened_size)]
        return x.unflatten(self.dim, tuple(resize.in_torch(x, tensor, sizes)))


class Squeeze(Layer):
    """Axes of size 1 taken away.

    (n, ..., 1, ...) -> (n, ..., ...)
    """

    dim: Axes = Field(description="the axis, or axes, of size 1, the batch being axis 0")

    examples = {"n 1 4 -> n 4": dict(dim=1), "n 1 t 1 -> n t": dict(dim=[1, -1])}

    def infer(self, x: Tensor) -> Tensor:
        axes = listed_axes(self.dim, x)
        for axis in axes:
            if x.shape[axis] != 1:
                raise ShapeError(f"axis {axis} has the size {x.shape[axis]}: only an axis of size 1 goes", field="dim")
        return x.with_shape(*(size for axis, size in enumerate(x.shape) if axis not in axes))

    def forward(self, x: Code) -> Code:
        return x.squeeze(self.dim)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Squeeze", x, g.constant(listed_axes(self.dim, x.tensor), "int64", name="axes"))


class Unsqueeze(Layer):
    """An axis of size 1 put in.

    (n, ...) -> (n, ..., 1, ...)
    """

    dim: int = Field(description="where the new axis stands, the batch being axis 0")

    examples = {"n 4 -> n 1 4": dict(dim=1), "n t 4 -> n t 4 1": dict(dim=-1)}

    def infer(self, x: Tensor) -> Tensor:
        axis = x.with_shape(*x.shape, 1).axis(self.dim)
        return x.with_shape(*x.shape[:axis], 1, *x.shape[axis:])

    def forward(self, x: Code) -> Code:
        return x.unsqueeze(self.dim)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Unsqueeze", x, g.constant([self.dim], "int64", name="axes"))


class Expand(Layer):
    """Axes of size 1 made longer, by saying the same again.

    (n, ..., 1, ...) -> (n, ..., size, ...)
    """

    size: Sizes = Field(description="sizes without the batch; -1 leaves an axis as it is")

    examples = {
        "n 1 4 -> n 3 4": dict(size=[3, 4]),
        "n 1 1 t -> n 2 3 t": dict(size=[2, 3, -1]),
        "n t 1 -> n t t": dict(size=[-1, "t"]),
    }

    def infer(self, x: Tensor) -> Tensor:
        before = x.shape[1:]
        if len(self.size) != len(before):
            message = f"size has {len(self.size)} sizes, and its input {len(before)} axes beside the batch: {x}"
            raise ShapeError(message, field="size", help="Unsqueeze puts an axis in")
        wanted = [resize.named(size, x, field="size") for size in self.size]
        for have, want in zip(before, wanted, strict=True):
            if want not in (-1, have) and have != 1:
                message = f"an axis of size {have} cannot be expanded to {want}: only one of size 1 can"
                raise ShapeError(message, field="size")
        return x.with_shape(x.shape[0], *(h if w == -1 else w for h, w in zip(before, wanted, strict=True)))

    def code(self, takes: Sequence[Tensor | None], *values: Code | None) -> Code:
        (tensor,), (x,) = takes, values
        assert tensor and x
        sizes = zip(tensor.shape, self.infer(tensor).shape, strict=True)
        return x.expand(*(-1 if have == want else resize.in_torch(x, tensor, [want])[0] for have, want in sizes))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        sizes = zip(x.tensor.shape, self.infer(x.tensor).shape, strict=True)
        # ONNX leaves an axis as it is where 1 is asked for.
        wanted = [1 if have == want else want for have, want in sizes]
        parts = [size if isinstance(size, int) else resize.read(g, x, x.tensor, size) for size in wanted]
        return g.op("Expand", x, resize.joined(g, parts))


def listed_axes(dim: int | tuple[int, ...], x: Tensor, *, field: str = "dim") -> list[int]:
    """One axis or several as indices, no two of them the same."""
    dims = (dim,) if isinstance(dim, int) else dim
    axes = [x.axis(one, field=field) for one in dims]
    if len(set(axes)) < len(axes):
        raise ShapeError(f"{field} {list(dims)} names an axis twice", field=field)
    return axes
