"""`$name` and `$(expression)` in the values of a spec.

A text that is one of them whole keeps its type: `$classes` is an integer. Within other text the value is pasted:
`stage-$index`. `$$` is a dollar sign. What was put in is not read again.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from operator import is_
from typing import Any, NamedTuple

from nnspec.diagnostics import Diagnostic, Span, SpecError
from nnspec.shapes import Size
from nnspec.source import Node
from nnspec.source.limits import Tally
from nnspec.spec.arithmetic import Value, described
from nnspec.spec.compute import MAX_ITEMS, compute, unknown_name
from nnspec.spec.formula import MAX_LENGTH, MAX_NESTING, SHORTER, ExpressionError, Formula, read_formula

__all__ = ["Value", "evaluate_text", "mentions", "names_in", "substitute"]

MAX_PASTED = 10_000  # characters of a text with its values pasted in
WINDOW = MAX_LENGTH + 2  # an expression and its parentheses

_DOLLAR = re.compile(r"\$(?:(?P<name>[A-Za-z_]\w*)|(?P<escape>\$)|(?P<open>\())?", re.ASCII)


class Piece(NamedTuple):
    """A stretch of a text: plain, a name, or an expression."""

    start: int
    end: int
    content: str | Formula
    is_name: bool = False


def evaluate_text(text: str, names: Mapping[str, Value], span: Span) -> Value:
    """The value of a text of the spec that stands at `span`."""
    if "$" not in text:
        return text
    try:
        return _evaluate(text, names)
    except ExpressionError as fault:
        place = _place(text, span, fault.start, fault.end)
        raise SpecError.of(fault.code, fault.message, place, help=fault.help) from None


def substitute(node: Node, names: Mapping[str, Value]) -> Node:
    """The node with each text evaluated; itself where nothing holds a `$`. Keys are taken as they stand.

    Each value has the place of the text it came from. A symbolic size stands in its node as the `Size` that it is.
    """
    work = _Substitution(names)
    replaced = work.replace(node)
    if work.found:
        raise SpecError(work.found)
    return replaced


def mentions(node: Node) -> bool:
    """Whether a text in the node holds a `$`."""
    return "$" in node.value if isinstance(node.value, str) else any(map(mentions, node))


def names_in(text: str) -> frozenset[str]:
    """The parameters that a text mentions, up to what cannot be read: evaluating it tells of that."""
    found: set[str] = set()
    with suppress(ExpressionError):
        for piece in _pieces(text):
            if isinstance(piece.content, Formula):
                found.update(name.id for name in piece.content.names)
            elif piece.is_name:
                found.add(piece.content)
    return frozenset(found)


@dataclass(slots=True)
class _Substitution:
    names: Mapping[str, Value]
    found: list[Diagnostic] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)  # of what is put in

    def replace(self, node: Node) -> Node:
        if isinstance(node.value, str):
            return self._text(node, node.value) if "$" in node.value else node
        if isinstance(node.value, list):
            items = [self.replace(item) for item in node.value]
            same = all(map(is_, items, node.value))
            return node if same else Node(items, node.span)
        if isinstance(node.value, dict):
            values = {key: self.replace(item) for key, item in node.value.items()}
            same = all(map(is_, values.values(), node.value.values()))
            return node if same else Node(values, node.span, node.keys)
        return node

    def _text(self, node: Node, text: str) -> Node:
        try:
            value = evaluate_text(text, self.names, node.span)
        except SpecError as error:
            self.found += error.diagnostics
            return node
        return self._node(value, node.span)

    def _node(self, value: Value, span: Span) -> Node:
        if isinstance(value, list | tuple):
            self.tally.add(1, 0, span)
            return Node([self._node(item, span) for item in value], span)
        self.tally.add(1, len(value) if isinstance(value, str) else 0, span)
        scalar: Any = value  # a document has no sizes of its own, so its nodes' type knows none
        return Node(scalar, span)


def _evaluate(text: str, names: Mapping[str, Value]) -> Value:
    pasted: list[str] = []
    length = 0
    for piece in _pieces(text):
        value = _value(piece, names)
        if piece.start == 0 and piece.end == len(text):
            return value
        pasted.append(_as_text(value, piece))
        length += len(pasted[-1])
        if length > max(MAX_PASTED, len(text)):
            message = f"the text is longer than {MAX_PASTED:,} characters with its values in"
            raise ExpressionError(message, piece.start, piece.end)
    return "".join(pasted)


def _pieces(text: str) -> Iterator[Piece]:
    """The text from left to right."""
    at = 0
    while found := _DOLLAR.search(text, at):
        start, end = found.span()
        if start > at:
            yield Piece(at, start, text[at:start])
        at = end
        if found["name"]:
            yield Piece(start, end, found["name"], is_name=True)
        elif found["escape"]:
            yield Piece(start, end, "$")
        elif found["open"]:
            formula = _formula(text, start)
            at = start + 1 + len(formula.source)
            yield Piece(start, at, formula)
        else:
            help = "write $name or $(expression); $$ is a dollar sign"
            raise ExpressionError(f"'{text[start : start + 2]}' begins no expression", start, start + 1, help)
    if at < len(text):
        yield Piece(at, len(text), text[at:])


def _formula(text: str, start: int) -> Formula:
    """The expression whose dollar sign stands at `start`."""
    opened = start + 1
    try:
        formula = read_formula(text[opened : opened + WINDOW])
    except ExpressionError as fault:
        raise _moved(fault, opened) from None
    if formula:
        return formula
    if ")" in text[opened + WINDOW :]:
        raise ExpressionError(f"an expression has at most {MAX_LENGTH} characters", start, opened + WINDOW, SHORTER)
    help = "close it with ')', and each text in it with its quote"
    raise ExpressionError("'$(' is not closed", start, start + 2, help)


def _moved(fault: ExpressionError, by: int) -> ExpressionError:
    return ExpressionError(fault.message, fault.start + by, fault.end + by, fault.help, fault.code)


def _value(piece: Piece, names: Mapping[str, Value]) -> Value:
    if isinstance(piece.content, Formula):
        try:
            value = compute(piece.content, names)
        except ExpressionError as fault:
            raise _moved(fault, piece.start + 1) from None
        return _measured(value, piece)
    if not piece.is_name:
        return piece.content
    if piece.content not in names:
        raise unknown_name(piece.content, names, piece.start + 1)
    return _measured(names[piece.content], piece)


def _measured(value: Value, piece: Piece) -> Value:
    """The value, where its lists are few and shallow: blocks that hand `[x, x]` on would double it at each turn."""
    items, depth, level = 0, 0, [value]
    while lists := [inner for inner in level if isinstance(inner, list | tuple)]:
        items, depth = items + sum(map(len, lists)), depth + 1
        if items > MAX_ITEMS or depth > MAX_NESTING:
            bound = f"{MAX_ITEMS:,} items" if items > MAX_ITEMS else f"{MAX_NESTING} lists inside one another"
            raise ExpressionError(f"the value is a list of more than {bound}", piece.start, piece.end)
        level = [item for inner in lists for item in inner]
    return value


def _as_text(value: Value, piece: Piece) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    what = described(value) + (", known only when the model runs," if isinstance(value, Size) else "")
    help = "text takes numbers, booleans and text; such a value stands alone"
    raise ExpressionError(f"{what} cannot be pasted into text", piece.start, piece.end, help)


def _place(text: str, span: Span, start: int, end: int) -> Span:
    """The span of some characters of the text; of all of it where the text is not written as it reads."""
    lines = span.text.lines
    if span.line != span.end_line or not 0 < span.line <= len(lines):
        return span
    written = lines[span.line - 1][span.column - 1 : span.end_column - 1]
    if written not in (text, f"'{text}'", f'"{text}"'):
        return span
    first = span.column + (written != text)
    return Span(span.text, span.line, first + start, span.line, first + end)
