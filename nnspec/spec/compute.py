"""What an expression of a spec comes to, part by part."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any

from nnspec.diagnostics import did_you_mean
from nnspec.shapes import Size
from nnspec.source.scalars import shorten
from nnspec.spec.arithmetic import Value, as_number, as_size, bounded, calculate, described, got, short_size
from nnspec.spec.formula import CONSTANTS, FUNCTIONS, ExpressionError, Formula, fault

MAX_ITEMS = 10_000  # of a list, with the lists in it
MAX_KNOWN = 8  # names that a message lists

ORDERS: dict[type[ast.cmpop], tuple[str, Callable[[Any, Any], bool]]] = {
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
}
OF_ONE_NUMBER: dict[str, Callable[[Any], Any]] = {
    "abs": abs,
    "round": round,
    "ceil": math.ceil,
    "floor": math.floor,
    "int": int,
    "sqrt": math.sqrt,
    "log2": math.log2,
}
DOMAINS = {"sqrt": "a number of at least 0", "log2": "a number above 0"}


def compute(formula: Formula, names: Mapping[str, Value]) -> Value:
    """The expression's value. Every name is looked up, in the branches not taken too: a slip must not lurk there."""
    for name in formula.names:
        if name.id not in names:
            raise unknown_name(name.id, names, name.col_offset)
    return _compute(formula.tree, Scope(formula.source, names))


def unknown_name(name: str, names: Mapping[str, Value], start: int) -> ExpressionError:
    """No parameter has this name."""
    known = ", ".join(sorted(names)[:MAX_KNOWN]) + (", …" if len(names) > MAX_KNOWN else "")
    if name in FUNCTIONS:
        help = f"{name} is a function, as in {name}(...)"
    else:
        help = did_you_mean(name, names) or (f"known here: {known}" if names else "no name is known here")
    message = f"no parameter is named '{shorten(name)}'"
    return ExpressionError(message, start, start + len(name), help, code="unknown-parameter")


@dataclass(frozen=True, slots=True)
class Scope:
    """What the parts of one expression are computed with."""

    source: str
    names: Mapping[str, Value]


def _compute(part: ast.expr, scope: Scope) -> Value:
    return PARTS[type(part)](part, scope)


def _constant(part: ast.Constant, scope: Scope) -> Value:
    if not isinstance(part.value, str):
        return bounded(part.value, part, scope.source)
    assert part.end_col_offset is not None
    return scope.source[part.col_offset + 1 : part.end_col_offset - 1]


def _name(part: ast.Name, scope: Scope) -> Value:
    value = CONSTANTS[part.id] if part.id in CONSTANTS else scope.names[part.id]
    # Inside an expression [3, 8] equals the shape (3, 8).
    return list(value) if isinstance(value, tuple) else value


def _list(part: ast.List, scope: Scope) -> Value:
    return [_compute(item, scope) for item in part.elts]


def _item(part: ast.Subscript, scope: Scope) -> Value:
    items = _compute(part.value, scope)
    if not isinstance(items, list):
        raise fault(part.value, f"only a list has items, got {got(items)}")
    if isinstance(part.slice, ast.Slice):
        ends = (_place(end, scope) if end else None for end in (part.slice.lower, part.slice.upper))
        return items[slice(*ends)]
    index = _place(part.slice, scope)
    if not -len(items) <= index < len(items):
        help = f"the first is [0], the last [{len(items) - 1}] or [-1]" if items else ""
        raise fault(part, f"no item [{index}] in {described(items)}", help)
    item: Value = items[index]
    return item


def _place(part: ast.expr, scope: Scope) -> int:
    place = _compute(part, scope)
    if not isinstance(place, int):
        raise fault(part, f"an item's place is a whole number, got {got(place)}")
    return place


def _binary(part: ast.BinOp, scope: Scope) -> Value:
    return calculate(part, _compute(part.left, scope), _compute(part.right, scope), scope.source)


def _choice(part: ast.IfExp, scope: Scope) -> Value:
    holds = _truth(_compute(part.test, scope), part.test)
    return _compute(part.body if holds else part.orelse, scope)


def _and_or(part: ast.BoolOp, scope: Scope) -> Value:
    stops_at = isinstance(part.op, ast.Or)
    value: Value = None
    for item in part.values:
        value = _compute(item, scope)
        if item is not part.values[-1] and _truth(value, item) == stops_at:
            break
    return value


def _truth(value: Value, part: ast.expr) -> bool:
    if isinstance(value, Size):
        raise fault(part, f"a condition is true or false, got {got(value)}")
    return bool(value)


