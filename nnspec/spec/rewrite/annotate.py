"""Comments that nnspec keeps at the ends of a spec's lines: `# → 16×14×14 · 1.2k`."""

import re
from collections.abc import Mapping, Sequence

from nnspec import source
from nnspec.source.file import split_lines
from nnspec.source.tokens import Token, tokens
from nnspec.spec.rewrite.comments import BLOCK_STYLES, find_comments, last_line_of_block
from nnspec.spec.rewrite.pieces import Comment
from nnspec.spec.rewrite.same import unchanged
from nnspec.spec.rewrite.scalars import value_start

ARROW = "# → "
OURS = re.compile(r"(?:^|[ \t]+)# → .*")  # alone, or behind what a person wrote
GAP = "  "
ALIGNED = 80  # columns of the longest line whose neighbours' comments begin where its own does


def annotate_text(text: str, name: str, notes: Mapping[int, str]) -> str:
    """The YAML text with these notes (by line, from 1) and no older ones; everything else stays as it is.

    Args:
        text: what `nnspec.source.parse` accepts.
        name: what messages call it.
        notes: what to write behind each line; nothing takes all of them off.
    """
    before = source.parse(text, name)
    lines = list(split_lines(text.lstrip("\ufeff")))
    found = list(tokens("\n".join(lines), name))
    comments = {comment.line: comment for comment in find_comments(lines, found) if not comment.alone}
    for comment in comments.values():
        lines[comment.line] = _without_note(lines[comment.line], comment)
    within = _within_scalars(lines, found)
    wanted = {number - 1: note for number, note in notes.items() if number - 1 not in within}
    _write(lines, wanted, comments)
    if wanted:
        lines = [line if number in within else _without_tab(line) for number, line in enumerate(lines)]
    return unchanged(before, ("\r\n" if "\r\n" in text else "\n").join(lines), name)


def _without_note(line: str, comment: Comment) -> str:
    ours = OURS.search(comment.text)
    return line[: comment.column + ours.start()].rstrip() if ours else line


def _without_tab(line: str) -> str:
    """Below a comment, the parser takes a tab on a line without values for indentation."""
    rest = line.lstrip(" \t")
    return line.expandtabs(1) if "\t" in line and (not rest or rest[0] == "#") else line


def _within_scalars(lines: Sequence[str], found: Sequence[Token]) -> set[int]:
    """The lines whose end is part of a value."""
    within: set[int] = set()
    for token in found:
        if token.kind == "scalar" and token.start[0] < token.end[0]:
            first = value_start(lines, token)[0]
            if token.style in BLOCK_STYLES:
                within.update(range(first + 1, last_line_of_block(token) + 1))
            else:
                within.update(range(first, token.end[0]))
    return within


def _write(lines: list[str], notes: Mapping[int, str], comments: Mapping[int, Comment]) -> None:
    columns = _columns(lines, notes, comments)
    for number, note in notes.items():
        line = lines[number].rstrip()
        lines[number] = f"{line.ljust(columns.get(number, 0) or len(line) + len(GAP))}{ARROW}{note}"


def _columns(lines: Sequence[str], notes: Mapping[int, str], comments: Mapping[int, Comment]) -> dict[int, int]:
    """Where the notes of neighbouring lines begin, so that they stand below one another."""
    columns: dict[int, int] = {}
    runs: list[list[int]] = []
    for number in sorted(notes):
        own = number in comments and comments[number].column < len(lines[number])  # a person's comment stays
        if own or len(lines[number].rstrip()) > ALIGNED:
            continue
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    for run in runs:
        columns |= dict.fromkeys(run, max(len(lines[number].rstrip()) for number in run) + len(GAP))
    return columns
