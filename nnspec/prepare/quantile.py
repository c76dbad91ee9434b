"""Numbers as their place among those of the training rows."""

from collections.abc import Callable, Sequence
from math import sqrt
from typing import Any, Literal

from pydantic import Field

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.prepare.bins import MAX_BINS, count_edges
from nnspec.prepare.moments import Kept, Learnt, quantile
from nnspec.prepare.step import Accumulator, Rows, State, Step, namespace
from nnspec.shapes import Tensor

# Giles (2010), "Approximating the erfinv function", for single precision: two polynomials, the highest power first.
MIDDLE = (
    2.81022636e-08,
    3.43273939e-07,
    -3.5233877e-06,
    -4.39150654e-06,
    0.00021858087,
    -0.00125372503,
    -0.00417768164,
    0.246640727,
    1.50140941,
)
TAIL = (
    -0.000200214257,
    0.000100950558,
    0.00134934322,
    -0.00367342844,
    0.00573950773,
    -0.0076224613,
    0.00943887047,
    1.00167406,
    2.83297682,
)
LEAST_SHARE, MOST_SHARE = 1e-7, 0.99999994  # what float32 has next to 0, as far as it matters, and next to 1
MOST = 5.199337582605575  # scikit-learn's: the normal quantile of 1 - 1e-7


class Quantile(Step):
    """Each entry's place among its training rows, from 0 to 1; or as a normal distribution has it at that place.

    (..., features) -> (..., features)

    As in sklearn.preprocessing.QuantileTransformer: straight lines between quantiles of the training rows; what is
    beyond the least or the most becomes 0 or 1. Normal numbers stay within 5.2 of 0.
    """

    quantiles: int = Field(default=100, ge=2, le=MAX_BINS, description="how many of them are kept of each entry")
    distribution: Literal["uniform", "normal"] = Field(default="uniform", description="of the numbers that come out")

    examples = {
        "n 4 -> n 4": dict(),
        "n 3 -> n 3": dict(distribution="normal", quantiles=20),
        "n t 2 -> n t 2": dict(quantiles=7),
    }
    missing = "passes"

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        return x.with_last(x.features)

    def accumulator(self) -> Accumulator:
        return Kept(-1, self._learn)

    def _learn(self, found: Kept) -> Learnt:
        percents = [100 * place / (self.quantiles - 1) for place in range(self.quantiles)]
        return {"knots": [[quantile(values, percent) for percent in percents] for values in found.entries]}

    def apply(self, rows: Rows, state: State) -> Rows:
        xp = namespace(rows)
        x, knots = rows.astype("float32"), xp.asarray(state["knots"], dtype="float32")
        last, flat = self.quantiles - 1, knots.reshape(-1)
        first = xp.arange(len(knots)) * self.quantiles
        at, after = (x[..., None] >= knots).sum(axis=-1), (x[..., None] > knots).sum(axis=-1)
        places = []
        with xp.errstate(all="ignore"):
            for count in (at, after):
                knot = (count - 1).clip(0, last - 1)
                low, high = flat[first + knot], flat[first + knot + 1]
                places.append((knot.astype("float32") + (x - low) / (high - low)) / xp.float32(last))
        found = (places[0] + places[1]) / xp.float32(2)
        found = xp.where(after == 0, xp.float32(0), xp.where(at > last, xp.float32(1), found))
        found = xp.where(xp.isnan(x), x, found)
        return found if self.distribution == "uniform" else _normal(found)

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        edges, last = g.constant(state["knots"], name="knots"), self.quantiles - 1
        at, after = count_edges(g, "GreaterOrEqual", x, edges), count_edges(g, "Greater", x, edges)
        between = g.op("Add", self._between(g, x, at, state), self._between(g, x, after, state))
        found = g.op("Div", between, g.constant(2.0, name="two"))
        beyond = g.op("Greater", at, g.constant(last, "int64", "last"))
        found = g.op("Where", beyond, g.constant(1.0, name="all"), found)
        below = g.op("Equal", after, g.constant(0, "int64", "zero"))
        found = g.op("Where", below, g.constant(0.0, name="none"), found)
        found = g.op("Where", g.op("IsNaN", x), x, found)
        return found if self.distribution == "uniform" else _normal_onnx(g, found)

    def _between(self, g: OnnxBuilder, x: Value, count: Value, state: State) -> Value:
        """The place on the straight line from the last of so many knots to the next."""
        flat = g.constant([knot for knots in state["knots"] for knot in knots], name="all_knots")
        first = g.constant([place * self.quantiles for place in range(len(state["knots"]))], "int64", "first")
        zero, one = g.constant(0, "int64", "zero"), g.constant(1, "int64", "one")
        knot = g.op("Clip", g.op("Sub", count, one), zero, g.constant(self.quantiles - 2, "int64", "most"))
        place = g.op("Add", first, knot)
        low, high = g.op("Gather", flat, place), g.op("Gather", flat, g.op("Add", place, one))
        share = g.op("Div", g.op("Sub", x, low), g.op("Sub", high, low))
        return g.op("Div", g.op("Add", g.op("Cast", knot, to=1), share), g.constant(self.quantiles - 1.0, name="lines"))


def _normal(places: Rows) -> Rows:
    """The number below which a normal distribution has such a share."""
    xp = namespace(places)
    inner = places.clip(xp.float32(LEAST_SHARE), xp.float32(MOST_SHARE))
    w = -xp.log(xp.float32(4) * inner * (xp.float32(1) - inner))
    middle, tail = w - xp.float32(2.5), w ** xp.float32(0.5) - xp.float32(3)
    factor = xp.where(w < xp.float32(5), _polynomial(middle, MIDDLE, xp.float32), _polynomial(tail, TAIL, xp.float32))
    found = factor * (xp.float32(2) * inner - xp.float32(1)) * xp.float32(sqrt(2))
    return found.clip(xp.float32(-MOST), xp.float32(MOST))


def _polynomial(x: Any, factors: Sequence[float], narrow: Callable[[float], Any]) -> Any:
    """Horner's rule."""
    found = narrow(factors[0])
    for factor in factors[1:]:
        found = found * x + narrow(factor)
    return found


def _normal_onnx(g: OnnxBuilder, places: Value) -> Value:
    def number(value: float) -> Value:
        return g.constant(value, name=f"{value:g}")

    def polynomial(x: Value, factors: Sequence[float]) -> Value:
        found = number(factors[0])
        for factor in factors[1:]:
            found = g.op("Add", g.op("Mul", found, x), number(factor))
        return found

    inner = g.op("Clip", places, number(LEAST_SHARE), number(MOST_SHARE))
    product = g.op("Mul", g.op("Mul", number(4.0), inner), g.op("Sub", number(1.0), inner))
    w = g.op("Neg", g.op("Log", product))
    middle = polynomial(g.op("Sub", w, number(2.5)), MIDDLE)
    tail = polynomial(g.op("Sub", g.op("Sqrt", w), number(3.0)), TAIL)
    factor = g.op("Where", g.op("Less", w, number(5.0)), middle, tail)
    sign = g.op("Sub", g.op("Mul", number(2.0), inner), number(1.0))
    found = g.op("Mul", g.op("Mul", factor, sign), number(sqrt(2)))
    return g.op("Where", g.op("IsNaN", places), places, g.op("Clip", found, number(-MOST), number(MOST)))
