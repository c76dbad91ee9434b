"""Linear maps, maps that are linear in each of two inputs, and the map that changes nothing."""

from pydantic import Field, PositiveInt

from nnspec.layers.alike import listed, needs_one_dtype
from nnspec.layers.along import Sees, same_places
from nnspec.layers.layer import Layer, OnnxBuilder, Shape, Value
from nnspec.layers.parametrized import PARAMETRIZATION, Parametrization, kept, learnt, parametrized, weight_of
from nnspec.pycode import Code, nn, torch
from nnspec.shapes import Dim, ShapeError, Tensor, product


class Linear(Layer):
    """Affine map of the last axis: y = x @ weight.T + bias.

    (..., in_features) -> (..., out_features)
    """

    out_features: PositiveInt = Field(description="size of the last axis of the output")
    bias: bool = Field(default=True, description="add a learnt offset")
    parametrization: Parametrization = PARAMETRIZATION

    examples = {
        "n 20 -> n 10": dict(out_features=10),
        "n t 8 -> n t 4": dict(out_features=4, bias=False),
        "n 8 -> n 4": dict(out_features=4, parametrization="weight_norm"),
        "n t 6 -> n t 4": dict(out_features=4, parametrization="spectral_norm"),
    }

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        assert x.features
        return x.with_last(self.out_features)

    def module(self, x: Tensor) -> Code:
        made = nn.Linear(x.features, self.out_features, **self.changed("out_features", "parametrization"))
        return parametrized(made, self.parametrization)

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        bias = {"bias": (self.out_features,)} if self.bias else {}
        return learnt({"weight": (self.out_features, x.features), **bias}, self.parametrization)

    def buffers(self, x: Tensor) -> dict[str, Shape]:
        return kept((self.out_features, x.features), self.parametrization)

    def macs(self, x: Tensor) -> Dim:
        return x.positions * x.features * self.out_features

    def sees(self, x: Tensor) -> Sees:
        return same_places(x, without=[x.rank - 1])

    def in_words(self, x: Tensor) -> str:
        sums = "1 weighted sum" if self.out_features == 1 else f"{self.out_features} weighted sums"
        offset = f", plus {'an offset' if self.out_features == 1 else 'an offset each'}" if self.bias else ""
        where = "" if x.rank == 2 else f" at each of the {x.positions} positions"
        return f"{sums} of all {x.features} numbers{where}{offset}: every input number has a weight of its own in each."

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        if x.tensor.rank == 2:
            weight = weight_of(g, self.parametrization)
            return g.op("Gemm", x, weight, g.parameter("bias") if self.bias else None, transB=1)
        y = g.op("MatMul", x, weight_of(g, self.parametrization, transposed=True))
        return g.op("Add", y, g.parameter("bias")) if self.bias else y


class Bilinear(Layer):
    """A form in two inputs: each output is a weighted sum of the products of their features.

    (..., in1_features), (..., in2_features) -> (..., out_features)

    y_o = sum_ij input1_i * weight_oij * input2_j + bias_o; Tenenbaum and Freeman, Separating style and content with
    bilinear models, 2000.
    """

    out_features: PositiveInt = Field(description="size of the last axis of the output")
    bias: bool = Field(default=True, description="add a learnt offset")

    examples = {"n 3, n 4 -> n 2": dict(out_features=2), "n t 2, n t 3 -> n t 4": dict(out_features=4, bias=False)}

    def infer(self, input1: Tensor, input2: Tensor) -> Tensor:
        needs_one_dtype(input1, input2)
        input1.needs_float()
        assert input1.features and input2.features
        if input1.shape[:-1] != input2.shape[:-1]:
            raise ShapeError(f"needs inputs that differ in their last axis only, got {listed(input1, input2)}")
        return input1.with_last(self.out_features)

    def module(self, input1: Tensor, input2: Tensor) -> Code:
        return nn.Bilinear(input1.features, input2.features, self.out_features, **self.changed("out_features"))

    def parameters(self, input1: Tensor, input2: Tensor) -> dict[str, Shape]:
        bias = {"bias": (self.out_features,)} if self.bias else {}
        return {"weight": (self.out_features, input1.features, input2.features), **bias}

    def macs(self, input1: Tensor, input2: Tensor) -> Dim:
        return input1.positions * self.out_features * (input1.features + 1) * input2.features

    def to_onnx(self, g: OnnxBuilder, input1: Value, input2: Value) -> Value:
        y = g.op("Einsum", input1, g.parameter("weight"), input2, equation="...i,oij,...j->...o")
        return g.op("Add", y, g.parameter("bias")) if self.bias else y


class MatMul(Layer):
    """The matrix product over the last two axes, for each example and along the axes before.

    (..., a, k), (..., k, b) -> (..., a, b)

    sum_k input[..., a, k] * other[..., k, b]; an axis before the last two that is 1 serves every place of the other's.
    """

    examples = {
        "n 3 4, n 4 5 -> n 3 5": {},
        "n 2 t 4, n 2 4 t -> n 2 t t": {},
        "n 6 t 4, n 1 4 u -> n 6 t u": {},
    }

    def infer(self, input: Tensor, other: Tensor) -> Tensor:
        needs_one_dtype(input, other)
        input.needs_float()
        _check_matrices(input, other)
        if input.shape[-1] != other.shape[-2]:
            raise ShapeError(
                f"needs a last axis of the first input as long as the last but one of the second, got "
                f"{input.shape[-1]} and {other.shape[-2]}: {listed(input, other)}",
                help="`Transpose: {dim0: -2, dim1: -1}` swaps the axes of one",
            )
        return input.with_shape(*_stretched(input, other), input.shape[-2], other.shape[-1])

    def forward(self, input: Code, other: Code) -> Code:
        return torch.matmul(input, other)

    def macs(self, input: Tensor, other: Tensor) -> Dim:
        result = self.infer(input, other)
        return product(result.shape[1:]) * input.shape[-1]

    def to_onnx(self, g: OnnxBuilder, input: Value, other: Value) -> Value:
        return g.op("MatMul", input, other)


class Identity(Layer):
    """Its input, unchanged.

    (...) -> (...)
    """

    examples = {"n 3 -> n 3": {}, "int64 n t -> int64 n t": {}}

    def infer(self, x: Tensor) -> Tensor:
        return x

    def sees(self, x: Tensor) -> Sees:
        return same_places(x)

    def forward(self, x: Code) -> Code:
        return x

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return x


def _check_matrices(x: Tensor, y: Tensor) -> None:
    """Refuse what is no matrix for each example, and ranks that would set the batch against another axis."""
    if min(x.rank, y.rank) < 3:
        raise ShapeError(
            f"needs two matrices for each example, got {listed(x, y)}",
            help="`Mul` and `Sum` give the product of two vectors; `Linear` has a learnt matrix",
        )
    if x.rank != y.rank:
        raise ShapeError(
            f"needs inputs of as many axes, got {listed(x, y)}",
            help="`Unsqueeze` gives an axis of size 1 to one of them",
        )


def _stretched(x: Tensor, y: Tensor) -> list[Dim]:
    """The axes before the matrices."""
    pairs = list(zip(x.shape[:-2], y.shape[:-2], strict=True))
    if any(a != b and 1 not in (a, b) for a, b in pairs):
        raise ShapeError(
            f"needs inputs that agree in the axes before the last two, got {listed(x, y)}",
            help="of each pair the sizes are equal, or one of them is 1",
        )
    return [b if a == 1 else a for a, b in pairs]
