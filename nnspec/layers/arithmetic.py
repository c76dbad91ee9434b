"""Arithmetic of several tensors, element by element, or of one and a number.

An axis of 1 is stretched: its one element goes with every element of the others' axis.
"""

from collections.abc import Callable
from functools import reduce
from operator import add, mul, sub, truediv
from typing import Any, ClassVar

from pydantic import Field

from nnspec.layers.alike import (
    Number,
    broadcast_shape,
    needs_fitting_number,
    needs_numbers,
    needs_one_dtype,
)
from nnspec.layers.along import Sees, stretched_places
from nnspec.layers.layer import Layer, OnnxBuilder, Value, arity
from nnspec.pycode import Code, torch
from nnspec.shapes import ShapeError, Tensor


class _Arithmetic(Layer):
    """What arithmetic shares: inputs of one element type whose shapes are stretched to one, or one and a number."""

    other: Number | None = Field(default=None, description="a number in place of a second input")

    operation: ClassVar[Callable[[Any, Any], Any]]
    operator: ClassVar[str]

    def sees(self, x: Tensor, *others: Tensor) -> Sees:
        return stretched_places(x, *others)

    def input_count(self) -> tuple[int, int | None]:
        return (2, arity(type(self))[1]) if self.other is None else (1, 1)

    def _inferred(self, x: Tensor, *others: Tensor) -> Tensor:
        needs_one_dtype(x, *others)
        needs_numbers(x)
        needs_fitting_number(x, self.other, "other")
        return x.with_shape(*broadcast_shape(x, *others))

    def _code(self, *xs: Code) -> Code:
        terms: list[Any] = [*xs, *([] if self.other is None else [self.other])]
        result: Code = reduce(type(self).operation, terms)
        return result

    def _node(self, g: OnnxBuilder, x: Value, *others: Value) -> Value:
        number = () if self.other is None else (g.constant(self.other, x.tensor.dtype, name="other"),)
        return reduce(lambda total, y: g.op(self.operator, total, y), (*others, *number), x)


class _Commutative(_Arithmetic):
    """What Add and Mul share: as many inputs as one likes."""

    def infer(self, x: Tensor, *others: Tensor) -> Tensor:
        return self._inferred(x, *others)

    def forward(self, *xs: Code) -> Code:
        return self._code(*xs)

    def to_onnx(self, g: OnnxBuilder, *xs: Value) -> Value:
        return self._node(g, *xs)


class Add(_Commutative):
    """The sum of its inputs, element by element, or of its input and a number.

    (...), (...), ... -> (...)

    x + y + ...; an axis of 1 is stretched to the others' size.
    """

    examples = {
        "n 3, n 3 -> n 3": {},
        "n t 4, n 1 4 -> n t 4": {},
        "n t 4, n t 4, n t 4 -> n t 4": {},
        "int64 n t -> int64 n t": dict(other=1),
    }
    operation = add
    operator = "Add"


class Mul(_Commutative):
    """The product of its inputs, element by element, or of its input and a number.

    (...), (...), ... -> (...)

    x * y * ...; an axis of 1 is stretched to the others' size.
    """

    examples = {
        "n 3, n 3 -> n 3": {},
        "n 3 h w, n 3 1 1 -> n 3 h w": {},
        "n t 4, n t 4, n t 4 -> n t 4": {},
        "n t -> n t": dict(other=0.5),
    }
    operation = mul
    operator = "Mul"


class _Ordered(_Arithmetic):
    """What Sub and Div share: one input and another, or a number."""

    def infer(self, input: Tensor, other: Tensor | None = None) -> Tensor:
        return self._inferred(input, *([other] if other else []))

    def forward(self, input: Code, other: Code | None = None) -> Code:
        return self._code(input, *([other] if other else []))

    def to_onnx(self, g: OnnxBuilder, input: Value, other: Value | None = None) -> Value:
        return self._node(g, input, *([other] if other else []))


