"""Tensors of the network's own: learnt, kept, or given. Every example of a batch gets the same one.

The input tells how many examples there are, and nothing else.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt, field_validator

from nnspec.layers.fields import Listed
from nnspec.layers.layer import OWN, Layer, OnnxBuilder, Shape, Value
from nnspec.pycode import Code, nn, torch
from nnspec.shapes import Tensor

MAX_NUMBERS = 100_000  # that a Constant holds: more belongs into a file of weights
MAX_AXES = 8
Sizes = Annotated[tuple[PositiveInt, ...], Listed, Field(min_length=1, max_length=MAX_AXES)]


class _Own(Layer):
    """What they share: the tensor, handed to every example."""

    is_tensor = True

    @property
    @abstractmethod
    def _shape(self) -> Shape: ...

    def infer(self, x: Tensor) -> Tensor:
        return Tensor((x.shape[0], *self._shape))

    def call(self, takes: Sequence[Tensor | None], module: Code, *values: Code | None) -> Code:
        (x,) = values
        assert x
        return module.expand(x.shape[0], *[-1] * len(self._shape))

    def _expanded(self, g: OnnxBuilder, x: Value, own: Value) -> Value:
        ones = g.constant([1] * len(self._shape), "int64", name="ones")
        return g.op("Expand", own, g.op("Concat", g.op("Shape", x, start=0, end=1), ones, axis=0))


class Parameter(_Own):
    """A learnt tensor: a class token, positions, queries.

    (n, ...) -> (n, *shape)

    Its numbers start at `fill`, spread by a normal distribution of deviation `std`.
    """

    shape: Sizes = Field(description="sizes without the batch")
    fill: float = Field(default=0.0, description="where its numbers start, on average")
    std: NonNegativeFloat = Field(default=0.0, description="deviation of its numbers at the start")

    examples = {
        "n 4 -> n 1 8": dict(shape=[1, 8], std=0.02),
        "n t 4 -> n 3": dict(shape=[3], fill=1.0),
    }

    @property
    def _shape(self) -> Shape:
        return self.shape

    def module(self, x: Tensor) -> Code:
        if not self.std:
            return nn.Parameter(_filled(self.shape, self.fill))
        spread = torch.randn(*self.shape) * self.std
        return nn.Parameter(spread + self.fill if self.fill else spread)

    def parameters(self, x: Tensor) -> dict[str, Shape]:
        return {OWN: self.shape}

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return self._expanded(g, x, g.parameter(OWN))


class Buffer(_Own):
    """A tensor that is saved with the weights and never trained.

    (n, ...) -> (n, *shape)
    """

    shape: Sizes = Field(description="sizes without the batch")
    fill: float = Field(default=0.0, description="its numbers, unless weights are loaded")

    examples = {"n 4 -> n 2 3": dict(shape=[2, 3]), "n t 4 -> n 3": dict(shape=[3], fill=0.5)}

    @property
    def _shape(self) -> Shape:
        return self.shape

    def module(self, x: Tensor) -> Code:
        return nn.Buffer(_filled(self.shape, self.fill))

    def buffers(self, x: Tensor) -> dict[str, Shape]:
        return {OWN: self.shape}

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return self._expanded(g, x, g.parameter(OWN))


class Constant(_Own):
    """Numbers that stand in the spec.

    (n, ...) -> (n, ...)
    """

    value: Any = Field(
        description="a number, or lists of numbers in one another",
        json_schema_extra={
            "type": ["number", "boolean", "array"],
            "words": "a number, or lists of numbers in one another",
        },
    )
    dtype: Literal["float32", "int64", "bool"] = Field(default="float32", description="element type")

    examples = {
        "n 4 -> n 2 3": dict(value=[[1, 2, 3], [4, 5, 6.5]]),
        "n t 4 -> int64 n 2": dict(value=[0, 7], dtype="int64"),
        "n 4 -> n": dict(value=0.5),
    }

    @field_validator("value")
    @classmethod
    def _numbers(cls, value: Any) -> Any:
        _sizes(value)
        return value

    @property
    def _shape(self) -> Shape:
        return _sizes(self.value)

    def infer(self, x: Tensor) -> Tensor:
        return Tensor((x.shape[0], *self._shape), self.dtype)

    def module(self, x: Tensor) -> Code:
        kind = {} if self.dtype != "float32" else {"dtype": torch.float32}
        return nn.Buffer(torch.tensor(_as(self.dtype, self.value), **kind), persistent=False)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return self._expanded(g, x, g.constant(self.value, self.dtype, name="value"))


def _filled(shape: Shape, fill: float) -> Code:
    if fill in (0, 1):
        return torch.ones(*shape) if fill else torch.zeros(*shape)
    return torch.full(shape, float(fill))


def _as(dtype: str, value: Any) -> Any:
    """The numbers as Python has them for an element type."""
    if isinstance(value, list):
        return [_as(dtype, item) for item in value]
    return {"float32": float, "int64": int, "bool": bool}[dtype](value)


def _sizes(value: Any) -> Shape:
    """The sizes of lists in one another, all of one length on each level; ValueError where they are not."""
    rows: list[Any] = [value]
    sizes: list[int] = []
    while any(isinstance(row, list) for row in rows):
        lengths = {len(row) if isinstance(row, list) else -1 for row in rows}
        if len(lengths) > 1 or lengths == {0}:
            raise ValueError("value has lists of different lengths, or an empty one: on each level they must be alike")
        sizes += lengths
        rows = [item for row in rows for item in row]
        if len(rows) > MAX_NUMBERS or len(sizes) > MAX_AXES:
            raise ValueError(f"value holds more than {MAX_NUMBERS:,} numbers, or more than {MAX_AXES} levels of lists")
    for row in rows:
        if not isinstance(row, int | float):
            raise ValueError(f"value holds {'null' if row is None else repr(row)}, which is no number")
    return tuple(sizes)
