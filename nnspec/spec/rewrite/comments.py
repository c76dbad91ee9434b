"""Where the comments of a YAML text stand: a # within a value is none."""

from collections.abc import Iterable, Sequence

from nnspec.source.tokens import Token
from nnspec.spec.rewrite.pieces import Comment
from nnspec.spec.rewrite.scalars import value_start

BLOCK_STYLES = ("|", ">")
LINE_END = 1 << 30

Covered = dict[int, list[tuple[int, int]]]  # by line, the columns that values take


def find_comments(lines: Sequence[str], tokens: Iterable[Token]) -> list[Comment]:
    """Every comment, in order."""
    suspects = {number for number, line in enumerate(lines) if "#" in line}
    if not suspects:
        return []
    covered: Covered = {}
    for token in tokens:
        if token.kind == "scalar":
            _cover(lines, token, suspects, covered)
    found = (_comment(lines, number, covered.get(number, [])) for number in sorted(suspects))
    return [comment for comment in found if comment]


def last_line_of_block(token: Token) -> int:
    """The last line that a block of text (`|`, `>`) may take, blank ones below it included."""
    return token.end[0] - 1 if token.end[1] == 0 else token.end[0]


def _cover(lines: Sequence[str], token: Token, suspects: set[int], covered: Covered) -> None:
    if token.style in BLOCK_STYLES:
        first = value_start(lines, token)[0]
        for line in range(first + 1, last_line_of_block(token) + 1):
            if line in suspects:
                covered.setdefault(line, []).append((0, LINE_END))
        return
    (first, start), (last, end) = value_start(lines, token), token.end
    for line in range(first, last + 1):
        if line in suspects:
            begins, ends = start if line == first else 0, end if line == last else LINE_END
            covered.setdefault(line, []).append((begins, ends))


def _comment(lines: Sequence[str], number: int, covered: Sequence[tuple[int, int]]) -> Comment | None:
    line = lines[number]
    if line.startswith("%"):
        return None
    column = line.find("#")
    for start, end in covered:
        if column < 0 or column < start:
            break
        if column < end:
            column = line.find("#", end)
    if column < 0:
        return None
    alone = not line[:column].strip()
    return Comment(line[column:].rstrip(), number, column, alone, is_blank(lines, number - 1))


def is_blank(lines: Sequence[str], number: int) -> bool:
    """Whether a line is there and has nothing on it."""
    return 0 <= number < len(lines) and not lines[number].strip()
