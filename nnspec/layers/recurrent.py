"""Recurrent networks over (n, t, features)."""

from typing import Any, ClassVar, Literal

from pydantic import Field, PositiveInt

from nnspec.layers.along import Along, Sees
from nnspec.layers.fields import Probability
from nnspec.layers.layer import Array, Layer, OnnxBuilder, Shape, Value
from nnspec.pycode import Code, nn
from nnspec.shapes import Dim, Tensor


class _Recurrent(Layer):
    """What recurrent networks share: all but the cell."""

    # For each gate of ONNX's node, the place of torch's in its stacked weights.
    onnx_gates: ClassVar[tuple[int, ...]]

    hidden_size: PositiveInt = Field(description="size of the state, and of the output in each direction")
    num_layers: PositiveInt = Field(default=1, description="networks on top of each other")
    bias: bool = Field(default=True, description="add learnt offsets")
    dropout: Probability = Field(default=0.0, description="dropout on the output of each layer but the last")
    bidirectional: bool = Field(default=False, description="a second network reads the sequence backwards")

    def _arguments(self) -> dict[str, Any]:
        return {**self.changed("hidden_size"), "batch_first": True}

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _tensors(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The output at each time step, and the last state of each layer and direction."""
        x.needs_float()
        x.needs_rank(3)
        assert x.features
        state = x.with_shape(x.shape[0], self.num_layers * self._directions, self.hidden_size)
        return x.with_last(self._directions * self.hidden_size), state

    def _cells(self, x: Tensor) -> list[tuple[str, int]]:
        """Every layer and direction: the ending of its weights' names, and the size of its input."""
        sizes = [x.features] + [self._directions * self.hidden_size] * (self.num_layers - 1)
        endings = ["", "_reverse"][: self._directions]
        return [(f"_l{layer}{ending}", size) for layer, size in enumerate(sizes) for ending in endings]

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        rows = len(self.onnx_gates) * self.hidden_size
        shapes: dict[str, Shape] = {}
        for cell, size in self._cells(x):
            shapes |= {f"weight_ih{cell}": (rows, size), f"weight_hh{cell}": (rows, self.hidden_size)}
            if self.bias:
                shapes |= {f"bias_ih{cell}": (rows,), f"bias_hh{cell}": (rows,)}
        return shapes

    def macs(self, x: Tensor) -> Dim:
        rows = len(self.onnx_gates) * self.hidden_size
        return x.shape[1] * sum(rows * (size + self.hidden_size) for _, size in self._cells(x))

    def sees(self, x: Tensor) -> Sees:
        return (None if self.bidirectional else Along(1, past=True), None)

    def in_words(self, x: Tensor) -> str:
        stacked = f"{self.num_layers} of them on top of each other" if self.num_layers > 1 else ""
        both = "a second one reads backwards" if self.bidirectional else ""
        more = "".join(f"; {part}" for part in (stacked, both) if part)
        return (
            f"Reads {x.shape[1]} steps of {x.features} numbers one after another and keeps a state of "
            f"{self.hidden_size} numbers, which each step changes: the memory of what came before{more}."
        )

    def adapt(self, output: str, value: Code) -> Code:
        return value if output == "output" else value.transpose(0, 1)

    def _lower(self, g: OnnxBuilder, x: Value, op_type: str, **attributes: Any) -> tuple[Value, ...]:
        """The output and the last states, batch first."""
        sequence = g.op("Transpose", x, perm=[1, 0, 2])  # onnxruntime's CPU kernels take time first only
        direction = "bidirectional" if self.bidirectional else "forward"
        attributes |= dict(hidden_size=self.hidden_size, direction=direction)
        states = []
        for layer in range(self.num_layers):
            weights = self._onnx_weights(g, layer, x.tensor.dtype)
            count = 3 if op_type == "LSTM" else 2
            steps, *last = g.ops(op_type, sequence, *weights, outputs=count, **attributes)
            states.append(last)
            # Steps are (t, direction, n, hidden): the directions move to the features, the batch to its place.
            final = layer == self.num_layers - 1
            sequence = self._joined(g, steps, perm=[2, 0, 1, 3] if final else [0, 2, 1, 3])
        return (sequence, *(_batch_first(g, list(kind)) for kind in zip(*states, strict=True)))

    def _joined(self, g: OnnxBuilder, steps: Value, perm: list[int]) -> Value:
        features = g.constant([0, 0, self._directions * self.hidden_size], "int64", name="shape")
        return g.op("Reshape", g.op("Transpose", steps, perm=perm), features)

    def _onnx_weights(self, g: OnnxBuilder, layer: int, dtype: str) -> list[Value | None]:
        """ONNX's W, R and B of one layer: gates in its order, directions stacked, both biases in a row."""
        endings = [f"_l{layer}", f"_l{layer}_reverse"][: self._directions]

        def stacked(kind: str) -> Array:
            return g.stack([self._reordered(g.weights(f"{kind}{ending}")) for ending in endings])

        w, r = (g.constant(stacked(kind), dtype, name=f"{kind}_l{layer}") for kind in ("weight_ih", "weight_hh"))
        if not self.bias:
            return [w, r, None]
        biases = g.concat([stacked("bias_ih"), stacked("bias_hh")], axis=1)
        return [w, r, g.constant(biases, dtype, name=f"bias_l{layer}")]

    def _reordered(self, weights: Array) -> Array:
        by_gate = weights.reshape((len(self.onnx_gates), self.hidden_size, -1))
        return by_gate[list(self.onnx_gates)].reshape(weights.shape)


class RNN(_Recurrent):
    """Elman's recurrent network.

    (n, t, input_size) -> (n, t, hidden_size), h_n (n, num_layers, hidden_size); twice the size both ways

    h_t = tanh(W_ih @ x_t + b_ih + W_hh @ h_(t-1) + b_hh); Elman, Finding structure in time, 1990.
    """

    nonlinearity: Literal["tanh", "relu"] = Field(default="tanh", description="function of each element of the state")

    onnx_gates = (0,)
    returns = "output, h_n"
    examples = {
        "n t 3 -> n t 4, n 1 4": dict(hidden_size=4),
        "n 5 3 -> n 5 8, n 4 4": dict(hidden_size=4, num_layers=2, bidirectional=True, nonlinearity="relu"),
    }

    def infer(self, x: Tensor) -> tuple[Tensor, ...]:
        return self._tensors(x)

    def module(self, x: Tensor) -> Code:
        return nn.RNN(x.features, self.hidden_size, **self._arguments())

    def to_onnx(self, g: OnnxBuilder, x: Value) -> tuple[Value, ...]:
        functions = [self.nonlinearity.capitalize()] * self._directions
        return self._lower(g, x, "RNN", activations=functions)


class LSTM(_Recurrent):
    """Long short-term memory.

    (n, t, input_size) -> (n, t, hidden_size), h_n and c_n (n, num_layers, hidden_size); twice the size both ways

    c_t = f * c_(t-1) + i * g, h_t = o * tanh(c_t), the gates i, f, o and g being maps of x_t and h_(t-1); Hochreiter
    and Schmidhuber, Long short-term memory, 1997.
    """

    onnx_gates = (0, 3, 1, 2)
    returns = "output, (h_n, c_n)"
    examples = {
        "n t 3 -> n t 4, n 1 4, n 1 4": dict(hidden_size=4),
        "n 5 3 -> n 5 8, n 4 4, n 4 4": dict(hidden_size=4, num_layers=2, bidirectional=True, dropout=0.1),
        "n t 2 -> n t 3, n 2 3, n 2 3": dict(hidden_size=3, num_layers=2, bias=False),
    }

    def infer(self, x: Tensor) -> tuple[Tensor, ...]:
        output, state = self._tensors(x)
        return output, state, state

    def module(self, x: Tensor) -> Code:
        return nn.LSTM(x.features, self.hidden_size, **self._arguments())

    def to_onnx(self, g: OnnxBuilder, x: Value) -> tuple[Value, ...]:
        return self._lower(g, x, "LSTM")


class GRU(_Recurrent):
    """Gated recurrent unit.

    (n, t, input_size) -> (n, t, hidden_size), h_n (n, num_layers, hidden_size); twice the size both ways

    h_t = (1 - z) * n + z * h_(t-1), the gates r, z and n being maps of x_t and h_(t-1); Cho et al., Learning phrase
    representations using RNN encoder-decoder, 2014, with the reset gate after the product.
    """

    onnx_gates = (1, 0, 2)
    returns = "output, h_n"
    examples = {
        "n t 3 -> n t 4, n 1 4": dict(hidden_size=4),
        "n 5 3 -> n 5 8, n 4 4": dict(hidden_size=4, num_layers=2, bidirectional=True),
        "n t 2 -> n t 3, n 2 3": dict(hidden_size=3, num_layers=2, bias=False),
    }

    def infer(self, x: Tensor) -> tuple[Tensor, ...]:
        return self._tensors(x)

    def module(self, x: Tensor) -> Code:
        return nn.GRU(x.features, self.hidden_size, **self._arguments())

    def to_onnx(self, g: OnnxBuilder, x: Value) -> tuple[Value, ...]:
        return self._lower(g, x, "GRU", linear_before_reset=1)


def _batch_first(g: OnnxBuilder, states: list[Value]) -> Value:
    """Last states of all layers, (layers * directions, n, hidden), with the batch first."""
    joined = g.op("Concat", *states, axis=0) if len(states) > 1 else states[0]
    return g.op("Transpose", joined, perm=[1, 0, 2])
