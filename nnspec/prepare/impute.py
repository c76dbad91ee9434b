"""Filling in the numbers that are missing."""

from collections.abc import Callable
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.prepare.moments import Kept, Learnt, Moments, beside, quantile
from nnspec.prepare.step import Accumulator, Rows, Single, State, Step, namespace
from nnspec.shapes import Tensor


class Impute(Step):
    """Numbers in place of missing ones: each entry's mean, median or most frequent number, or a constant.

    (..., features, ...) -> (..., features, ...)

    As in sklearn.impute.SimpleImputer; learnt from the training rows. With `indicator` the axis is twice as long: after
    the numbers stands, for each of them, whether it was missing (1) or not (0).
    """

    strategy: Literal["mean", "median", "most_frequent", "constant"] = Field(
        default="mean", description="what stands in for a missing number; of equally frequent ones the smallest"
    )
    value: Single | None = Field(default=None, description="the constant")
    indicator: bool = Field(default=False, description="whether to tell which numbers were missing")
    dim: int = Field(default=1, description="axis whose entries are each filled alone: features, or channels")

    examples = {
        "n 4 -> n 4": dict(strategy="median"),
        "n 3 -> n 6": dict(strategy="mean", indicator=True),
        "n 2 h w -> n 2 h w": dict(strategy="most_frequent"),
        "n t 5 -> n t 10": dict(strategy="constant", value=-1.0, indicator=True, dim=-1),
    }
    missing = "fills"

    @model_validator(mode="after")
    def _constant_has_a_value(self) -> Self:
        if (self.strategy == "constant") != (self.value is not None):
            raise ValueError(
                "a constant needs its value: `{strategy: constant, value: 0}`"
                if self.value is None
                else f"a value stands with `strategy: constant`, not with {self.strategy}"
            )
        return self

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        axis = x.axis(self.dim)
        size = x.fixed(axis, f"axis {self.dim}")
        return x.with_axis(axis, 2 * size) if self.indicator else x

    def accumulator(self) -> Accumulator:
        if self.strategy == "mean":
            return Moments(self.dim, lambda found: {"fill": found.wide(found.mean)})
        if self.strategy == "constant":
            return _Shape(self.dim, self.value)
        choose: Callable[[Rows], float] = _middle if self.strategy == "median" else _most_frequent
        return Kept(self.dim, lambda found: {"fill": found.wide([choose(values) for values in found.entries])})

    def apply(self, rows: Rows, state: State) -> Rows:
        xp = namespace(rows)
        gaps = xp.isnan(rows)
        filled = xp.where(gaps, xp.asarray(state["fill"], dtype="float32"), rows.astype("float32"))
        return xp.concatenate([filled, gaps.astype("float32")], axis=self.dim) if self.indicator else filled

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        gaps = g.op("IsNaN", x)
        filled = g.op("Where", gaps, g.constant(state["fill"], name="fill"), x)
        return g.op("Concat", filled, g.op("Cast", gaps, to=1), axis=self.dim) if self.indicator else filled


class _Shape:
    """Learns nothing but how many entries there are."""

    def __init__(self, dim: int, value: float | None) -> None:
        self.dim, self.value = dim, value
        self.fill: Any = None

    def update(self, rows: Rows) -> None:
        values = namespace(rows).full(rows.shape[self.dim % rows.ndim], self.value)
        self.fill = beside(values, self.dim, rows.ndim)

    def state(self) -> Learnt:
        return {"fill": self.fill}


def _middle(values: Rows) -> float:
    return quantile(values, 50.0)


def _most_frequent(values: Rows) -> float:
    found, counts = namespace(values).unique(values, return_counts=True)
    return float(found[counts.argmax()])
