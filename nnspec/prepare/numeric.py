"""Steps on numbers."""

from typing import Any

from pydantic import Field, field_validator

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.prepare.step import Rows, State, Step
from nnspec.shapes import ShapeError, Tensor

SMALLEST, LARGEST = 1.2e-38, 3.4e38  # what float32 holds without losing digits


class Standardize(Step):
    """Zero mean and unit variance for each entry of one axis: (x - mean) / std, learnt from the training rows.

    (..., features, ...) -> (..., features, ...)

    The deviation is the population's (divided by n), as in sklearn.preprocessing.StandardScaler. An entry that is
    the same in every training row is only centred.
    """

    dim: int = Field(default=1, description="axis whose entries are each prepared alone: features, or channels")

    examples = {"n 4 -> n 4": dict(), "n 3 h w -> n 3 h w": dict(dim=1), "n t 5 -> n t 5": dict(dim=-1)}
    invertible = True

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        size = x.shape[x.axis(self.dim)]
        if not isinstance(size, int):
            raise ShapeError(
                f"dim {self.dim} is an axis of no fixed length ({size}), and each of its entries needs a mean",
                field="dim",
                help="choose the axis of the features, as in `Standardize: {dim: -1}`",
            )
        return x

    def fit(self, rows: Rows) -> dict[str, Any]:
        wide = rows.astype("float64")
        others = tuple(axis for axis in range(rows.ndim) if axis != self.dim % rows.ndim)
        # Without the batch axis both have a shape that broadcasts: (3, 1, 1) for the channels of an image.
        mean, std = wide.mean(axis=others, keepdims=True)[0], wide.std(axis=others, keepdims=True)[0]
        constant = (wide.max(axis=others, keepdims=True) == wide.min(axis=others, keepdims=True))[0]
        std[constant | (std < SMALLEST)] = 1.0
        return {"mean": mean.tolist(), "std": std.tolist()}

    def apply(self, rows: Rows, state: State) -> Rows:
        narrow = rows.astype("float32")
        as_array = narrow.dtype.type
        return (narrow - as_array(state["mean"])) / as_array(state["std"])

    def invert(self, rows: Rows, state: State) -> Rows:
        narrow = rows.astype("float32")
        as_array = narrow.dtype.type
        return narrow * as_array(state["std"]) + as_array(state["mean"])

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        centred = g.op("Sub", x, g.constant(state["mean"], name="mean"))
        return g.op("Div", centred, g.constant(state["std"], name="std"))

    def invert_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        scaled = g.op("Mul", x, g.constant(state["std"], name="std"))
        return g.op("Add", scaled, g.constant(state["mean"], name="mean"))


class Scale(Step):
    """Division by a constant: x / factor.

    (...) -> (...)
    """

    factor: float = Field(description="what every number is divided by: 255 for pixels")

    examples = {"n 1 8 8 -> n 1 8 8": dict(factor=16.0), "n t -> n t": dict(factor=-0.5)}
    invertible = True

    @field_validator("factor")
    @classmethod
    def _in_range(cls, factor: float) -> float:
        if factor == 0:
            raise ValueError("must not be 0")
        if not SMALLEST <= abs(factor) <= LARGEST:
            raise ValueError(f"must be between {SMALLEST:g} and {LARGEST:g}, as float32 holds it")
        return factor

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        return x

    def apply(self, rows: Rows, state: State) -> Rows:
        narrow = rows.astype("float32")
        return narrow / narrow.dtype.type(self.factor)

    def invert(self, rows: Rows, state: State) -> Rows:
        narrow = rows.astype("float32")
        return narrow * narrow.dtype.type(self.factor)

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        return g.op("Div", x, g.constant(self.factor, name="factor"))

    def invert_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        return g.op("Mul", x, g.constant(self.factor, name="factor"))
