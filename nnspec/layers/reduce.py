"""Axes made one number."""

from typing import ClassVar

from pydantic import Field

from nnspec.layers.alike import needs_signed
from nnspec.layers.along import Along, Sees
from nnspec.layers.fields import Axes
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code, torch
from nnspec.shapes import ShapeError, Tensor, product


class Reduction(Layer):
    """What reductions share: axes that go, or stay with size 1; one call, one node."""

    dim: Axes = Field(description="axis or axes to reduce, the batch being axis 0")
    keepdim: bool = Field(default=False, description="leave an axis of size 1 in the place of each")

    function: ClassVar[Code]
    operator: ClassVar[str]

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        return self._reduced(x)

    def _axes(self, x: Tensor) -> list[int]:
        axes = [x.axis(dim) for dim in self.dims]
        if len(set(axes)) < len(axes):
            raise ShapeError(f"dim {list(self.dims)} names an axis twice", field="dim")
        return axes

    @property
    def dims(self) -> tuple[int, ...]:
        """The axes as the spec has them."""
        return (self.dim,) if isinstance(self.dim, int) else self.dim

    def _reduced(self, x: Tensor) -> Tensor:
        axes = self._axes(x)
        kept = (1 if axis in axes else size for axis, size in enumerate(x.shape) if self.keepdim or axis not in axes)
        return x.with_shape(*kept)

    def sees(self, x: Tensor) -> Sees:
        gone = self._axes(x)
        return tuple(
            None if axis in gone else Along(axis) for axis in range(1, x.rank) if self.keepdim or axis not in gone
        )

    def forward(self, x: Code) -> Code:
        return self.function(x, dim=self.dim, **self.changed("dim"))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return self._node(g, self.operator, x)

    def _node(self, g: OnnxBuilder, operator: str, x: Value, *, keepdim: bool | None = None) -> Value:
        kept = self.keepdim if keepdim is None else keepdim
        return g.op(operator, x, g.constant(self.dims, "int64", name="axes"), keepdims=int(kept))


class _OfNumbers(Reduction):
    """Of integers too."""

    def infer(self, x: Tensor) -> Tensor:
        needs_signed(x)
        return self._reduced(x)


class _Total(_OfNumbers):
    """Of int32 too, with a result of int64, as in PyTorch."""

    def infer(self, x: Tensor) -> Tensor:
        return _widened(super().infer(x))

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return super().to_onnx(g, _wide(g, x))


class Mean(Reduction):
    """The mean over an axis, or over several.

    (n, ..., d, ...) -> (n, ..., ...)

    sum_i x_i / count
    """

    examples = {
        "n t 4 -> n 4": dict(dim=1),
        "n 8 h w -> n 8": dict(dim=[2, 3]),
        "n 6 5 -> n 6 1": dict(dim=-1, keepdim=True),
    }
    function = torch.mean
    operator = "ReduceMean"


class Sum(_Total):
    """The sum over an axis, or over several.

    (n, ..., d, ...) -> (n, ..., ...)

    sum_i x_i
    """

    examples = {
        "n t 4 -> n 4": dict(dim=1),
        "int32 n 6 -> int64 n": dict(dim=1),
        "n 3 h w -> n 3 1 1": dict(dim=[2, 3], keepdim=True),
    }
    function = torch.sum
    operator = "ReduceSum"


class Prod(_Total):
    """The product over an axis.

    (n, ..., d, ...) -> (n, ..., ...)

    prod_i x_i
    """

    dim: int = Field(description="axis to reduce, the batch being axis 0")  # torch.prod takes one

    examples = {"n t 4 -> n 4": dict(dim=1), "n 6 5 -> n 6 1": dict(dim=-1, keepdim=True)}
    function = torch.prod
    operator = "ReduceProd"


class Max(_OfNumbers):
    """The largest element along an axis, or along several; `Maximum` is that of several inputs.

    (n, ..., d, ...) -> (n, ..., ...)

    max_i x_i; equal ones share the gradient
    """

    examples = {
        "n t 4 -> n 4": dict(dim=1),
        "n 8 h w -> n 8": dict(dim=[2, 3]),
        "int64 n 6 5 -> int64 n 6 1": dict(dim=-1, keepdim=True),
    }
    function = torch.amax
    operator = "ReduceMax"


class Min(_OfNumbers):
    """The smallest element along an axis, or along several; `Minimum` is that of several inputs.

    (n, ..., d, ...) -> (n, ..., ...)

    min_i x_i; equal ones share the gradient
    """

    examples = {
        "n t 4 -> n 4": dict(dim=1),
        "n 8 h w -> n 8": dict(dim=[2, 3]),
        "n 6 5 -> n 6 1": dict(dim=-1, keepdim=True),
    }
    function = torch.amin
    operator = "ReduceMin"


