"""Arithmetic on whole numbers in ONNX, written with Python's operators: the same text works on arrays."""

from dataclasses import dataclass
from typing import Any

from nnspec.layers.layer import OnnxBuilder, Value


@dataclass(frozen=True, slots=True)
class Whole:
    """A tensor of int64, and the builder that writes what is done with it."""

    g: OnnxBuilder
    value: Value

    def __add__(self, other: "Whole | int") -> "Whole":
        return self._with("Add", other)

    def __sub__(self, other: "Whole | int") -> "Whole":
        return self._with("Sub", other)

    def __mul__(self, other: int) -> "Whole":
        return self._with("Mul", other)

    def __mod__(self, other: int) -> "Whole":
        return self._with("Mod", other)

    def __floordiv__(self, other: int) -> "Whole":
        return (self - self % other)._with("Div", other)  # Div alone rounds towards zero

    def _with(self, op: str, other: "Whole | int") -> "Whole":
        right: Any = other.value if isinstance(other, Whole) else self.g.constant(other, "int64", str(other))
        return Whole(self.g, self.g.op(op, self.value, right))
