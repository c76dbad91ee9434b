"""Steps on numbers."""

from typing import ClassVar, Self

from pydantic import Field, field_validator, model_validator

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.prepare.moments import SMALLEST, Kept, Learnt, Moments, quantile
from nnspec.prepare.step import LARGEST, Accumulator, FitError, Rows, Single, State, Step, as_float, namespace
from nnspec.shapes import ShapeError, Tensor


class _Affine(Step):
    """(x - centre) / spread, for each entry of one axis. Both are learnt, and stand in the state by these names."""

    dim: int = Field(default=1, description="axis whose entries are each prepared alone: features, or channels")

    centre: ClassVar[str]
    spread: ClassVar[str]
    takes = ("float32", "uint8")
    invertible = True
    missing = "passes"

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        size = x.shape[x.axis(self.dim)]
        if not isinstance(size, int):
            raise ShapeError(
                f"dim {self.dim} is an axis of no fixed length ({size}), and each of its entries needs a {self.centre}",
                field="dim",
                help=f"choose the axis of the features, as in `{type(self).__name__}: {{dim: -1}}`",
            )
        return Tensor(x.shape)

    def apply(self, rows: Rows, state: State) -> Rows:
        narrow = rows.astype("float32", copy=False)
        as_array = narrow.dtype.type
        centred = narrow - as_array(state[self.centre])
        centred /= as_array(state[self.spread])
        return centred

    def invert(self, rows: Rows, state: State) -> Rows:
        narrow = rows.astype("float32")
        as_array = narrow.dtype.type
        return narrow * as_array(state[self.spread]) + as_array(state[self.centre])

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        centred = g.op("Sub", as_float(g, x), g.constant(state[self.centre], name=self.centre))
        return g.op("Div", centred, g.constant(state[self.spread], name=self.spread))

    def invert_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        scaled = g.op("Mul", x, g.constant(state[self.spread], name=self.spread))
        return g.op("Add", scaled, g.constant(state[self.centre], name=self.centre))


class Standardize(_Affine):
    """Zero mean and unit variance for each entry of one axis: (x - mean) / std, learnt from the training rows.

    (..., features, ...) -> (..., features, ...)

    The deviation is the population's (divided by n), as in sklearn.preprocessing.StandardScaler. An entry that is
    the same in every training row is only centred.
    """

    examples = {"n 4 -> n 4": dict(), "n 3 h w -> n 3 h w": dict(dim=1), "n t 5 -> n t 5": dict(dim=-1)}
    centre, spread = "mean", "std"

    def accumulator(self) -> Accumulator:
        return Moments(self.dim, lambda found: {"mean": found.wide(found.mean), "std": found.wide(found.deviation)})


class RobustScale(_Affine):
    """Zero median and unit distance between two quantiles for each entry of one axis: (x - median) / range.

    (..., features, ...) -> (..., features, ...)

    As in sklearn.preprocessing.RobustScaler: a few extreme values change neither. An entry whose two quantiles are
    the same is only centred; one whose range is merely tiny is scaled, which scikit-learn leaves below 2e-15.
    """

    low: float = Field(default=25.0, ge=0, le=100, description="the lower quantile, in percent")
    high: float = Field(default=75.0, ge=0, le=100, description="the upper quantile, in percent")

    examples = {"n 4 -> n 4": dict(), "n 3 h w -> n 3 h w": dict(low=5.0, high=95.0), "n t 5 -> n t 5": dict(dim=-1)}
    centre, spread = "median", "range"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low must be below high, got {self.low:g} and {self.high:g}")
        return self

    def accumulator(self) -> Accumulator:
        return Kept(self.dim, self._learn)

    def _learn(self, found: Kept) -> Learnt:
        medians = [quantile(values, 50.0) for values in found.entries]
        spreads = [quantile(values, self.high) - quantile(values, self.low) for values in found.entries]
        spreads = [spread if spread >= SMALLEST else 1.0 for spread in spreads]
        return {"median": found.wide(medians), "range": found.wide(spreads)}


class MinMax(_Affine):
    """Each entry of one axis between two numbers, 0 and 1: what the training rows have as least becomes the lower.

    (..., features, ...) -> (..., features, ...)

    As in sklearn.preprocessing.MinMaxScaler: later rows may go beyond. An entry that is the same in every training row
    becomes the lower number.
    """

    low: Single = Field(default=0.0, description="what the least becomes")
    high: Single = Field(default=1.0, description="what the most becomes")

    examples = {"n 4 -> n 4": dict(), "n 3 h w -> n 3 h w": dict(low=-1.0), "n t 5 -> n t 5": dict(dim=-1)}
    centre, spread = "zero", "range"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low must be below high, got {self.low:g} and {self.high:g}")
        return self

    def accumulator(self) -> Accumulator:
        return Moments(self.dim, self._learn)

    def _learn(self, found: Moments) -> Learnt:
        spread = (found.most - found.least) / (self.high - self.low)
        spread[spread < SMALLEST] = 1.0
        return {"zero": found.wide(found.least - self.low * spread), "range": found.wide(spread)}


