"""Several tensors made one."""

from pydantic import Field

from nnspec.layers.alike import listed, needs_one_dtype
from nnspec.layers.along import Sees, same_places
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code, torch
from nnspec.shapes import ShapeError, Tensor


class Concat(Layer):
    """Its inputs side by side along an axis.

    (n, a, ...), (n, b, ...), ... -> (n, a + b + ..., ...)
    """

    dim: int = Field(default=1, description="axis along which inputs are joined, the batch being axis 0")

    examples = {
        "n 3, n 4 -> n 7": {},
        "n 2 h w, n 3 h w, n 1 h w -> n 6 h w": {},
        "n t 2, n t 5 -> n t 7": dict(dim=-1),
    }

    def infer(self, x: Tensor, y: Tensor, *others: Tensor) -> Tensor:
        inputs = (x, y, *others)
        needs_one_dtype(*inputs)
        axis = x.axis(self.dim)
        if len({(z.rank, z.shape[:axis], z.shape[axis + 1 :]) for z in inputs}) > 1:
            raise ShapeError(
                f"needs inputs that differ along axis {axis} only, got {listed(*inputs)}",
                field="dim",
                help="dim is the axis along which they are joined, the batch being axis 0",
            )
        return x.with_axis(axis, sum(z.shape[axis] for z in inputs))

    def sees(self, x: Tensor, *others: Tensor) -> Sees:
        return same_places(x, without=[x.axis(self.dim)])

    def size_lines(self, x: Tensor, *others: Tensor) -> list[tuple[str, str]]:
        parts = [z.shape[z.axis(self.dim)] for z in (x, *others)]
        return [("joined", f"{' + '.join(map(str, parts))} = {sum(parts)}")]

    def forward(self, *xs: Code) -> Code:
        return torch.cat(xs, dim=self.dim)

    def to_onnx(self, g: OnnxBuilder, *xs: Value) -> Value:
        return g.op("Concat", *xs, axis=self.dim)


class Stack(Layer):
    """Its inputs along a new axis.

    (n, ...), (n, ...), ... -> (n, ..., number of inputs, ...)
    """

    dim: int = Field(default=1, description="where the new axis stands, the batch being axis 0")

    examples = {"n 3, n 3 -> n 2 3": {}, "n t 4, n t 4, n t 4 -> n t 4 3": dict(dim=-1)}

    def infer(self, x: Tensor, y: Tensor, *others: Tensor) -> Tensor:
        inputs = (x, y, *others)
        needs_one_dtype(*inputs)
        if any(z.shape != x.shape for z in inputs):
            raise ShapeError("needs inputs of one shape, got " + listed(*inputs))
        axis = x.with_shape(*x.shape, 1).axis(self.dim)
        return x.with_shape(*x.shape[:axis], len(inputs), *x.shape[axis:])

    def forward(self, *xs: Code) -> Code:
        return torch.stack(xs, dim=self.dim)

    def to_onnx(self, g: OnnxBuilder, *xs: Value) -> Value:
        axes = g.constant([self.dim], "int64", name="axes")
        return g.op("Concat", *(g.op("Unsqueeze", x, axes) for x in xs), axis=self.dim)
