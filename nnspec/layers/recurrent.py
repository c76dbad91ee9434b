"""Recurrent networks over (n, t, features)."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, PositiveInt

from nnspec.layers.along import Along, Sees
from nnspec.layers.fields import NonNegativeInt, Probability
from nnspec.layers.layer import Array, Layer, OnnxBuilder, Shape, Value
from nnspec.pycode import Code, nn
from nnspec.shapes import Dim, ShapeError, Tensor

MAX_LAYERS = 1000  # each has weights of its own, and names for them


class _Recurrent(Layer):
    """What recurrent networks share: all but the cell."""

    # For each gate of ONNX's node, the place of torch's in its stacked weights.
    onnx_gates: ClassVar[tuple[int, ...]]

    hidden_size: PositiveInt = Field(description="size of the state, and of the output in each direction")
    num_layers: PositiveInt = Field(default=1, le=MAX_LAYERS, description="networks on top of each other")
    bias: bool = Field(default=True, description="add learnt offsets")
    dropout: Probability = Field(default=0.0, description="dropout on the output of each layer but the last")
    bidirectional: bool = Field(default=False, description="a second network reads the sequence backwards")

    def _arguments(self) -> dict[str, Any]:
        return {**self.changed("hidden_size"), "batch_first": True}

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _output_size(self) -> int:
        """Size of the state that is handed on, in each direction."""
        return self.hidden_size

    def _tensors(self, x: Tensor, h_0: Tensor | None) -> tuple[Tensor, Tensor]:
        """The output at each time step, and the last state of each layer and direction."""
        x.needs_float()
        x.needs_rank(3)
        assert x.features
        state = self._state(x, self._output_size)
        if h_0 is not None:
            needs_state(h_0, state, "h_0")
        return x.with_last(self._directions * self._output_size), state

    def _state(self, x: Tensor, size: int) -> Tensor:
        return x.with_shape(x.shape[0], self.num_layers * self._directions, size)

    def _cells(self, x: Tensor) -> list[tuple[str, int]]:
        """Every layer and direction: the ending of its weights' names, and the size of its input."""
        sizes = [x.features] + [self._directions * self._output_size] * (self.num_layers - 1)
        endings = ["", "_reverse"][: self._directions]
        return [(f"_l{layer}{ending}", size) for layer, size in enumerate(sizes) for ending in endings]

    def parameters(self, x: Tensor, *states: Tensor | None) -> dict[str, Shape]:
        rows = len(self.onnx_gates) * self.hidden_size
        shapes: dict[str, Shape] = {}
        for cell, size in self._cells(x):
            shapes |= {f"weight_ih{cell}": (rows, size), f"weight_hh{cell}": (rows, self._output_size)}
            if self.bias:
                shapes |= {f"bias_ih{cell}": (rows,), f"bias_hh{cell}": (rows,)}
        return shapes

    def macs(self, x: Tensor, *states: Tensor | None) -> Dim:
        rows = len(self.onnx_gates) * self.hidden_size
        return x.shape[1] * sum(rows * (size + self._output_size) for _, size in self._cells(x))

    def call(self, takes: Sequence[Tensor | None], module: Code, *values: Code | None) -> Code:
        """PyTorch has layers before the batch in its states."""
        x, *states = (value for value in values if value is not None)
        first = [state.transpose(0, 1).contiguous() for state in states]
        return module(x, *[tuple(first) if len(first) > 1 else state for state in first[:1]])

    def sees(self, x: Tensor, *states: Tensor | None) -> Sees:
        return (None if self.bidirectional else Along(1, past=True), None)

    def in_words(self, x: Tensor, *states: Tensor | None) -> str:
        stacked = f"{self.num_layers} of them on top of each other" if self.num_layers > 1 else ""
        both = "a second one reads backwards" if self.bidirectional else ""
        more = "".join(f"; {part}" for part in (stacked, both) if part)
        return (
            f"Reads {x.shape[1]} steps of {x.features} numbers one after another and keeps a state of "
            f"{self.hidden_size} numbers, which each step changes: the memory of what came before{more}."
        )

    def adapt(self, output: str, value: Code) -> Code:
        return value if output == "output" else value.transpose(0, 1)

    def _lower(
        self, g: OnnxBuilder, x: Value, first: Sequence[Value | None], op_type: str, **attributes: Any
    ) -> tuple[Value, ...]:
        """The output and the last states, batch first, from states to begin with, batch first too."""
        by_layer = [self._by_layer(g, state) for state in first if state is not None]
        sequence = g.op("Transpose", x, perm=[1, 0, 2])  # onnxruntime's CPU kernels take time first only
        direction = "bidirectional" if self.bidirectional else "forward"
        attributes |= dict(hidden_size=self.hidden_size, direction=direction)
        states = []
        for layer in range(self.num_layers):
            endings = [f"_l{layer}", f"_l{layer}_reverse"][: self._directions]
            weights = onnx_weights(g, self.onnx_gates, endings, x.tensor.dtype, bias=self.bias)
            count = 3 if op_type == "LSTM" else 2
            begin = [None, *(states[layer] for states in by_layer)]
            steps, *last = g.ops(op_type, sequence, *weights, *begin, outputs=count, **attributes)
            states.append(last)
            # Steps are (t, direction, n, hidden): the directions move to the features, the batch to its place.
            final = layer == self.num_layers - 1
            sequence = self._joined(g, steps, perm=[2, 0, 1, 3] if final else [0, 2, 1, 3])
        return (sequence, *(_batch_first(g, list(kind)) for kind in zip(*states, strict=True)))

    def _by_layer(self, g: OnnxBuilder, state: Value) -> Sequence[Value]:
        """A state (n, layers * directions, hidden) as one (directions, n, hidden) for each layer."""
        whole = g.op("Transpose", state, perm=[1, 0, 2])
        if self.num_layers == 1:
            return [whole]
        sizes = g.constant([self._directions] * self.num_layers, "int64", name="directions")
        return g.ops("Split", whole, sizes, outputs=self.num_layers, axis=0)

    def _joined(self, g: OnnxBuilder, steps: Value, perm: list[int]) -> Value:
        features = g.constant([0, 0, self._directions * self.hidden_size], "int64", name="shape")
        return g.op("Reshape", g.op("Transpose", steps, perm=perm), features)


