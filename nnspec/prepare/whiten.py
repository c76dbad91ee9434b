"""Whitening: axes that are not correlated, all of the same spread."""

from base64 import b64decode, b64encode
from math import prod
from typing import Any, Literal

from pydantic import Field, PositiveInt

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.prepare.moments import Learnt
from nnspec.prepare.step import Accumulator, Rows, State, Step, namespace
from nnspec.shapes import ShapeError, Tensor

MAX_FEATURES = 4096  # whose matrix has 64 MiB
NOTHING = 1e-10  # share of the largest variance, below which a direction has none


class Whiten(Step):
    """Numbers without correlation, each of unit variance: (x - mean) @ matrix, all numbers of an example together.

    (...) -> (...) with ZCA, (...) -> (components) with PCA

    PCA turns to the directions of most variance, the first first, as sklearn.decomposition.PCA(whiten=True) does; ZCA
    turns back to the axes that there were, so that an image still looks like one (Krizhevsky, 2009). A direction in
    which the training rows do not differ becomes 0.
    """

    method: Literal["pca", "zca"] = Field(default="pca", description="PCA's directions, or the axes as they were")
    components: PositiveInt | None = Field(
        default=None, description="how many directions of most variance are kept; all unless given"
    )
    epsilon: float = Field(
        default=0.0, ge=0, le=1e30, description="added to every variance, so that small ones are not blown up"
    )

    examples = {
        "n 4 -> n 4": dict(),
        "n 5 -> n 2": dict(components=2),
        "n 3 2 -> n 3 2": dict(method="zca", epsilon=0.1),
    }

    def infer(self, x: Tensor) -> Tensor:
        x = super().infer(x)
        sizes = [size for size in x.shape[1:] if isinstance(size, int)]
        if len(sizes) < x.rank - 1:
            raise ShapeError(f"needs an input of fixed size, got {x}: its matrix cannot depend on a length")
        features = prod(sizes)
        if features > MAX_FEATURES:
            help = "make them fewer first: Grayscale, Resize"
            raise ShapeError(f"whitens up to {MAX_FEATURES:,} numbers an example, got {features:,}", help=help)
        if self.components and self.components > features:
            message = f"{self.components} components are more than the {features} numbers of an example"
            raise ShapeError(message, field="components")
        if self.method == "zca":
            return x
        return x.with_shape(x.shape[0], self.components or features)

    def accumulator(self) -> Accumulator:
        return _Covariance(self)

    def matrix(self, xp: Any, covariance: Rows) -> Rows:
        """What centred rows are multiplied by."""
        variances, directions = xp.linalg.eigh(covariance)
        variances, directions = variances[::-1].clip(0), directions[:, ::-1]
        # The largest entry of each direction is positive, as scikit-learn has it: eigh may give either sign.
        largest = xp.abs(directions).argmax(axis=0)
        directions = directions * xp.sign(directions[largest, xp.arange(len(largest))])
        there = variances > NOTHING * variances[0]
        scales = xp.where(there, 1 / (xp.where(there, variances, 1) + self.epsilon) ** 0.5, 0)
        kept = (directions * scales)[:, : self.components or len(scales)]
        return kept if self.method == "pca" else kept @ directions[:, : kept.shape[1]].T

    def apply(self, rows: Rows, state: State) -> Rows:
        xp = namespace(rows)
        flat = rows.astype("float32").reshape(len(rows), -1)
        found = (flat - xp.asarray(_unpacked(state["mean"]))) @ xp.asarray(_unpacked(state["matrix"]))
        return found.reshape(rows.shape) if self.method == "zca" else found

    def to_onnx(self, g: OnnxBuilder, x: Value, state: State) -> Value:
        flat = x if x.tensor.rank == 2 else g.op("Flatten", x)
        centred = g.op("Sub", flat, g.constant(_unpacked(state["mean"]), name="mean"))
        found = g.op("MatMul", centred, g.constant(_unpacked(state["matrix"]), name="matrix"))
        if self.method == "pca" or x.tensor.rank == 2:
            return found
        return g.op("Reshape", found, g.constant([0, *x.tensor.shape[1:]], "int64", "shape"))


class _Covariance:
    """Means and covariances in one pass, chunks joined as Chan, Golub and LeVeque (1979) have it."""

    def __init__(self, step: Whiten) -> None:
        self.step, self.count = step, 0
        self.mean = self.products = None  # type: Any

    def update(self, rows: Rows) -> None:
        flat = rows.reshape(len(rows), -1).astype("float64")
        mean = flat.mean(axis=0)
        centred = flat - mean
        products = centred.T @ centred
        if self.count:
            total, apart = self.count + len(rows), mean - self.mean
            products += self.products + (apart[:, None] * apart) * (self.count * len(rows) / total)
            mean = self.mean + apart * (len(rows) / total)
        self.count, self.mean, self.products = self.count + len(rows), mean, products

    def state(self) -> Learnt:
        xp = namespace(self.mean)
        matrix = self.step.matrix(xp, self.products / max(self.count - 1, 1))
        return {"mean": _packed(self.mean), "matrix": _packed(matrix)}


def _packed(array: Rows) -> Learnt:
    """Numbers as text, four characters for three bytes: a matrix for images has millions."""
    narrow = array.astype("<f4")
    return {"shape": list(narrow.shape), "float32": b64encode(narrow.tobytes()).decode()}


def _unpacked(packed: State) -> "memoryview[float]":
    return memoryview(b64decode(packed["float32"], validate=True)).cast("f", packed["shape"])
