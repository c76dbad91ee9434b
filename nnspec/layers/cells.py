"""One step of a recurrent network: a vector and a state in, the next state out."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, PositiveInt

from nnspec.layers.layer import Layer, OnnxBuilder, Shape, Value
from nnspec.layers.recurrent import GRU, LSTM, RNN, needs_both, needs_state, onnx_weights
from nnspec.pycode import Code, nn
from nnspec.shapes import Dim, Tensor


class _Cell(Layer):
    """What cells share: all but the gates."""

    onnx_gates: ClassVar[tuple[int, ...]]

    hidden_size: PositiveInt = Field(description="size of the state")
    bias: bool = Field(default=True, description="add learnt offsets")

    def _next(self, x: Tensor, **states: Tensor | None) -> Tensor:
        x.needs_float()
        x.needs_rank(2)
        assert x.features
        wanted = x.with_last(self.hidden_size)
        for title, state in states.items():
            if state is not None:
                needs_state(state, wanted, title)
        return wanted

    def parameters(self, x: Tensor, *states: Tensor | None) -> dict[str, Shape]:
        rows = len(self.onnx_gates) * self.hidden_size
        shapes: dict[str, Shape] = {"weight_ih": (rows, x.features), "weight_hh": (rows, self.hidden_size)}
        return {**shapes, **({"bias_ih": (rows,), "bias_hh": (rows,)} if self.bias else {})}

    def macs(self, x: Tensor, *states: Tensor | None) -> Dim:
        return len(self.onnx_gates) * self.hidden_size * (x.features + self.hidden_size)

    def _lower(
        self, g: OnnxBuilder, x: Value, first: Sequence[Value | None], op_type: str, **attributes: Any
    ) -> list[Value]:
        """The states after a sequence of one step."""
        weights = onnx_weights(g, self.onnx_gates, [""], x.tensor.dtype, bias=self.bias)
        axis = g.constant([0], "int64", name="axes")
        sequence, *begin = (value and g.op("Unsqueeze", value, axis) for value in (x, *first))
        given = [sequence, *weights, None, *begin]
        count = 3 if op_type == "LSTM" else 2
        _, *states = g.ops(op_type, *given, outputs=count, hidden_size=self.hidden_size, **attributes)
        return [g.op("Squeeze", state, axis) for state in states]


class RNNCell(_Cell):
    """One step of RNN.

    (n, input_size), h_0 (n, hidden_size) -> (n, hidden_size); without h_0 from zeros

    tanh(W_ih @ x + b_ih + W_hh @ h_0 + b_hh); Elman, Finding structure in time, 1990.
    """

    nonlinearity: Literal["tanh", "relu"] = Field(default="tanh", description="function of each element of the state")

    onnx_gates = RNN.onnx_gates
    examples = {
        "n 3 -> n 4": dict(hidden_size=4),
        "n 3, n 4 -> n 4": dict(hidden_size=4, nonlinearity="relu", bias=False),
    }

    def infer(self, x: Tensor, h_0: Tensor | None = None) -> Tensor:
        return self._next(x, h_0=h_0)

    def module(self, x: Tensor, *states: Tensor | None) -> Code:
        return nn.RNNCell(x.features, self.hidden_size, **self.changed("hidden_size"))

    def to_onnx(self, g: OnnxBuilder, x: Value, h_0: Value | None = None) -> Value:
        return self._lower(g, x, [h_0], "RNN", activations=[self.nonlinearity.capitalize()])[0]


class GRUCell(_Cell):
    """One step of GRU.

    (n, input_size), h_0 (n, hidden_size) -> (n, hidden_size); without h_0 from zeros

    (1 - z) * n + z * h_0, as GRU says; Cho et al., Learning phrase representations using RNN encoder-decoder, 2014.
    """

    onnx_gates = GRU.onnx_gates
    examples = {"n 3 -> n 4": dict(hidden_size=4), "n 3, n 4 -> n 4": dict(hidden_size=4, bias=False)}

    def infer(self, x: Tensor, h_0: Tensor | None = None) -> Tensor:
        return self._next(x, h_0=h_0)

    def module(self, x: Tensor, *states: Tensor | None) -> Code:
        return nn.GRUCell(x.features, self.hidden_size, **self.changed("hidden_size"))

    def to_onnx(self, g: OnnxBuilder, x: Value, h_0: Value | None = None) -> Value:
        return self._lower(g, x, [h_0], "GRU", linear_before_reset=1)[0]


class LSTMCell(_Cell):
    """One step of LSTM.

    (n, input_size), h_0 and c_0 (n, hidden_size) -> h_1 and c_1 (n, hidden_size); without states from zeros

    c_1 = f * c_0 + i * g, h_1 = o * tanh(c_1), as LSTM says; Hochreiter and Schmidhuber, Long short-term memory, 1997.
    """

    onnx_gates = LSTM.onnx_gates
    returns = "h_1, c_1"
    examples = {
        "n 3 -> n 4, n 4": dict(hidden_size=4),
        "n 3, n 4, n 4 -> n 4, n 4": dict(hidden_size=4, bias=False),
    }

    def infer(self, x: Tensor, h_0: Tensor | None = None, c_0: Tensor | None = None) -> tuple[Tensor, ...]:
        needs_both(h_0, c_0)
        state = self._next(x, h_0=h_0, c_0=c_0)
        return state, state

    def module(self, x: Tensor, *states: Tensor | None) -> Code:
        return nn.LSTMCell(x.features, self.hidden_size, **self.changed("hidden_size"))

    def call(self, takes: Sequence[Tensor | None], module: Code, *values: Code | None) -> Code:
        return module(values[0], values[1:]) if len(values) > 1 else module(*values)

    def to_onnx(
        self, g: OnnxBuilder, x: Value, h_0: Value | None = None, c_0: Value | None = None
    ) -> tuple[Value, ...]:
        return tuple(self._lower(g, x, [h_0, c_0], "LSTM"))
