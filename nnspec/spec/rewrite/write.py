"""Layout -> YAML text in the one canonical form."""

from collections.abc import Iterable
from dataclasses import dataclass

from nnspec.spec.rewrite.flow import WIDTH, flat
from nnspec.spec.rewrite.pieces import ALLOW, Comment, Item, Layout, Piece
from nnspec.spec.rewrite.scalars import in_lines, in_one_line, is_marker, properties, quoted

STEP = 2  # columns of indentation
GAP = "  "  # before a comment
NO_LIMIT = 1 << 30


@dataclass(slots=True, eq=False)
class Line:
    """A line, and the comments at its end."""

    text: str
    comments: list[Comment]


def write_layout(layout: Layout) -> str:
    """The text; every comment of the layout stands in it."""
    writer = _Writer()
    writer.document(layout)
    if writer.comments != layout.comments:
        raise RuntimeError("formatting would lose a comment")
    columns = _columns(writer.lines)
    lines = [_with_comments(line, column) for line, column in zip(writer.lines, columns, strict=True)]
    return "\n".join([*layout.head, *lines]) + "\n"


class _Writer:
    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.fresh = True  # where a blank line would stand below a key, or on top
        self.sealed = False  # below a text whose blank lines count
        self.comments = 0

    def document(self, layout: Layout) -> None:
        root = layout.root
        self._comments_above(root.above, 0)
        if root.value.kind in ("scalar", "alias") or self._head(root, "") is not None or root.value.anchor:
            self._item("", 0, root)
        else:
            self.comments += len(root.beside)
            self.lines += [Line(comment.text, []) for comment in root.beside]
            self._items(root.value, 0)
        self._comments_above(layout.foot, 0)

    def _line(self, text: str, comments: Iterable[Comment] = ()) -> None:
        beside = list(comments)
        self.lines.append(Line(text, beside))
        self.comments += len(beside)
        self.fresh = self.sealed = False

    def _blank(self, wanted: bool) -> None:
        if wanted and not self.fresh and not self.sealed:
            self._line("")

    def _comments_above(self, comments: Iterable[Comment], indent: int) -> None:
        for comment in comments:
            self._blank(comment.blank)
            self._line(" " * indent + comment.text)
            self.comments += 1

    def _items(self, piece: Piece, indent: int) -> None:
        for item in piece.items:
            self._hoist(item)
            self._comments_above(item.above, indent)
            self._blank(item.blank)
            self._item(" " * indent + _lead(item), indent + STEP, item)
        self._comments_above(piece.foot, indent)

    def _hoist(self, item: Item) -> None:
        """Comments above the first line of what stands behind a dash go above the dash."""
        inner = item
        while inner.key is None and self._is_beside_dash(inner):
            inner = inner.value.items[0]
            item.above += inner.above
            inner.above = []

    def _is_beside_dash(self, item: Item) -> bool:
        return bool(item.value.items) and not properties(item.value) and self._head(item, "") is None

    def _head(self, item: Item, lead: str) -> str | None:
        """What stands on the item's line, behind `- ` or `key:`; None for what needs lines of its own."""
        limit = NO_LIMIT if any(ALLOW in comment.text for comment in item.beside) else WIDTH - len(lead) - 1
        return flat(item.value, limit)

    def _item(self, lead: str, indent: int, item: Item) -> None:
        """The item, whose value's own lines are indented so far."""
        value = item.value
        if value.style in ("|", ">"):
            self._block_text(lead, indent, item)
        elif len(value.written) > 1 and not is_marker(value):
            first, *others = in_lines(value)
            texts = [_join(lead, properties(value), first), *(" " * (indent or STEP) + line for line in others)]
            for text in texts[:-1]:
                self._line(text.rstrip(" ") if not text.strip() else text)
            self._line(texts[-1], item.beside)
        elif (head := self._head(item, lead)) is not None:
            self._line(_join(lead, properties(value), head), item.beside)
        elif item.key is None and lead and not properties(value):
            self._behind_dash(indent, item)
        else:
            self._line(_join(lead, properties(value)), item.beside)
            self.fresh = True
            self._items(value, indent if lead else 0)

    def _behind_dash(self, indent: int, item: Item) -> None:
        """`- a: 1`: the first line of the value begins on the dash's own."""
        start = len(self.lines)
        self.fresh = True
        self._items(item.value, indent)
        line = self.lines[start]
        line.text = f"{line.text[: indent - STEP]}- {line.text[indent:]}"
        line.comments[:0] = item.beside
        self.comments += len(item.beside)

    def _block_text(self, lead: str, indent: int, item: Item) -> None:
        value = item.value
        body = value.value.rstrip("\n")
        kept = len(value.value) - len(body)
        lines = _block_lines(value, body)
        if not body or lines is None:
            self._line(_join(lead, properties(value), quoted(value.value)), item.beside)
            return
        first = next(line for line in lines if line)
        header = f"{value.style}{STEP if first[0] == ' ' else ''}{'-' if not kept else '+' if kept > 1 else ''}"
        self._line(_join(lead, properties(value), header), item.beside)
        margin = " " * (indent or STEP)
        for line in [*lines, *[""] * (kept - 1)]:
            self._line(margin + line if line else "")
        self.sealed = kept > 1


def _lead(item: Item) -> str:
    """`-`, `key:`."""
    key = item.key
    if key is None:
        return "-"
    return f"{_join(properties(key), in_one_line(key, key=True))}{' ' if key.kind == 'alias' else ''}:"


def _join(*words: str) -> str:
    return " ".join(filter(None, words))


def _block_lines(piece: Piece, body: str) -> list[str] | None:
    """The lines of a block of text without indentation; None where they cannot be told from it."""
    if piece.style == "|":
        return body.split("\n")
    header, *lines = piece.written
    if any(letter.isdigit() for letter in header.partition("#")[0]):
        return None  # how far it is indented follows from what stands around it
    margin = next((len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" ")), 0)
    lines = [line[margin:] for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _columns(lines: list[Line]) -> list[int]:
    """Where the comments at the end of each line begin; those of neighbours stay in line where they were."""
    columns = [len(line.text) + len(GAP) if line.text.strip() else 0 for line in lines]
    start = 0
    for end in range(1, len(lines) + 1):
        if end == len(lines) or not _in_line(lines[end - 1], lines[end]):
            columns[start:end] = [max(columns[start:end])] * (end - start)
            start = end
    return columns


def _in_line(upper: Line, lower: Line) -> bool:
    if not upper.comments or not lower.comments:
        return False
    one, other = upper.comments[0], lower.comments[0]
    return one.line + 1 == other.line and one.column == other.column


def _with_comments(line: Line, column: int) -> str:
    if not line.comments:
        return line.text
    return line.text.ljust(column) + GAP.join(comment.text for comment in line.comments)
