"""Comparisons, logic, and the choice between two tensors. An axis of 1 is stretched to the others' size."""

from typing import ClassVar

from pydantic import Field

from nnspec.layers.alike import (
    Number,
    broadcast_shape,
    needs_fitting_number,
    needs_numbers,
    needs_one_dtype,
)
from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code, torch
from nnspec.shapes import ShapeError, Tensor


class _Comparison(Layer):
    """What comparisons share: two inputs, stretched to one shape, or one and a number; truth values out."""

    other: Number | None = Field(default=None, description="a number in place of a second input")

    function: ClassVar[Code]
    operators: ClassVar[tuple[str, ...]]  # one after the other

    def input_count(self) -> tuple[int, int | None]:
        return (2, 2) if self.other is None else (1, 1)

    def infer(self, input: Tensor, other: Tensor | None = None) -> Tensor:
        inputs = [input, *([other] if other else [])]
        needs_one_dtype(*inputs)
        needs_numbers(input)
        needs_fitting_number(input, self.other, "other")
        return Tensor(broadcast_shape(*inputs), "bool")

    def forward(self, input: Code, other: Code | None = None) -> Code:
        return self.function(input, self.other if other is None else other)

    def to_onnx(self, g: OnnxBuilder, input: Value, other: Value | None = None) -> Value:
        y = g.op(self.operators[0], input, other or g.constant(self.other, input.tensor.dtype, name="other"))
        return g.op(self.operators[1], y) if len(self.operators) > 1 else y


class Eq(_Comparison):
    """Whether elements are equal.

    (...), (...) -> bool (...)

    input = other; an axis of 1 is stretched to the other's size.
    """

    examples = {"n 3, n 3 -> bool n 3": {}, "int64 n t -> bool n t": dict(other=2)}
    function = torch.eq
    operators = ("Equal",)


class Ne(_Comparison):
    """Whether elements differ.

    (...), (...) -> bool (...)

    input ≠ other; an axis of 1 is stretched to the other's size.
    """

    examples = {"n 3, n 3 -> bool n 3": {}, "int64 n t -> bool n t": dict(other=0)}
    function = torch.ne
    operators = ("Equal", "Not")


class Gt(_Comparison):
    """Whether elements are greater.

    (...), (...) -> bool (...)

    input > other; an axis of 1 is stretched to the other's size.
    """

    examples = {"n 3, n 3 -> bool n 3": {}, "n t -> bool n t": dict(other=0.25)}
    function = torch.gt
    operators = ("Greater",)


class Ge(_Comparison):
    """Whether elements are greater or equal.

    (...), (...) -> bool (...)

    input ≥ other; an axis of 1 is stretched to the other's size.
    """

    examples = {"n 3, n 3 -> bool n 3": {}, "n t 1, n 1 t -> bool n t t": {}, "n t -> bool n t": dict(other=0.25)}
    function = torch.ge
    operators = ("GreaterOrEqual",)


class Lt(_Comparison):
    """Whether elements are less.

    (...), (...) -> bool (...)

    input < other; an axis of 1 is stretched to the other's size.
    """

    examples = {"n 3, n 3 -> bool n 3": {}, "n t -> bool n t": dict(other=0.25)}
    function = torch.lt
    operators = ("Less",)


class Le(_Comparison):
    """Whether elements are less or equal.

    (...), (...) -> bool (...)

    input ≤ other; an axis of 1 is stretched to the other's size.
    """

    examples = {"n 3, n 3 -> bool n 3": {}, "n t -> bool n t": dict(other=0.25)}
    function = torch.le
    operators = ("LessOrEqual",)


class _Logic(Layer):
    """What functions of truth values share."""

    function: ClassVar[Code]
    operator: ClassVar[str]

    def infer(self, input: Tensor, other: Tensor) -> Tensor:
        _needs_truth(input, other)
        return input.with_shape(*broadcast_shape(input, other))

    def forward(self, input: Code, other: Code) -> Code:
        return self.function(input, other)

    def to_onnx(self, g: OnnxBuilder, input: Value, other: Value) -> Value:
        return g.op(self.operator, input, other)


class LogicalAnd(_Logic):
    """True where both inputs are.

    bool (...), bool (...) -> bool (...)

    input and other; an axis of 1 is stretched to the other's size.
    """

    examples = {"bool n 3, bool n 3 -> bool n 3": {}, "bool n 1 t, bool n u 1 -> bool n u t": {}}
    function = torch.logical_and
    operator = "And"


class LogicalOr(_Logic):
    """True where one of the inputs is, or both.

    bool (...), bool (...) -> bool (...)

    input or other; an axis of 1 is stretched to the other's size.
    """

    examples = {"bool n 3, bool n 3 -> bool n 3": {}, "bool n t, bool n t -> bool n t": {}}
    function = torch.logical_or
    operator = "Or"


class LogicalNot(Layer):
    """True where its input is not.

    bool (...) -> bool (...)

    not input
    """

    examples = {"bool n 3 -> bool n 3": {}, "bool n t -> bool n t": {}}

    def infer(self, x: Tensor) -> Tensor:
        _needs_truth(x)
        return x

    def forward(self, x: Code) -> Code:
        return torch.logical_not(x)

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        return g.op("Not", x)


class Where(Layer):
    """The second input where the first is true, elsewhere the third or a number.

    bool (...), (...), (...) -> (...)

    input where condition, else other; an axis of 1 is stretched to the others' size.
    """

    other: Number | None = Field(default=None, description="a number in place of a third input")

    examples = {
        "bool n 3, n 3, n 3 -> n 3": {},
        "bool n t 1, n t 2, n 1 2 -> n t 2": {},
        "bool n t, n t -> n t": dict(other=-1e9),
        "bool n t 4, int64 n t 4 -> int64 n t 4": dict(other=0),
    }

    def input_count(self) -> tuple[int, int | None]:
        return (3, 3) if self.other is None else (2, 2)

    def infer(self, condition: Tensor, input: Tensor, other: Tensor | None = None) -> Tensor:
        _needs_truth(condition)
        others = [other] if other else []
        needs_one_dtype(input, *others)
        needs_fitting_number(input, self.other, "other")
        return input.with_shape(*broadcast_shape(condition, input, *others))

    def forward(self, condition: Code, input: Code, other: Code | None = None) -> Code:
        return torch.where(condition, input, self.other if other is None else other)

    def to_onnx(self, g: OnnxBuilder, condition: Value, input: Value, other: Value | None = None) -> Value:
        return g.op("Where", condition, input, other or g.constant(self.other, input.tensor.dtype, name="other"))


def _needs_truth(*inputs: Tensor) -> None:
    for x in inputs:
        if x.dtype != "bool":
            raise ShapeError(
                f"needs truth values (bool), got {x.dtype}", help="`- Gt: 0` or another comparison gives them"
            )
