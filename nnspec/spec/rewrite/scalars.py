"""How one scalar is written: without quotes where it means the same, in its own lines where it takes several."""

import json
import re
from collections.abc import Sequence

from nnspec.source.scalars import NumberError, resolve
from nnspec.source.tokens import Place, Token
from nnspec.spec.rewrite.pieces import Piece

CORE = "tag:yaml.org,2002:"
PROPERTY = re.compile(r"&[A-Za-z0-9_-]+|!<[^>]*>|![^\s,]*")
BLANKS = " \t"
BLANK = re.compile(r"[ \t]*")
# Words that YAML 1.1 reads as something else: other tools still do.
OLD_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])
IN_FLOW = frozenset(",[]{}:")
STARTS = frozenset("_$/(")
ENDS_OF_OLD = re.compile("[\x7f-\xa0\u2028\u2029\ufeff]")


def value_start(lines: Sequence[str], token: Token) -> Place:
    """Where a value stands behind its anchor and tag."""
    line, column = token.start
    if not (token.anchor or token.tag):
        return line, column
    while (line, column) < token.end:
        blank = BLANK.match(lines[line], column)
        column = blank.end() if blank else column
        if found := PROPERTY.match(lines[line], column):
            column = found.end()
        elif lines[line][column : column + 1] in ("", "#"):
            line, column = line + 1, 0
        else:
            return line, column
    return token.end


def written_lines(lines: Sequence[str], token: Token) -> tuple[str, ...]:
    """The characters of a scalar, line by line."""
    (first, start), (last, end) = value_start(lines, token), token.end
    if first == last:
        return (lines[first][start:end],)
    ending = (lines[last][:end],) if last < len(lines) and end else ()
    return (lines[first][start:], *lines[first + 1 : last], *ending)


def properties(piece: Piece) -> str:
    """Its anchor and tag: `&a !!str`."""
    tag = f"!!{piece.tag.removeprefix(CORE)}" if piece.tag else ""
    return " ".join(filter(None, [f"&{piece.anchor}" if piece.anchor else "", tag]))


def in_one_line(piece: Piece, *, flow: bool = False, key: bool = False) -> str:
    """A scalar or alias in one line; `flow` within brackets."""
    if piece.kind == "alias":
        return f"*{piece.value}"
    if piece.tag and not piece.value and not piece.style:
        return '""' if piece.tag.endswith("str") else "null"
    if not piece.style:
        return quoted(piece.value) if "\n" in piece.value or is_marker(piece) else piece.value
    if not piece.tag and means_itself(piece.value, flow=flow, key=key):
        return piece.value
    is_plain = piece.value.isprintable() and not set(piece.value) & {'"', "\\"}
    if not is_plain and len(piece.written) == 1 and piece.style in ("'", '"'):
        return piece.written[0]
    return quoted(piece.value)


def in_lines(piece: Piece) -> list[str]:
    """A plain or quoted scalar in the lines it was written in, without indentation."""
    lines = [line.lstrip(BLANKS) if number else line for number, line in enumerate(piece.written)]
    return [*(_without_end(line, piece.style) for line in lines[:-1]), lines[-1]]


def is_marker(piece: Piece) -> bool:
    """Whether a plain text would end the document at the beginning of a line."""
    return not piece.style and piece.value.startswith(("---", "..."))


def means_itself(text: str, *, flow: bool, key: bool) -> bool:
    """Whether a text is the same without quotes, to nnspec and to readers of YAML 1.1."""
    if not text or not (text[0].isalpha() or text[0] in STARTS):
        return False
    if text[-1] in (" ", ":") or not text.isprintable() or text.lower() in OLD_WORDS:
        return False
    if ": " in text or " #" in text or (flow and set(text) & IN_FLOW) or (key and ":" in text):
        return False
    try:
        return resolve(text) == text
    except NumberError:
        return False


def quoted(text: str) -> str:
    """A text in double quotes, with escapes for what cannot be seen."""
    return ENDS_OF_OLD.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def _without_end(line: str, style: str) -> str:
    """A line of several without its blank end, which means nothing; in double quotes \\ keeps one blank."""
    short = line.rstrip(BLANKS)
    backslashes = len(short) - len(short.rstrip("\\"))
    return line[: len(short) + 1] if style == '"' and backslashes % 2 and short != line else short
