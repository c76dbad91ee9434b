"""Which ONNX operators a layer is lowered to: its own lowering, handed a builder that only takes notes.

So the documentation says what is written, without a list of its own and without onnx.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from nnspec.layers.layer import OPSETS, Array, Layer, NotInOnnx, Shape, Value
from nnspec.shapes import Tensor, parse_example


@dataclass(frozen=True, eq=False)
class _Noted:
    """A tensor of the graph that is not written."""

    known: Tensor | None = None
    name: str = ""

    @property
    def tensor(self) -> Tensor:
        assert self.known is not None, "a value within a layer"
        return self.known


@dataclass(frozen=True, eq=False)
class _Weights:
    """Weights without numbers: whatever is done with them gives such again."""

    shape: Shape

    @property
    def T(self) -> Array:  # noqa: N802 (numpy's name)
        return _Weights(self.shape[::-1])

    def __getitem__(self, index: Any) -> Array:
        return self

    def __add__(self, other: Any) -> Array:
        return self

    def __mul__(self, other: Any) -> Array:
        return self

    def __truediv__(self, other: Any) -> Array:
        return self

    def __pow__(self, other: float) -> Array:
        return self

    def sum(self, *, axis: tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
        return self

    def reshape(self, shape: Shape, /) -> Array:
        return _Weights(shape)


@dataclass(frozen=True)
class _Notes:
    """A builder that takes down the type of each node, in order."""

    opset: int
    shapes: dict[str, Shape]
    written: list[str] = field(default_factory=list)

    def op(self, op_type: str, *inputs: Value | None, domain: str = "", **attributes: Any) -> Value:
        return self.ops(op_type, *inputs, outputs=1, domain=domain)[0]

    def ops(
        self, op_type: str, *inputs: Value | None, outputs: int, domain: str = "", **attributes: Any
    ) -> tuple[Value, ...]:
        self.written.append(f"{domain}.{op_type}".lstrip("."))
        return tuple(_Noted() for _ in range(outputs))

    def weights(self, name: str) -> Array:
        return _Weights(self.shapes[name])

    def parameter(self, name: str) -> Value:
        return _Noted()

    def transposed(self, name: str) -> Value:
        return _Noted()

    def constant(self, values: Any, dtype: str = "float32", name: str = "constant") -> Value:
        return _Noted()

    def concat(self, arrays: Sequence[Array], axis: int) -> Array:
        return arrays[0]

    def stack(self, arrays: Sequence[Array]) -> Array:
        return arrays[0]

    def refuse(self, reason: str) -> NotInOnnx:
        return NotInOnnx(reason)


def operators(layer: Layer, inputs: Sequence[Tensor], opset: int) -> list[str]:
    """The types of the nodes that a layer is lowered to, in order; NotInOnnx where it is refused."""
    notes = _Notes(opset, {**layer.parameters(*inputs), **layer.buffers(*inputs)})
    type(layer).to_onnx(layer, notes, *(_Noted(x) for x in inputs))
    return notes.written


def operator_lines(layer_type: type[Layer]) -> Iterator[str]:
    """What all examples of a layer type are lowered to, a line for the opsets that are alike."""
    if not hasattr(layer_type, "to_onnx"):
        yield "cannot be exported"
        return
    for words, opsets in groupby(OPSETS, lambda opset: _words(layer_type, opset)):
        first, *others = opsets
        if len(others) + 1 == len(OPSETS):
            yield words
        else:
            yield f"opset {f'{first} to {others[-1]}' if others else first}: {words}"


def _words(layer_type: type[Layer], opset: int) -> str:
    found: dict[str, None] = {}
    refusals: dict[str, None] = {}
    for text, arguments in layer_type.examples.items():
        try:
            found.update(dict.fromkeys(operators(layer_type(**arguments), parse_example(text)[0], opset)))
        except NotInOnnx as refusal:
            refusals[str(refusal)] = None
    if refusals and not found:
        return f"cannot be exported: {'; '.join(refusals)}"
    return ", ".join(found) or "no node: its input as it is"