class Sub(_Ordered):
    """One input less another, element by element, or less a number.

    (...), (...) -> (...)

    input - other; an axis of 1 is stretched to the other's size.
    """

    examples = {
        "n 3, n 3 -> n 3": {},
        "n 1 t, n u 1 -> n u t": {},
        "n t -> n t": dict(other=0.5),
        "int64 n t, int64 n t -> int64 n t": {},
    }
    operation = sub
    operator = "Sub"


class Div(_Ordered):
    """One input divided by another, element by element, or by a number.

    (...), (...) -> (...)

    input / other, real numbers both; an axis of 1 is stretched to the other's size.
    """

    examples = {"n 3 -> n 3": dict(other=8), "n t, n t -> n t": {}, "n t 3, n t 1 -> n t 3": {}}
    operation = truediv
    operator = "Div"

    def infer(self, input: Tensor, other: Tensor | None = None) -> Tensor:
        input.needs_float()
        if self.other == 0:
            raise ShapeError("other is 0, and the input is divided by it", field="other")
        return super().infer(input, other)


class Pow(Layer):
    """Each element raised to a power: a number, or the second input's element.

    (...), (...) -> (...)

    input ^ exponent; an axis of 1 is stretched to the other's size.
    """

    exponent: Number | None = Field(default=None, description="a number in place of a second input")

    examples = {
        "n 3 -> n 3": dict(exponent=2),
        "n t, n t -> n t": {},
        "n t 2, n 1 2 -> n t 2": {},
        "n t 2 -> n t 2": dict(exponent=0.5),
    }

    def input_count(self) -> tuple[int, int | None]:
        return (2, 2) if self.exponent is None else (1, 1)

    def infer(self, input: Tensor, exponent: Tensor | None = None) -> Tensor:
        input.needs_float()
        others = [exponent] if exponent else []
        needs_one_dtype(input, *others)
        return input.with_shape(*broadcast_shape(input, *others))

    def forward(self, input: Code, exponent: Code | None = None) -> Code:
        return torch.pow(input, self.exponent if exponent is None else exponent)

    def to_onnx(self, g: OnnxBuilder, input: Value, exponent: Value | None = None) -> Value:
        return g.op("Pow", input, exponent or g.constant(self.exponent, input.tensor.dtype, name="exponent"))


class _Extreme(Layer):
    """What Maximum and Minimum share."""

    function: ClassVar[Code]
    operator: ClassVar[str]

    def sees(self, x: Tensor, *others: Tensor) -> Sees:
        return stretched_places(x, *others)

    def infer(self, x: Tensor, y: Tensor, *others: Tensor) -> Tensor:
        needs_one_dtype(x, y, *others)
        needs_numbers(x)
        return x.with_shape(*broadcast_shape(x, y, *others))

    def forward(self, *xs: Code) -> Code:
        return reduce(self.function, xs)

    def to_onnx(self, g: OnnxBuilder, *xs: Value) -> Value:
        return g.op(self.operator, *xs)


class Maximum(_Extreme):
    """The largest of its inputs, element by element; `Max` is that of an axis.

    (...), (...), ... -> (...)

    max(x, y, ...); an axis of 1 is stretched to the others' size.
    """

    examples = {
        "n 3, n 3 -> n 3": {},
        "n t 1, n 1 2, n 1 1 -> n t 2": {},
        "int64 n t, int64 n t -> int64 n t": {},
    }
    function = torch.maximum
    operator = "Max"


class Minimum(_Extreme):
    """The smallest of its inputs, element by element; `Min` is that of an axis.

    (...), (...), ... -> (...)

    min(x, y, ...); an axis of 1 is stretched to the others' size.
    """

    examples = {"n 3, n 3 -> n 3": {}, "n t, n t, n t -> n t": {}, "n t 2, n 1 2 -> n t 2": {}}
    function = torch.minimum
    operator = "Min"
