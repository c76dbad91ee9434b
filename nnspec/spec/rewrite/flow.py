"""Lists and mappings in brackets, on one line: `{a: 1, b: [2, 3]}`."""

from nnspec.spec.rewrite.pieces import Item, Piece
from nnspec.spec.rewrite.scalars import in_one_line, properties

WIDTH = 120  # columns of a line that holds something in brackets


def flat(piece: Piece, limit: int, *, flow: bool = False) -> str | None:
    """A value without its anchor and tag in one line; None where comments, its form or the limit need several.

    A scalar that is no part of something in brackets fits every limit.
    """
    if piece.kind in ("scalar", "alias"):
        return in_one_line(piece, flow=flow)
    if not piece.flow or piece.foot:
        return None
    parts, room = [], limit - 2
    for item in piece.items:
        part = _part(item, piece, room)
        if part is None or len(part) > room:
            return None
        parts.append(part)
        room -= len(part) + 2
    inner = ", ".join(parts)
    if piece.kind == "list":
        return f"[{inner}]"
    return inner if piece.bare and not piece.items[0].value.is_empty else f"{{{inner}}}"


def _part(item: Item, around: Piece, room: int) -> str | None:
    if item.above or item.beside:
        return None
    text = flat(item.value, room, flow=True)
    if text is None:
        return None
    value = " ".join(filter(None, [properties(item.value), text]))
    if item.key is None:
        return value
    key = " ".join(filter(None, [properties(item.key), in_one_line(item.key, flow=True, key=True)]))
    if not value:
        return key
    return f"{key}{' ' if item.key.kind == 'alias' else ''}: {value}"
