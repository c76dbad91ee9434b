"""Where the cursor stands: a path of keys and indices, found by indentation and brackets.

A text that is being written is seldom well-formed, so this reads what stands before the cursor and forgives the rest.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["key", "value", "either"]
Step = str | int

KEY = re.compile(r"""("[^"]*"|'[^']*'|[^\s#,\[\]{}"'&*!|>%@`-][^#]*?|-[^\s#][^#]*?)\s*:(?=\s|$)""")
PLAIN = re.compile(r"""[^\s,\[\]{}#"'][^,\[\]{}]*?(?=\s*(?:[,\[\]{}]|:(?:\s|$)|$)|\s#)""")
QUOTED = re.compile(r""""(?:\\.|[^"\\])*"?|'(?:''|[^'])*'?""")
COLON = re.compile(r"\s*:(?=\s|$)")
COLON_BEHIND_QUOTE = re.compile(r"\s*:")
NEW_BLOCK = re.compile(r"\s*(?:-(?:\s|$)|[\w$]+:(?:\s|$))")
TOP_LEVEL = re.compile(r"[\w$\"']")
BLOCK_TEXT = re.compile(r"[|>][+\-\d]*\s*(?:#.*)?$")


@dataclass(frozen=True, slots=True)
class Context:
    """The word at the cursor. Columns count characters from 0.

    `key`: a key of the mapping at `path`; `value`: the value at `path`; `either`: what may become both.
    """

    path: tuple[Step, ...]
    role: Role
    text: str  # the whole word, without quotes
    start: int
    end: int
    present: frozenset[str] = frozenset()  # keys of its mapping that stand before it
    quoted: bool = False
    flow: bool = False

    @property
    def place(self) -> tuple[Step, ...]:
        """The path with the word itself, where that is a key."""
        return (*self.path, self.text) if self.role == "key" else self.path


@dataclass(slots=True)
class Frame:
    """A list or mapping that is open at this point of the text."""

    kind: Literal["map", "list"]
    indent: int
    key: str | None = None
    index: int = 0
    present: set[str] = field(default_factory=set)
    flow: bool = False
    implied: bool = False  # `[Linear: 16]`: a mapping without brackets

    def enter(self, key: str) -> None:
        self.key = key
        self.present.add(key)


def context_at(lines: Sequence[str], line: int, column: int) -> Context:
    """The context of a place in a text; line and column count from 0."""
    if line >= len(lines):
        return Context((), "key", "", 0, 0)
    return _Scanner(lines, line, min(column, len(lines[line]))).scan()


