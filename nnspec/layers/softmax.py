"""Activations along an axis: elements that share one distribution, or gate one another."""

from pydantic import Field

from nnspec.layers.along import Sees, same_places
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code, F
from nnspec.shapes import ShapeError, Tensor


class _AlongAxis(Layer):
    """What the softmaxes share."""

    dim: int = Field(default=-1, description="axis whose elements share one distribution, the batch being axis 0")

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.axis(self.dim)
        return x

    def sees(self, x: Tensor) -> Sees:
        return same_places(x, without=[x.axis(self.dim)])


class Softmax(_AlongAxis):
    """Positive numbers that add up to 1 along an axis.

    (...) -> (...)

    exp(x_i) / sum_j exp(x_j)
    """

    examples = {"n 3 -> n 3": {}, "n 4 h w -> n 4 h w": dict(dim=1)}

    def forward(self, x: Code) -> Code:
        return F.softmax(x, dim=self.dim)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Softmax", x, axis=self.dim)


class LogSoftmax(_AlongAxis):
    """The logarithm of the softmax along an axis.

    (...) -> (...)

    x_i - log sum_j exp(x_j)
    """

    examples = {"n 3 -> n 3": {}, "n 4 t -> n 4 t": dict(dim=1)}

    def forward(self, x: Code) -> Code:
        return F.log_softmax(x, dim=self.dim)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("LogSoftmax", x, axis=self.dim)


class Softmin(_AlongAxis):
    """The softmax of the negative: the smallest element gets the most.

    (...) -> (...)

    exp(-x_i) / sum_j exp(-x_j)
    """

    examples = {"n 3 -> n 3": {}, "n 4 t -> n 4 t": dict(dim=1)}

    def forward(self, x: Code) -> Code:
        return F.softmin(x, dim=self.dim)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Softmax", g.op("Neg", x), axis=self.dim)


class Softmax2d(Layer):
    """The softmax over the channels at each place of an image.

    (n, c, h, w) -> (n, c, h, w)

    exp(x_c) / sum_k exp(x_k)
    """

    examples = {"n 3 4 5 -> n 3 4 5": {}, "n 2 h w -> n 2 h w": {}}

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        x.needs_rank(4)
        return x

    def forward(self, x: Code) -> Code:
        return F.softmax(x, dim=1)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Softmax", x, axis=1)


class GLU(Layer):
    """One half of an axis, gated by the logistic function of the other half.

    (..., 2 * c, ...) -> (..., c, ...)

    a * sigmoid(b), a being the first half and b the second; Dauphin et al., Language modeling with gated convolutional
    networks, 2016.
    """

    dim: int = Field(default=-1, description="axis to halve, the batch being axis 0")

    examples = {"n 6 -> n 3": {}, "n 4 t -> n 2 t": dict(dim=1)}

    def infer(self, x: Tensor) -> Tensor:
        x.needs_float()
        axis = x.axis(self.dim)
        half = x.shape[axis] // 2
        if half * 2 != x.shape[axis]:
            raise ShapeError(
                f"needs an axis that can be halved, got {x.shape[axis]} along dim {self.dim}",
                field="dim",
                help="the layer before gives twice what is wanted: the second half gates the first",
            )
        return x.with_axis(axis, half)

    def forward(self, x: Code) -> Code:
        return F.glu(x, **self.changed())

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        value, gate = g.ops("Split", x, outputs=2, axis=self.dim, num_outputs=2)
        return g.op("Mul", value, g.op("Sigmoid", gate))
