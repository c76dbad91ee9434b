"""JSON in the one canonical form: two spaces; what stood on one line and fits stays on one line."""

import json

from nnspec.source import Node
from nnspec.spec.rewrite.flow import WIDTH
from nnspec.spec.rewrite.pieces import Item, Piece

STEP = 2  # columns of indentation
BRACKETS = {"mapping": ("{", "}"), "list": ("[", "]")}


def json_piece(node: Node) -> Piece:
    """A value as it was written."""
    span = node.span
    if isinstance(node.value, dict):
        items = [Item(json_piece(value), Piece("scalar", key)) for key, value in node.value.items()]
        return Piece("mapping", flow=span.line == span.end_line, items=items)
    if isinstance(node.value, list):
        items = [Item(json_piece(value)) for value in node.value]
        return Piece("list", flow=span.line == span.end_line, items=items)
    return Piece("scalar", written=(span.text.lines[span.line - 1][span.column - 1 : span.end_column - 1],))


def write_json(root: Piece) -> str:
    """The text of a value, and a line feed."""
    lines: list[str] = []
    _write(root, "", 0, "", lines)
    return "\n".join(lines) + "\n"


def _write(piece: Piece, lead: str, indent: int, behind: str, lines: list[str]) -> None:
    """The value behind its key; `behind` is the comma after it."""
    text = _flat(piece, WIDTH - len(lead) - len(behind))
    if text is not None:
        lines.append(f"{lead}{text}{behind}")
        return
    opener, closer = BRACKETS[piece.kind]
    lines.append(lead + opener)
    inner = indent + STEP
    for number, item in enumerate(piece.items, start=1):
        _write(item.value, " " * inner + _key(item), inner, "," if number < len(piece.items) else "", lines)
    lines.append(" " * indent + closer + behind)


def _flat(piece: Piece, limit: int) -> str | None:
    """The value on one line; None where it was not, or does not fit."""
    if piece.kind == "scalar":
        return piece.written[0]
    if not piece.flow and piece.items:
        return None
    parts, room = [], limit - 2
    for item in piece.items:
        value = _flat(item.value, room)
        part = None if value is None else _key(item) + value
        if part is None or len(part) > room:
            return None
        parts.append(part)
        room -= len(part) + 2
    opener, closer = BRACKETS[piece.kind]
    return f"{opener}{', '.join(parts)}{closer}"


def _key(item: Item) -> str:
    if item.key is None:
        return ""
    word = item.key.value
    whole = word.isascii() or word.encode("utf-8", "ignore").decode() == word  # half a surrogate pair stays an escape
    return f"{json.dumps(word, ensure_ascii=not whole)}: "
