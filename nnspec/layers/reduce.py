"""Axes made one number."""

from pydantic import Field

from nnspec.layers.fields import Axes
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code, torch
from nnspec.shapes import ShapeError, Tensor


class Mean(Layer):
    """The mean over an axis, or over several.

    (n, ..., d, ...) -> (n, ..., ...)
    """

    dim: Axes = Field(description="axis or axes to average over, the batch being axis 0")
    keepdim: bool = Field(default=False, description="leave an axis of size 1 in the place of each")

    examples = {
        "n t 4 -> n 4": dict(dim=1),
        "n 8 h w -> n 8": dict(dim=[2, 3]),
        "n 6 5 -> n 6 1": dict(dim=-1, keepdim=True),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        axes = [x.axis(dim) for dim in self._dims]
        if len(set(axes)) < len(axes):
            raise ShapeError(f"dim {list(self._dims)} names an axis twice", field="dim")
        kept = (1 if axis in axes else size for axis, size in enumerate(x.shape) if self.keepdim or axis not in axes)
        return x.with_shape(*kept)

    @property
    def _dims(self) -> tuple[int, ...]:
        return (self.dim,) if isinstance(self.dim, int) else self.dim

    def forward(self, x: Code) -> Code:
        return torch.mean(x, dim=self.dim, **self.changed("dim"))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("ReduceMean", x, g.constant(self._dims, "int64", name="axes"), keepdims=int(self.keepdim))
