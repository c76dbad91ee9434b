"""The same numbers under another shape, or some of them."""

from pydantic import Field

from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code
from nnspec.shapes import ShapeError, Tensor, product


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


class Last(Layer):
    """The last element along an axis: of a sequence, its last time step.

    (n, t, ...) -> (n, ...)
    """

    dim: int = Field(default=1, description="axis to take the last element of, the batch being axis 0")

    examples = {"n t 4 -> n 4": {}, "n 4 t -> n 4": dict(dim=-1), "n 5 -> n": {}}

    def infer(self, x: Tensor) -> Tensor:
        axis = x.axis(self.dim)
        return x.with_shape(*x.shape[:axis], *x.shape[axis + 1 :])

    def forward(self, x: Code) -> Code:
        return x[:, -1] if self.dim == 1 else x.select(self.dim, -1)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Gather", x, g.constant(-1, "int64", name="last"), axis=self.dim)