class LogSumExp(Reduction):
    """A smooth maximum along an axis, or along several.

    (n, ..., d, ...) -> (n, ..., ...)

    log sum_i exp(x_i)
    """

    examples = {"n t 4 -> n 4": dict(dim=1), "n 8 h w -> n 8 1 1": dict(dim=[2, 3], keepdim=True)}
    function = torch.logsumexp
    operator = "ReduceLogSumExp"


class _Spread(Reduction):
    """What Var and Std share."""

    correction: int = Field(default=1, description="taken from the count: 1 is Bessel's, for a sample's variance", ge=0)

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        count = product(x.shape[axis] for axis in self._axes(x))
        if isinstance(count, int) and count <= self.correction:
            raise ShapeError(
                f"correction {self.correction} leaves nothing to divide by: {count} along dim {self.dim}",
                field="correction" if "correction" in self.model_fields_set else "dim",
                help="`correction: 0` divides by the count itself",
            )
        return self._reduced(x)

    def _variance(self, g: OnnxBuilder, x: Value) -> Value:
        mean = self._node(g, "ReduceMean", x, keepdim=True)
        squares = self._node(g, "ReduceSumSquare", g.op("Sub", x, mean))
        return g.op("Div", squares, self._divisor(g, x))

    def _divisor(self, g: OnnxBuilder, x: Value) -> Value:
        dtype = x.tensor.dtype
        count = product(x.tensor.shape[axis] for axis in self._axes(x.tensor))
        if isinstance(count, int):
            return g.constant(count - self.correction, dtype, name="count")
        sizes = g.op("Gather", g.op("Shape", x), g.constant(self._axes(x.tensor), "int64", name="places"))
        counted = g.op("CastLike", g.op("ReduceProd", sizes, keepdims=0), x)
        return g.op("Sub", counted, g.constant(self.correction, dtype, name="correction"))


class Var(_Spread):
    """The variance over an axis, or over several.

    (n, ..., d, ...) -> (n, ..., ...)

    sum_i (x_i - mean)^2 / (count - correction)
    """

    examples = {
        "n t 4 -> n 4": dict(dim=1),
        "n 8 h w -> n 8 1 1": dict(dim=[2, 3], keepdim=True),
        "n 5 -> n": dict(dim=-1, correction=0),
    }
    function = torch.var
    operator = "Div"

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return self._variance(g, x)


class Std(_Spread):
    """The standard deviation over an axis, or over several.

    (n, ..., d, ...) -> (n, ..., ...)

    sqrt(sum_i (x_i - mean)^2 / (count - correction))
    """

    examples = {
        "n t 4 -> n 4": dict(dim=1),
        "n 8 h w -> n 8": dict(dim=[2, 3]),
        "n 5 -> n 1": dict(dim=-1, correction=0, keepdim=True),
    }
    function = torch.std
    operator = "Sqrt"

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Sqrt", self._variance(g, x))


class _Place(Reduction):
    """What ArgMax and ArgMin share."""

    dim: int = Field(description="axis to look along, the batch being axis 0")

    def infer(self, x: Tensor) -> Tensor:
        needs_signed(x)
        return Tensor(self._reduced(x).shape, "int64")

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op(self.operator, x, axis=self.dim, keepdims=int(self.keepdim))


class ArgMax(_Place):
    """Where the largest element along an axis stands; the first of equal ones.

    (n, ..., d, ...) -> int64 (n, ..., ...)

    argmax_i x_i, which passes no gradient
    """

    examples = {"n t 4 -> int64 n 4": dict(dim=1), "n 6 5 -> int64 n 6 1": dict(dim=-1, keepdim=True)}
    function = torch.argmax
    operator = "ArgMax"


class ArgMin(_Place):
    """Where the smallest element along an axis stands; the first of equal ones.

    (n, ..., d, ...) -> int64 (n, ..., ...)

    argmin_i x_i, which passes no gradient
    """

    examples = {"n t 4 -> int64 n 4": dict(dim=1), "n 6 5 -> int64 n 6 1": dict(dim=-1, keepdim=True)}
    function = torch.argmin
    operator = "ArgMin"


class CumSum(Layer):
    """The sum of each element and all before it along an axis.

    (n, ..., d, ...) -> (n, ..., d, ...)

    sum_{j <= i} x_j
    """

    dim: int = Field(description="axis to sum along, the batch being axis 0")

    examples = {"n t 4 -> n t 4": dict(dim=1), "int32 n 5 -> int64 n 5": dict(dim=-1)}

    def infer(self, x: Tensor) -> Tensor:
        needs_signed(x)
        x.axis(self.dim)
        return _widened(x)

    def forward(self, x: Code) -> Code:
        return torch.cumsum(x, dim=self.dim)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("CumSum", _wide(g, x), g.constant(self.dim, "int64", name="axis"))


def _widened(x: Tensor) -> Tensor:
    return x if x.is_float else Tensor(x.shape, "int64")


def _wide(g: OnnxBuilder, x: Value) -> Value:
    return g.op("CastLike", x, g.constant(0, "int64", name="int64")) if x.tensor.dtype == "int32" else x