class Log1p(Step):
    """The logarithm of 1 + x, for numbers that reach over several powers of ten.

    (...) -> (...)

    Of numbers above -1; a number of at most -1 in the training rows is refused.
    """

    examples = {"n 4 -> n 4": dict(), "n 2 h w -> n 2 h w": dict()}
    sample = (0.0, 1e-9, 1e-3, 0.5, -0.5, 20.0, 3e4, 1e9, 7.0)
    invertible = True
    missing = "passes"

    def accumulator(self) -> Accumulator:
        return _AboveMinusOne()

    def apply(self, rows: Rows, state: State) -> Rows:
        narrow = rows.astype("float32")
        xp = namespace(rows)
        with xp.errstate(all="ignore"):
            more = narrow + xp.float32(1)
            # What is lost where 1 + x is rounded is put back: x / ((1 + x) - 1), after Goldberg (1991), theorem 4.
            return xp.where(more == 1, narrow, xp.log(more) * narrow / (more - xp.float32(1)))

    def invert(self, rows: Rows, state: State) -> Rows:
        xp = namespace(rows)
        with xp.errstate(over="ignore"):
            return xp.exp(rows.astype("float32")) - xp.float32(1)

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        one = g.constant(1.0, name="one")
        more = g.op("Add", x, one)
        precise = g.op("Div", g.op("Mul", g.op("Log", more), x), g.op("Sub", more, one))
        return g.op("Where", g.op("Equal", more, one), x, precise)

    def invert_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        return g.op("Sub", g.op("Exp", x), g.constant(1.0, name="one"))


class _AboveMinusOne:
    """Learns nothing, and refuses numbers that have no logarithm."""

    def update(self, rows: Rows) -> None:
        if (rows <= -1).any():
            worst = rows[rows <= -1].min()
            help = "clip it first: `{Clip: {min: 0, max: ...}}`; or leave Log1p out"
            raise FitError(f"log(1 + x) needs numbers above -1, a training row has {worst:g}", help=help)

    def state(self) -> Learnt:
        return {}


class Clip(Step):
    """Numbers held within limits: what is below the least becomes it, what is above the most becomes that.

    (...) -> (...)
    """

    min: Single = Field(description="the least that is left as it is")
    max: Single = Field(description="the most that is left as it is")

    missing = "passes"
    examples = {"n 4 -> n 4": dict(min=-3.0, max=3.0), "n t -> n t": dict(min=0.0, max=100.0)}

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min must not be above max, got {self.min:g} and {self.max:g}")
        return self

    def apply(self, rows: Rows, state: State) -> Rows:
        narrow = rows.astype("float32")
        return narrow.clip(narrow.dtype.type(self.min), narrow.dtype.type(self.max))

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        return g.op("Clip", x, g.constant(self.min, name="min"), g.constant(self.max, name="max"))


class Scale(Step):
    """Division by a constant: x / factor.

    (...) -> (...)
    """

    factor: float = Field(description="what every number is divided by: 255 for pixels")

    examples = {"n 1 8 8 -> n 1 8 8": dict(factor=16.0), "n t -> n t": dict(factor=-0.5)}
    takes = ("float32", "uint8")
    invertible = True
    missing = "passes"

    @field_validator("factor")
    @classmethod
    def _in_range(cls, factor: float) -> float:
        if factor == 0:
            raise ValueError("must not be 0")
        if not SMALLEST <= abs(factor) <= LARGEST:
            raise ValueError(f"must be between {SMALLEST:g} and {LARGEST:g}, as float32 holds it")
        return factor

    def infer(self, x: Tensor) -> Tensor:
        return Tensor(super().infer(x).shape)

    def apply(self, rows: Rows, state: State) -> Rows:
        narrow = rows.astype("float32")
        return narrow / narrow.dtype.type(self.factor)

    def invert(self, rows: Rows, state: State) -> Rows:
        narrow = rows.astype("float32")
        return narrow * narrow.dtype.type(self.factor)

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        return g.op("Div", as_float(g, x), g.constant(self.factor, name="factor"))

    def invert_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        return g.op("Mul", x, g.constant(self.factor, name="factor"))
