"""The text of an open document, and its places in the units of the protocol."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlparse

from lsprotocol import types
from pygls.uris import to_fs_path

from nnspec.diagnostics import Span
from nnspec.source.file import split_lines

SPEC_KEY = re.compile(r"""^["']?nnspec["']?\s*:""", re.MULTILINE)
SPEC_KEY_IN_BRACES = re.compile(r"""[{,]\s*["']?nnspec["']?\s*:""")


@dataclass(frozen=True, eq=False)
class Buffer:
    """What the editor shows, saved or not. An encoding says what a character of a position is: UTF-16 by default."""

    uri: str
    text: str
    version: int | None = None
    language: str = ""
    encoding: str = types.PositionEncodingKind.Utf16.value

    @cached_property
    def lines(self) -> tuple[str, ...]:
        return split_lines(self.text)

    @cached_property
    def path(self) -> Path:
        """The file; for a text that has none yet, its name."""
        return Path(to_fs_path(self.uri) or unquote(urlparse(self.uri).path) or "untitled")

    @property
    def is_json(self) -> bool:
        return self.language in ("json", "jsonc") or self.path.suffix.lower() == ".json"

    @cached_property
    def is_spec(self) -> bool:
        """Whether it says that it is one: other YAML and JSON is left alone."""
        braces = self.text.lstrip("\ufeff \t\r\n").startswith("{")
        return bool((SPEC_KEY_IN_BRACES if braces else SPEC_KEY).search(self.text))

    def position(self, line: int, column: int) -> types.Position:
        """The position of a character; both count from 0."""
        text = self.lines[line] if line < len(self.lines) else ""
        return types.Position(line, self._units(text[:column]))

    def range(self, span: Span, lines: tuple[str, ...] | None = None) -> types.Range:
        """A span of this text, or of another one with these lines. One without columns is its whole line."""
        lines = self.lines if lines is None else lines
        start = max(span.line, 1) - 1
        text = lines[start] if start < len(lines) else ""
        if not span.column:
            return self._range(start, 0, start, self._units(text) if span.line else 0)
        last = lines[span.end_line - 1] if 0 < span.end_line <= len(lines) else ""
        first = self._units(text[: span.column - 1])
        return self._range(start, first, max(span.end_line, 1) - 1, self._units(last[: span.end_column - 1]))

    def place(self, position: types.Position) -> tuple[int, int]:
        """Line and column of a position, in characters, both from 0."""
        if position.line >= len(self.lines):
            return len(self.lines) - 1, len(self.lines[-1])
        units = column = 0
        for character in self.lines[position.line]:
            if units >= position.character:
                break
            units += self._units(character)
            column += 1
        return position.line, column

    def whole(self) -> types.Range:
        return types.Range(types.Position(0, 0), self.position(len(self.lines) - 1, len(self.lines[-1])))

    def _units(self, text: str) -> int:
        if text.isascii() or self.encoding == "utf-32":
            return len(text)
        return len(text.encode()) if self.encoding == "utf-8" else len(text.encode("utf-16-le", "surrogatepass")) // 2

    @staticmethod
    def _range(line: int, character: int, end_line: int, end_character: int) -> types.Range:
        return types.Range(types.Position(line, character), types.Position(end_line, end_character))


def is_within(span: Span, line: int, column: int) -> bool:
    """Whether a span, which counts from 1, has a place in it, which counts from 0."""
    return (span.line, span.column) <= (line + 1, column + 1) <= (span.end_line, span.end_column)
