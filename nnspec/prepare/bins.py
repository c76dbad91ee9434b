"""Numbers as the bin that they fall in."""

from typing import Literal

from pydantic import Field

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.prepare.moments import Kept, Learnt, quantile
from nnspec.prepare.step import Accumulator, Rows, State, Step, namespace
from nnspec.shapes import Tensor

MAX_BINS = 4096


class KBins(Step):
    """Numbers as the bin that they fall in, each entry of the last axis with edges of its own.

    (..., features) -> (..., features), or (..., features * bins) with `encode: onehot`

    As in sklearn.preprocessing.KBinsDiscretizer: bins of equal width, or such that the training rows fall into all of
    them alike; what is beyond the outer edges falls into the outer bins. Equal edges leave a bin between them empty.
    """

    bins: int = Field(default=5, ge=2, le=MAX_BINS, description="how many bins there are")
    strategy: Literal["quantile", "uniform"] = Field(
        default="quantile", description="whether the bins hold equally many rows, or are equally wide"
    )
    encode: Literal["onehot", "ordinal"] = Field(
        default="onehot", description="a 1 at the bin's place and 0 elsewhere, or the bin's number"
    )

    examples = {
        "n 4 -> n 20": dict(),
        "n 2 -> n 2": dict(bins=3, strategy="uniform", encode="ordinal"),
        "n t 3 -> n t 12": dict(bins=4),
    }

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        return x.with_last(x.features * self.bins) if self.encode == "onehot" else x.with_last(x.features)

    def accumulator(self) -> Accumulator:
        return Kept(-1, self._learn)

    def _learn(self, found: Kept) -> Learnt:
        percents = [100 * place / self.bins for place in range(1, self.bins)]
        if self.strategy == "quantile":
            return {"edges": [[quantile(values, percent) for percent in percents] for values in found.entries]}
        ends = [(float(values[0]), float(values[-1])) for values in found.entries]
        return {"edges": [[low + (high - low) * percent / 100 for percent in percents] for low, high in ends]}

    def apply(self, rows: Rows, state: State) -> Rows:
        xp = namespace(rows)
        beyond = rows.astype("float32")[..., None] >= xp.asarray(state["edges"], dtype="float32")
        places = beyond.sum(axis=-1)
        if self.encode == "ordinal":
            return places.astype("float32")
        found = places[..., None] == xp.arange(self.bins)
        return found.astype("float32").reshape(*rows.shape[:-1], -1)

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        places = count_edges(g, "GreaterOrEqual", x, g.constant(state["edges"], name="edges"))
        if self.encode == "ordinal":
            return g.op("Cast", places, to=1)
        apart = g.op("Unsqueeze", places, g.constant([-1], "int64", "last"))
        found = g.op("Equal", apart, g.constant(list(range(self.bins)), "int64", "places"))
        shape = [0] * (x.tensor.rank - 1) + [x.tensor.features * self.bins]
        return g.op("Cast", g.op("Reshape", found, g.constant(shape, "int64", "shape")), to=1)


def count_edges(g: OnnxBuilder, op: str, x: Value, edges: Value) -> Value:
    """How many edges of its entry a number is at, or beyond."""
    beyond = g.op(op, g.op("Unsqueeze", x, g.constant([-1], "int64", "last")), edges)
    return g.op("ReduceSum", g.op("Cast", beyond, to=7), g.constant([-1], "int64", "last"), keepdims=0)
