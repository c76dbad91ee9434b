"""The arithmetic of expressions: numbers of 64 bits, and sizes that are known only when the model runs.

Nothing grows: a power is bounded before it is computed, text and lists are never joined, a size keeps to a short
formula.
"""

import ast
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from nnspec.shapes import Size
from nnspec.source.limits import MAX_INT, MIN_INT
from nnspec.source.scalars import shorten
from nnspec.spec.formula import ExpressionError, fault

MAX_TERMS = 64  # of the sum that two symbolic sizes multiply to
MAX_SIZE_TEXT = 500  # characters of a symbolic size

Value = None | bool | int | float | str | Size | Sequence["Value"]

OPERATIONS: dict[type[ast.operator], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.FloorDiv: ("//", operator.floordiv),
    ast.Mod: ("%", operator.mod),
    ast.Pow: ("**", operator.pow),
}


def described(value: Value) -> str:
    """A value in the words of a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {shorten(repr(value))}"
    return f"a list of {len(value)}" if isinstance(value, Sequence) else shorten(str(value))


def calculate(part: ast.BinOp, left: Value, right: Value, source: str) -> Value:
    """One operation of two numbers, or of symbolic sizes."""
    if isinstance(left, Size) or isinstance(right, Size):
        return _of_sizes(part, left, right, source)
    sign, work = OPERATIONS[type(part.op)]
    left, right = as_number(left, f"'{sign}'", part.left), as_number(right, f"'{sign}'", part.right)
    if sign == "**" and _is_huge_power(left, right):
        raise unfit(part, source)
    try:
        return bounded(work(left, right), part, source)
    except ZeroDivisionError:
        raise fault(part, f"division by zero: {described(left)} {sign} {described(right)}") from None
    except OverflowError:
        raise unfit(part, source, "is larger than any float (1.8e308)") from None


def _is_huge_power(base: float, exponent: float) -> bool:
    """Whether a power of whole numbers passes 64 bits, told before it fills the memory."""
    if not isinstance(base, int) or not isinstance(exponent, int):
        return False
    return abs(base) > 1 and (abs(base).bit_length() - 1) * exponent >= 64


def _of_sizes(part: ast.BinOp, left: Value, right: Value, source: str) -> Value:
    """Arithmetic that stays symbolic."""
    sign, work = OPERATIONS[type(part.op)]
    first, second = as_size(left, f"'{sign}'", part.left), as_size(right, f"'{sign}'", part.right)
    if sign in ("/", "**"):
        size = first if isinstance(first, Size) else second
        help = "a whole number of them is written //" if sign == "/" else "write the product out"
        raise fault(part, f"'{sign}' takes numbers, got {got(size)}", help)
    if sign in ("//", "%") and second == 0:
        raise fault(part, f"division by zero: {described(first)} {sign} 0")
    if sign == "*" and _terms(first) * _terms(second) > MAX_TERMS:
        raise _long_size(part)
    return short_size(_remainder(part, first, second) if sign == "%" else work(first, second), part, source)


def _remainder(part: ast.BinOp, left: int | Size, right: int | Size) -> int | Size:
    """A formula has no remainder of its own: it is what whole division leaves."""
    quotient = left // right
    if _terms(quotient) * _terms(right) > MAX_TERMS:
        raise _long_size(part)
    return left - quotient * right


def as_size(value: Value, taker: str, part: ast.expr) -> int | Size:
    """The value, where it can be added to a symbolic size."""
    if isinstance(value, Size):
        return value
    number = as_number(value, taker, part)
    if isinstance(number, float):
        raise fault(part, f"a size that is known only when the model runs takes whole numbers, got {number}")
    return int(number)


def _terms(size: int | Size) -> int:
    return len(size.terms) + 1 if isinstance(size, Size) else 1


def short_size(size: int | Size, part: ast.expr, source: str) -> int | Size:
    """The size, where it is no longer than anyone would write."""
    for number in [size] if isinstance(size, int) else [size.constant, *(factor for _, factor in size.terms)]:
        bounded(number, part, source)
    if len(str(size)) > MAX_SIZE_TEXT:
        raise _long_size(part)
    return size


def _long_size(part: ast.expr) -> ExpressionError:
    return fault(part, f"the size would be a formula of more than {MAX_SIZE_TEXT} characters")


def as_number(value: Value, taker: str, part: ast.expr) -> int | float:
    """The value, where it is a number; booleans count, as in `8 * use_bias`."""
    if not isinstance(value, int | float):
        help = (
            'texts are joined outside an expression, as in "$a-$b"' if isinstance(value, str) and taker == "'+'" else ""
        )
        raise fault(part, f"{taker} takes numbers, got {got(value)}", help)
    return value


def got(value: Value) -> str:
    """A value in the words of a message that wanted another."""
    later = ", known only when the model runs" if isinstance(value, Size) else ""
    return described(value) + later


def bounded(value: Any, part: ast.expr, source: str) -> int | float:
    """A number of 64 bits, or what is wrong with it."""
    if isinstance(value, int):
        if MIN_INT <= value <= MAX_INT:
            return value
        raise unfit(part, source)
    if isinstance(value, complex):
        raise unfit(part, source, "is no real number")
    if math.isnan(value):
        raise unfit(part, source, "is not a number")
    if math.isinf(value):
        raise unfit(part, source, "is larger than any float (1.8e308)")
    number: float = value
    return number


def unfit(part: ast.expr, source: str, why: str = "does not fit 64 bits") -> ExpressionError:
    """A part whose value is no number that a spec can hold."""
    return fault(part, f"{shorten(source[part.col_offset : part.end_col_offset])} {why}")
