"""YAML text -> its layout: every value as it was written, every comment with what it speaks of.

A comment at the end of a line speaks of what stands on that line; one on lines of its own of what follows it, unless it
is indented as what came before: then it stands at the foot of that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile

from nnspec.source.tokens import Place, Token, tokens
from nnspec.spec.rewrite.comments import find_comments, is_blank
from nnspec.spec.rewrite.pieces import NOTHING, Comment, Item, Layout, Piece
from nnspec.spec.rewrite.scalars import written_lines


def read_layout(text: str, name: str) -> Layout:
    """The layout of a text that `nnspec.source.parse` accepts and whose lines end with a line feed."""
    lines, found = text.split("\n"), list(tokens(text, name))
    return _Reader(lines, found).read()


@dataclass(slots=True, eq=False)
class _Open:
    """A list or mapping whose end has not come yet."""

    piece: Piece
    owner: Item  # the item that it is the value of
    column: int
    awaits_key: bool


class _Reader:
    def __init__(self, lines: Sequence[str], found: Sequence[Token]) -> None:
        self.lines, self.tokens = lines, found
        self.document = next(token for token in found if token.kind == "document")
        last_of_head = self.document.end[0] if self.document.explicit else 0
        comments = find_comments(lines, found)
        self.comments = [comment for comment in comments if comment.line >= last_of_head]
        self.next_comment = 0
        self.waiting: list[Comment] = []  # for the item that follows
        self.open: list[_Open] = []
        self.root = Item(NOTHING)
        self.touched, self.first_line, self.last_line = self.root, -1, -1  # the item that was read last

    def read(self) -> Layout:
        for token in self.tokens:
            if token.kind != "document":
                self._take_comments(token.start)
                self._take(token)
        self._take_comments((len(self.lines), 0))
        return Layout(self.root, self._head(), self.waiting, len(self.comments))

    def _head(self) -> list[str]:
        if not self.document.explicit:
            return []
        last, column = self.document.end
        above = dropwhile(lambda line: not line, (line.rstrip() for line in self.lines[:last]))
        return [*above, self.lines[last][:column]]

    def _take_comments(self, until: Place) -> None:
        while self.next_comment < len(self.comments):
            comment = self.comments[self.next_comment]
            if (comment.line, comment.column) >= until:
                return
            beside = not comment.alone and self.first_line <= comment.line <= self.last_line
            (self.touched.beside if beside else self.waiting).append(comment)
            self.next_comment += 1

    def _take(self, token: Token) -> None:
        if token.kind == "end":
            self._close(token)
        elif token.kind == "scalar":
            self._add(Piece("scalar", token.value, token.style, self._written(token), token.anchor, token.tag), token)
        elif token.kind == "alias":
            self._add(Piece("alias", token.value), token)
        else:
            self._begin(token)

    def _written(self, token: Token) -> tuple[str, ...]:
        is_plain_word = not token.style and token.start[0] == token.end[0]
        return () if is_plain_word else written_lines(self.lines, token)

    def _begin(self, token: Token) -> None:
        is_list = token.kind == "list"
        line, column = token.start
        bare = token.flow and not is_list and not (token.anchor or token.tag) and self.lines[line][column] != "{"
        piece = Piece("list" if is_list else "mapping", anchor=token.anchor, tag=token.tag, flow=token.flow, bare=bare)
        owner = self._add(piece, token)
        # The end of a list without indentation of its own lies one column behind its dash.
        self.open.append(_Open(piece, owner, token.end[1], not is_list))

    def _add(self, piece: Piece, token: Token) -> Item:
        """Put a value, or a key, into what is open; the item it belongs to."""
        top = self.open[-1] if self.open else None
        if top is None:
            item = self.root
            item.value = piece
        elif top.awaits_key:
            item = self._new_item(top, NOTHING, token, key=piece)
            top.awaits_key = False
        elif top.piece.kind == "list":
            item = self._new_item(top, piece, token)
        else:
            item = top.piece.items[-1]
            item.value = piece
            top.awaits_key = True
        if piece.kind in ("scalar", "alias") or piece.flow:
            item.above += self.waiting
            self.waiting = []
            self._touch(item, token)
        elif piece.anchor or piece.tag:
            self._touch(item, token._replace(end=token.start))
        return item

    def _touch(self, item: Item, token: Token) -> None:
        below = token.end[1] == 0 and token.end > token.start  # a block of text ends where the next line begins
        self.touched, self.first_line, self.last_line = item, token.start[0], token.end[0] - below

    def _new_item(self, top: _Open, value: Piece, token: Token, *, key: Piece | None = None) -> Item:
        line = token.start[0]
        begins_line = line > self.last_line and bool(top.piece.items or self.waiting)
        blank = begins_line and is_blank(self.lines, line - 1)
        item = Item(value, key, self.waiting, blank=blank)
        self.waiting = []
        top.piece.items.append(item)
        return item

    def _close(self, token: Token) -> None:
        done = self.open.pop()
        if not done.piece.flow:
            inner = 0
            while inner < len(self.waiting) and self.waiting[inner].column >= done.column:
                inner += 1
            done.piece.foot, self.waiting = self.waiting[:inner], self.waiting[inner:]
            return
        (done.piece.foot if done.piece.items else done.owner.beside).extend(self.waiting)
        self.waiting = []
        self._touch(done.owner, token)