class _Scanner:
    def __init__(self, lines: Sequence[str], line: int, column: int) -> None:
        self.lines, self.line, self.column = lines, line, column
        self.frames: list[Frame] = []
        self.number = 0
        self.found: Context | None = None
        self.text_indent: int | None = None  # within a block of text: the indentation of its key
        self.flow_indent = 0

    def scan(self) -> Context:
        for number in range(self._first(), self.line + 1):
            self.number = number
            self._line(self.lines[number])
            if self.found:
                return self.found
        return self._here(self.column, self.column, "")

    def _first(self) -> int:
        """The line to begin with: the nearest one that begins a key of the document."""
        whole = "".join(self.lines[:1]).lstrip()[:1] in ("{", "[")
        lines = range(self.line, 0, -1)
        return 0 if whole else next((at for at in lines if TOP_LEVEL.match(self.lines[at])), 0)

    @property
    def _is_last(self) -> bool:
        return self.number == self.line

    @property
    def _in_flow(self) -> bool:
        return bool(self.frames) and self.frames[-1].flow

    def _line(self, line: str) -> None:
        indent = len(line) - len(line.lstrip(" "))
        if self.text_indent is not None:
            if not line.strip() or indent > self.text_indent:
                return
            self.text_indent = None
        if self._in_flow and indent <= self.flow_indent and NEW_BLOCK.match(line):
            while self._in_flow:
                self.frames.pop()  # its bracket was never closed
        if self._in_flow:
            self._flow(line, 0)
        elif line.strip() and not line.lstrip().startswith("#"):
            self._block(line, indent)
        elif self._is_last:
            self._close(self.column, dash=False)

    def _close(self, indent: int, *, dash: bool) -> None:
        """Leave what stands further in than this line."""
        while self.frames:
            top = self.frames[-1]
            if top.indent < indent or (top.indent == indent and (top.kind == "map" or dash)):
                return
            self.frames.pop()

    def _block(self, line: str, column: int) -> None:
        if self._is_last and self.column < column:
            self._close(self.column, dash=False)
            self.found = self._here(self.column, self.column, "")
            return
        dash = _is_dash(line, column)
        self._close(column, dash=dash)
        while _is_dash(line, column):
            self._item(column)
            after = column + 1
            column = after + len(line[after:]) - len(line[after:].lstrip())
            if self._is_last and after <= self.column < column:
                self.found = self._here(self.column, self.column, "")
                return
        key = KEY.match(line, column)
        if key:
            self._key(line, column, key)
        else:
            self._scalar(line, column)

    def _item(self, column: int) -> None:
        top = self.frames[-1] if self.frames else None
        if top and top.kind == "list" and top.indent == column:
            top.index += 1
        else:
            self.frames.append(Frame("list", column))

    def _key(self, line: str, column: int, key: re.Match[str]) -> None:
        top = self.frames[-1] if self.frames else None
        if not (top and top.kind == "map" and top.indent == column):
            top = Frame("map", column)
            self.frames.append(top)
        if self._is_last and column <= self.column <= key.end(1):
            top.key = None
            self.found = self._here(column, key.end(1), key[1])
            return
        top.enter(_bare(key[1]))
        start = key.end() + len(line[key.end() :]) - len(line[key.end() :].lstrip())
        if self._is_last and self.column < start:
            self.found = self._here(self.column, self.column, "")
        elif BLOCK_TEXT.match(line, start):
            self.text_indent = column
        else:
            self._scalar(line, start)

    def _scalar(self, line: str, column: int) -> None:
        """A value in the block style, to the end of the line."""
        if line[column : column + 1] in ("[", "{"):
            self.flow_indent = len(line) - len(line.lstrip())
            self._flow(line, column)
            return
        quoted = QUOTED.match(line, column)
        end = quoted.end() if quoted else max(column, len(re.split(r"\s#", line, maxsplit=1)[0].rstrip()))
        if self._is_last and column <= self.column <= end:
            self.found = self._here(column, end, line[column:end])
        elif self._is_last:
            self.found = self._here(self.column, self.column, "")

    def _flow(self, line: str, column: int) -> None:
        """What stands in brackets, to the end of the line or of the brackets."""
        while self._in_flow or line[column : column + 1] in ("[", "{"):
            start = column + len(line[column:]) - len(line[column:].lstrip())
            if self._is_last and self.column < start:
                self.found = self._here(self.column, self.column, "")
            if self.found or start >= len(line) or _is_comment(line, start):
                break
            column = self._sign(line, start) or self._word(line, start)
            if self.found:
                return
        if self._is_last and not self.found and self._in_flow:
            self.found = self._here(self.column, self.column, "")

    def _sign(self, line: str, at: int) -> int:
        """Past a bracket, comma or colon; 0 where none stands here."""
        sign = line[at]
        if sign not in "[]{},:":
            return 0
        if self._is_last and self.column <= at and self._in_flow and at != self.column:
            self.found = self._here(self.column, self.column, "")
            return at
        if self._is_last and self.column == at and sign in "]},":
            self.found = self._here(at, at, "")
            return at
        if sign in "[{":
            self.frames.append(Frame("map" if sign == "{" else "list", self.flow_indent, flow=True))
        elif sign in "]}":
            self._leave()
        elif sign == ",":
            self._next()
        return at + 1

    def _leave(self) -> None:
        if self.frames[-1].implied:
            self.frames.pop()
        if self._in_flow:
            self.frames.pop()

    def _next(self) -> None:
        if self.frames[-1].implied:
            self.frames.pop()
        top = self.frames[-1]
        top.key = None
        top.index += 1

    def _word(self, line: str, start: int) -> int:
        """Past a word within brackets."""
        quoted = QUOTED.match(line, start)
        word = quoted or PLAIN.match(line, start)
        end = word.end() if word else start + 1
        top = self.frames[-1]
        colon = (COLON_BEHIND_QUOTE if quoted else COLON).match(line, end)
        if self._is_last and start <= self.column <= end:
            if top.kind == "list" and colon:
                self.frames.append(Frame("map", top.indent, flow=True, implied=True))
            self.found = self._here(start, end, line[start:end])
            return end
        if colon and (top.kind == "list" or top.key is None):
            if top.kind == "list":
                top = Frame("map", top.indent, flow=True, implied=True)
                self.frames.append(top)
            top.enter(_bare(line[start:end]))
            return colon.end()
        return end

    def _here(self, start: int, end: int, text: str) -> Context:
        top = self.frames[-1] if self.frames else None
        path = tuple(step for frame in self.frames if (step := _step(frame)) is not None)
        role: Role = "either"
        if top is None or (top.kind == "map" and top.key is None):
            role = "key"
        elif top.kind == "map" and not top.flow and self._is_last and top.indent == start:
            role, path = "key", path[:-1]
        elif top.kind == "map" and (top.flow or top.key is not None) and self._same_line(start):
            role = "value"
        present = frozenset(top.present) if top and role == "key" else frozenset()
        flow = bool(top and top.flow)
        return Context(path, role, _bare(text), start, end, present, text[:1] in ('"', "'"), flow)

    def _same_line(self, start: int) -> bool:
        """Whether the key that this is the value of stands before it on the line: there no mapping may follow."""
        return bool(self.frames[-1].flow or self.lines[self.line][:start].strip(" -"))


def _step(frame: Frame) -> Step | None:
    return frame.index if frame.kind == "list" else frame.key


def _is_dash(line: str, column: int) -> bool:
    return line[column : column + 1] == "-" and line[column + 1 : column + 2] in ("", " ")


def _is_comment(line: str, column: int) -> bool:
    return line[column] == "#" and (column == 0 or line[column - 1].isspace())


def _bare(word: str) -> str:
    return word.strip("\"'") if word[:1] in ('"', "'") else word
