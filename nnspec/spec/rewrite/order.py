"""The order of keys where it means nothing: sections as the language lists them, a layer's type before what stands
beside it."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from nnspec.spec.document import Document
from nnspec.spec.entries import BESIDE
from nnspec.spec.rewrite.pieces import ALLOW, Item, Piece
from nnspec.spec.vocabulary import COMBINATORS

SECTIONS = {field.alias or name: number for number, (name, field) in enumerate(Document.model_fields.items())}


def put_in_order(root: Piece) -> None:
    """Sort the sections of a document, and the keys of each entry of a list of layers."""
    if root.kind != "mapping":
        return
    for item in root.items:
        if _key(item) == "layers":
            _entries(item.value)
        elif _key(item) == "blocks":
            for block in item.value.items:
                _block(block.value)
    _sections(root)


def _block(block: Piece) -> None:
    if block.kind == "list":
        _entries(block)
    for item in block.items:
        if _key(item) == "layers":
            _entries(item.value)


def _entries(piece: Piece) -> None:
    """Each entry of a list of layers, and of the lists in it."""
    if piece.kind != "list":
        return
    for item in piece.items:
        _entry(item.value)


def _entry(entry: Piece) -> None:
    for item in entry.items:
        if _key(item) in COMBINATORS:
            _lists(item.value)
    if entry.kind == "mapping":
        _sort(entry, lambda item: BESIDE.index(_key(item)) if _key(item) in BESIDE else -1)


def _lists(piece: Piece) -> None:
    """Every list in the arguments of a combinator is one of layers, or of such lists."""
    for item in piece.items:
        if item.value.kind in ("list", "mapping"):
            (_entry if piece.kind == "list" and item.value.kind == "mapping" else _lists)(item.value)


def _sections(root: Piece) -> None:
    """The file's own comments stay on top. A key of no name stays behind its neighbour."""
    if not root.items:
        return
    ranks: dict[int, int] = {}
    rank = -1
    for item in root.items:
        rank = SECTIONS.get(_key(item), rank)
        ranks[id(item)] = rank
    written, first = list(root.items), root.items[0]
    _sort(root, lambda item: ranks[id(item)])
    if written != root.items:
        _keep_head(first, root.items[0])
        _set_apart(root)


def _keep_head(old: Item, new: Item) -> None:
    """Hand the file's own comments from the key that was on top to the one that is."""
    starts = [number for number, comment in enumerate(old.above) if number and comment.blank]
    split = starts[-1] if starts else len(old.above)
    if any(ALLOW in comment.text for comment in old.above[split:]):  # above the first key it speaks of the whole file
        split = len(old.above)
    head, old.above = old.above[:split], old.above[split:]
    apart = old.blank or bool(old.above)
    if not old.above:
        old.blank = False
    if new.above:
        new.above[0] = replace(new.above[0], blank=apart)
    else:
        new.blank = apart
    new.above = [*head, *new.above]


def _set_apart(root: Piece) -> None:
    """Sections that moved: a blank line below each that takes several lines."""
    for upper, lower in pairwise(root.items):
        lower.blank |= bool(upper.value.items) and not upper.value.flow and not lower.above


def _sort(piece: Piece, rank: Callable[[Item], int]) -> None:
    piece.items.sort(key=rank)


def _key(item: Item) -> str:
    return item.key.value if item.key and item.key.kind == "scalar" else ""