def _unary(part: ast.UnaryOp, scope: Scope) -> Value:
    value = _compute(part.operand, scope)
    if isinstance(part.op, ast.Not):
        return not _truth(value, part.operand)
    sign = "+" if isinstance(part.op, ast.UAdd) else "-"
    factor = 1 if sign == "+" else -1
    if isinstance(value, Size):
        return short_size(value * factor, part, scope.source)
    return bounded(as_number(value, f"'{sign}'", part.operand) * factor, part, scope.source)


def _compare(part: ast.Compare, scope: Scope) -> Value:
    left = _compute(part.left, scope)
    for (before, after), operation in zip(pairwise([part.left, *part.comparators]), part.ops, strict=True):
        right = _compute(after, scope)
        if not _holds(operation, left, right, (before, after)):
            return False
        left = right
    return True


def _holds(operation: ast.cmpop, left: Value, right: Value, parts: tuple[ast.expr, ast.expr]) -> bool:
    if isinstance(operation, ast.Eq | ast.NotEq):
        return (left == right) == isinstance(operation, ast.Eq)
    if isinstance(operation, ast.In | ast.NotIn):
        if not isinstance(right, list):
            raise fault(parts[1], f"'in' looks into a list, got {got(right)}")
        return (left in right) == isinstance(operation, ast.In)
    sign, work = ORDERS[type(operation)]
    return work(as_number(left, f"'{sign}'", parts[0]), as_number(right, f"'{sign}'", parts[1]))


def _call(part: ast.Call, scope: Scope) -> Value:
    assert isinstance(part.func, ast.Name)
    name, values = part.func.id, [_compute(value, scope) for value in part.args]
    if name == "range":
        return _range(part, [_whole(value, item) for value, item in zip(values, part.args, strict=True)])
    if name in OF_ONE_NUMBER:
        return _of_one_number(name, as_number(values[0], name, part.args[0]), part, scope)
    items = values[0]
    if name in ("min", "max"):
        return _least_or_most(name, values, part)
    if not isinstance(items, list):
        raise fault(part.args[0], f"{name} takes a list, got {got(items)}")
    return len(items) if name == "len" else _sum(items, part, scope)


def _of_one_number(name: str, number: float, part: ast.Call, scope: Scope) -> Value:
    try:
        return bounded(OF_ONE_NUMBER[name](number), part, scope.source)
    except (ValueError, OverflowError):
        raise fault(part, f"{name} takes {DOMAINS.get(name, 'a finite number')}, got {number}") from None


def _least_or_most(name: str, given: list[Value], part: ast.Call) -> Value:
    values = given
    if len(given) == 1:
        (only,) = given
        if not isinstance(only, list) or not only:
            raise fault(part, f"{name} takes several numbers, or a list that holds some, got {got(only)}")
        values = only
    numbers: list[int | float] = _numbers(values, name, part)
    return min(numbers) if name == "min" else max(numbers)


def _sum(items: list[Value], part: ast.Call, scope: Scope) -> Value:
    if Size in set(map(type, items)):
        total: int | Size = 0
        for item in items:
            total = short_size(total + as_size(item, "sum", part), part, scope.source)
        return total
    # Not `sum`: from Python 3.12 it rounds in another way.
    return bounded(reduce(operator.add, _numbers(items, "sum", part), 0), part, scope.source)


def _numbers(items: list[Value], taker: str, part: ast.Call) -> list[Any]:
    """The items, each of them a number. Ten thousand are looked at often enough to be quick."""
    if not set(map(type, items)) <= {int, float, bool}:
        for item in items:
            as_number(item, taker, part)
    return items


def _range(part: ast.Call, bounds: list[int]) -> Value:
    if len(bounds) == 3 and not bounds[2]:
        raise fault(part, "range takes a step other than 0")
    numbers = list(range(*bounds)[: MAX_ITEMS + 1])
    if len(numbers) > MAX_ITEMS:
        raise fault(part, f"range gives at most {MAX_ITEMS:,} numbers")
    return numbers


def _whole(value: Value, part: ast.expr) -> int:
    if not isinstance(value, int):
        raise fault(part, f"range takes whole numbers, got {got(value)}")
    return value


PARTS: dict[type[ast.expr], Callable[[Any, Scope], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.List: _list,
    ast.Subscript: _item,
    ast.Call: _call,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _and_or,
    ast.Compare: _compare,
    ast.IfExp: _choice,
}
