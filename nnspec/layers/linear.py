"""Linear maps, and the map that changes nothing."""

from pydantic import Field, PositiveInt

from nnspec.layers.layer import Layer, OnnxBuilder, Shape, Value
from nnspec.pycode import Code, nn
from nnspec.shapes import Dim, Tensor


class Linear(Layer):
    """Affine map of the last axis: y = x @ weight.T + bias.

    (..., in_features) -> (..., out_features)
    """

    out_features: PositiveInt = Field(description="size of the last axis of the output")
    bias: bool = Field(default=True, description="add a learnt offset")

    examples = {"n 20 -> n 10": dict(out_features=10), "n t 8 -> n t 4": dict(out_features=4, bias=False)}

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        assert x.features
        return x.with_last(self.out_features)

    def module(self, x: Tensor) -> Code:
        return nn.Linear(x.features, self.out_features, **self.changed("out_features"))

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        bias = {"bias": (self.out_features,)} if self.bias else {}
        return {"weight": (self.out_features, x.features), **bias}

    def macs(self, x: Tensor) -> Dim:
        return x.positions * x.features * self.out_features

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        if x.tensor.rank == 2:
            return g.op("Gemm", x, g.parameter("weight"), g.parameter("bias") if self.bias else None, transB=1)
        y = g.op("MatMul", x, g.transposed("weight"))
        return g.op("Add", y, g.parameter("bias")) if self.bias else y


class Identity(Layer):
    """Its input, unchanged.

    (...) -> (...)
    """

    examples = {"n 3 -> n 3": {}, "int64 n t -> int64 n t": {}}

    def infer(self, x: Tensor) -> Tensor:
        return x

    def forward(self, x: Code) -> Code:
        return x

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return x
