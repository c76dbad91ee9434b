"""What a mistake's own way out, or a warning's comment, changes in the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nnspec.diagnostics import Diagnostic
from nnspec.graph.lint import WARNINGS
from nnspec.graph.lint.allow import COMMENT
from nnspec.lsp.buffer import Buffer

MEANT = re.compile(r"^did you mean '([^']+)'\?")
QUOTED = re.compile(r"'([^']+)'")
LEAVE_OUT = "leave it out"


@dataclass(frozen=True, slots=True)
class Change:
    """Characters of one line, counted from 0, and what takes their place. Without columns the line goes."""

    title: str
    line: int
    start: int
    end: int
    text: str
    is_preferred: bool = True


def changes(found: Diagnostic, buffer: Buffer) -> Iterator[Change]:
    """The ways out of one diagnostic of this text."""
    span = found.span
    if not span or not 0 < span.line <= len(buffer.lines):
        return
    if meant := MEANT.match(found.help):
        yield _replaced(found, buffer, meant[1])
    if found.code == "unknown-key" and found.help.endswith(LEAVE_OUT):
        yield from _left_out(found, buffer)
    if found.code in WARNINGS and not buffer.is_json:
        yield _allowed(found, buffer)


def _replaced(found: Diagnostic, buffer: Buffer, meant: str) -> Change:
    """The word that the message quotes, which may be a part of what is marked."""
    assert found.span
    line, start = found.span.line - 1, found.span.column - 1
    end = found.span.end_column - 1 if found.span.end_line == found.span.line else len(buffer.lines[line])
    marked = buffer.lines[line][start:end]
    word = next((word for word in QUOTED.findall(found.message) if word in marked), marked)
    at = start + marked.rfind(word)
    return Change(f"write '{meant}'", line, at, at + len(word), meant)


def _left_out(found: Diagnostic, buffer: Buffer) -> Iterator[Change]:
    """A key with its value, on one line: with its comma within brackets, otherwise with its line."""
    assert found.span
    line, start = found.span.line - 1, found.span.column - 1
    text = buffer.lines[line]
    title = f"leave out {text[start : found.span.end_column - 1]}"
    if not text[:start].strip():
        yield Change(title, line, 0, -1, "")
    elif pair := re.compile(r"[^,{}\[\]]*(?:\[[^\]]*\])?\s*(,\s*)?").match(text, start):
        before = len(text[:start].rstrip().removesuffix(","))
        yield Change(title, line, start if pair[1] or before == len(text[:start].rstrip()) else before, pair.end(), "")


def _allowed(found: Diagnostic, buffer: Buffer) -> Change:
    """The comment that says a warning is meant, beside one that stands there already."""
    assert found.span
    line = found.span.line - 1
    text = buffer.lines[line]
    title = f"allow {found.code} here"
    if comment := COMMENT.search(text):
        return Change(title, line, comment.end(1), comment.end(1), f", {found.code}", is_preferred=False)
    end = len(text.rstrip())
    return Change(title, line, end, len(text), f"  # nnspec: allow({found.code})", is_preferred=False)