def onnx_weights(
    g: OnnxBuilder, gates: Sequence[int], endings: Sequence[str], dtype: str, *, bias: bool
) -> list[Value | None]:
    """ONNX's W, R and B of one layer or cell: gates in its order, directions stacked, both biases in a row."""

    def stacked(kind: str) -> Array:
        return g.stack([_reordered(g.weights(f"{kind}{ending}"), gates) for ending in endings])

    w, r = (g.constant(stacked(kind), dtype, name=f"{kind}{endings[0]}") for kind in ("weight_ih", "weight_hh"))
    if not bias:
        return [w, r, None]
    biases = g.concat([stacked("bias_ih"), stacked("bias_hh")], axis=1)
    return [w, r, g.constant(biases, dtype, name=f"bias{endings[0]}")]


def _reordered(weights: Array, gates: Sequence[int]) -> Array:
    by_gate = weights.reshape((len(gates), weights.shape[0] // len(gates), -1))
    return by_gate[list(gates)].reshape(weights.shape)


def needs_state(state: Tensor, wanted: Tensor, title: str) -> None:
    """Refuse a state to begin with of another shape."""
    if state != wanted:
        raise ShapeError(f"needs the shape {wanted} for {title}, got {state}")


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
        "n t 3, n 2 4 -> n t 4, n 2 4": dict(hidden_size=4, num_layers=2),
    }

    def infer(self, x: Tensor, h_0: Tensor | None = None) -> tuple[Tensor, ...]:
        return self._tensors(x, h_0)

    def module(self, x: Tensor, *states: Tensor | None) -> Code:
        return nn.RNN(x.features, self.hidden_size, **self._arguments())

    def to_onnx(self, g: OnnxBuilder, x: Value, h_0: Value | None = None) -> tuple[Value, ...]:
        functions = [self.nonlinearity.capitalize()] * self._directions
        return self._lower(g, x, [h_0], "RNN", activations=functions)


class LSTM(_Recurrent):
    """Long short-term memory.

    (n, t, input_size) -> (n, t, hidden_size), h_n and c_n (n, num_layers, hidden_size); twice the size both ways

    c_t = f * c_(t-1) + i * g, h_t = o * tanh(c_t), the gates i, f, o and g being maps of x_t and h_(t-1); Hochreiter
    and Schmidhuber, Long short-term memory, 1997. States to begin with have the shapes of the last ones. With
    proj_size, h_t is a learnt map of that; Sak et al., 2014. ONNX has none, and export refuses it.
    """

    onnx_gates = (0, 3, 1, 2)
    proj_size: NonNegativeInt = Field(default=0, description="size of a learnt map of the state; 0 for none")

    returns = "output, (h_n, c_n)"
    examples = {
        "n t 3 -> n t 4, n 1 4, n 1 4": dict(hidden_size=4),
        "n t 3, n 2 4, n 2 4 -> n t 8, n 2 4, n 2 4": dict(hidden_size=4, bidirectional=True),
        "n t 3 -> n t 4, n 4 2, n 4 5": dict(hidden_size=5, proj_size=2, num_layers=2, bidirectional=True),
        "n 5 3 -> n 5 8, n 4 4, n 4 4": dict(hidden_size=4, num_layers=2, bidirectional=True, dropout=0.1),
        "n t 2 -> n t 3, n 2 3, n 2 3": dict(hidden_size=3, num_layers=2, bias=False),
    }

    def infer(self, x: Tensor, h_0: Tensor | None = None, c_0: Tensor | None = None) -> tuple[Tensor, ...]:
        if self.proj_size >= self.hidden_size:
            message = f"proj_size {self.proj_size} is not less than the hidden_size {self.hidden_size}"
            raise ShapeError(message, field="proj_size")
        output, state = self._tensors(x, h_0)
        cell = self._state(x, self.hidden_size)
        needs_both(h_0, c_0)
        if c_0 is not None:
            needs_state(c_0, cell, "c_0")
        return output, state, cell

    @property
    def _output_size(self) -> int:
        return self.proj_size or self.hidden_size

    def module(self, x: Tensor, *states: Tensor | None) -> Code:
        return nn.LSTM(x.features, self.hidden_size, **self._arguments())

    def parameters(self, x: Tensor, *states: Tensor | None) -> dict[str, Shape]:
        shapes = super().parameters(x)
        if self.proj_size:
            shapes |= {f"weight_hr{cell}": (self.proj_size, self.hidden_size) for cell, _ in self._cells(x)}
        return shapes

    def macs(self, x: Tensor, *states: Tensor | None) -> Dim:
        projections = len(self._cells(x)) * self.proj_size * self.hidden_size
        return super().macs(x) + x.shape[1] * projections

    def to_onnx(
        self, g: OnnxBuilder, x: Value, h_0: Value | None = None, c_0: Value | None = None
    ) -> tuple[Value, ...]:
        if self.proj_size:
            raise g.refuse("ONNX's LSTM has no projection of the state (`proj_size`)")
        return self._lower(g, x, [h_0, c_0], "LSTM")


def needs_both(h_0: Tensor | None, c_0: Tensor | None) -> None:
    """Refuse one of an LSTM's states without the other."""
    if (h_0 is None) != (c_0 is None):
        raise ShapeError(
            "needs both states to begin with, h_0 and c_0, or none", help="h_n and c_n of another are both"
        )


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
        "n t 3, n 2 4 -> n t 8, n 2 4": dict(hidden_size=4, bidirectional=True),
        "n t 2 -> n t 3, n 2 3": dict(hidden_size=3, num_layers=2, bias=False),
    }

    def infer(self, x: Tensor, h_0: Tensor | None = None) -> tuple[Tensor, ...]:
        return self._tensors(x, h_0)

    def module(self, x: Tensor, *states: Tensor | None) -> Code:
        return nn.GRU(x.features, self.hidden_size, **self._arguments())

    def to_onnx(self, g: OnnxBuilder, x: Value, h_0: Value | None = None) -> tuple[Value, ...]:
        return self._lower(g, x, [h_0], "GRU", linear_before_reset=1)


def _batch_first(g: OnnxBuilder, states: list[Value]) -> Value:
    """Last states of all layers, (layers * directions, n, hidden), with the batch first."""
    joined = g.op("Concat", *states, axis=0) if len(states) > 1 else states[0]
    return g.op("Transpose", joined, perm=[1, 0, 2])
