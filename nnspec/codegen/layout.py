"""How generated source is laid out: comments in a column, long lines wrapped, docstrings that nothing breaks out of."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_LINE = 120
MAX_ALIGNED = 80  # a longer line keeps its comment, and does not push away those of its neighbours
INDENT = "    "

STRING = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
_WORD = re.compile(rf"""(?:{STRING}|[^\s"'])+""")
_STRING_OR_BRACKET = re.compile(rf"{STRING}|[()]")
_OPERATORS = frozenset("+-*/")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text, and the vertex that it belongs to."""

    text: str = ""
    vertex: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """`target = value  # comment` before it is laid out; without a target, the value alone."""

    target: str
    value: str
    comment: str
    vertex: str

    @property
    def text(self) -> str:
        return f"{self.target} = {self.value}" if self.target else self.value


def lay_out(statements: Sequence[Statement], indent: str) -> list[Line]:
    """The statements of one body, their comments in one column."""
    room = MAX_LINE - len(indent)
    widest = max((len(statement.comment) for statement in statements), default=0)
    lengths = [len(statement.text) for statement in statements]
    column = max((n for n in lengths if n <= MAX_ALIGNED and n + 4 + widest <= room), default=0)
    return [
        Line(indent + text, statement.vertex)
        for statement in statements
        for text in _with_comment(statement, column, room)
    ]


def wrap(prefix: str, expression: str, room: int = MAX_LINE) -> list[str]:
    """`prefix expression`, where too long broken between the arguments of its call, or within parentheses."""
    if len(prefix) + len(expression) <= room:
        return [prefix + expression]
    opening = _call(expression)
    body = expression[len(opening) : -1] if opening else expression
    return bracketed(f"{prefix}{opening or '('}", body, ")", room)


def bracketed(start: str, body: str, end: str, room: int = MAX_LINE) -> list[str]:
    """`start`, as few lines of the body as there can be, `end`."""
    lines = [""]
    for part in _parts(body):
        if len(INDENT) + len(lines[-1]) + len(part) + 1 <= room:
            lines[-1] += f" {part}" if lines[-1] else part
        else:
            lines.append(part)
    return [start, *(INDENT + line for line in lines), end]


def docstring(lines: Sequence[str], indent: str) -> list[str]:
    """Lines of text as a docstring: wrapped, and without a character that could end it or hide in it."""
    room = MAX_LINE - len(indent)
    text = [part for line in lines for part in _wrapped_text(escape(line), room - 3)]
    if len(text) == 1 and len(text[0]) + 6 <= room and not text[0].endswith('"'):
        return [f'{indent}"""{text[0]}"""']
    first, *rest = text
    return [f'{indent}"""{first}', *(indent + line if line else "" for line in rest), f'{indent}"""']


def escape(text: str) -> str:
    """Text that stands in a docstring as it reads: quotes cannot close it, and nothing in it is invisible."""
    text = text.replace("\\", "\\\\").replace('"""', r"\"\"\"")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _with_comment(statement: Statement, column: int, room: int) -> list[str]:
    """The comment beside its statement, or above it where there is no room."""
    text, comment = statement.text, f"# {statement.comment}" if statement.comment else ""
    beside = f"{text:<{column}}  {comment}" if comment else text
    if len(beside) <= room:
        return [beside]
    above = textwrap.wrap(comment, room, subsequent_indent="# ", break_long_words=False)
    return [*above, *_assignment(statement.target, statement.value, room)]


def _assignment(target: str, value: str, room: int) -> list[str]:
    if not target:
        call = value.lstrip()
        indent = value[: len(value) - len(call)]
        return [indent + line for line in wrap("", call, room - len(indent))]
    if "," in target and len(target) > room // 2:
        *lines, end = bracketed("(", target, ")", room)
        return [*lines, *wrap(f"{end} = ", value, room)]
    return wrap(f"{target} = ", value, room)


def _call(expression: str) -> str:
    """`nn.Linear(` where the whole expression is that call, otherwise nothing."""
    opening = re.match(r"[\w.]+\(", expression)
    if not opening:
        return ""
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(expression):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0 and found[0] == ")":
            return opening[0] if found.end() == len(expression) else ""
    return ""


def _parts(expression: str) -> Iterator[str]:
    """The parts that a line may be broken between; an operator stays with what follows it."""
    operator = ""
    for word in _WORD.findall(expression):
        if word in _OPERATORS:
            operator = f"{word} "
            continue
        yield operator + word
        operator = ""


def _wrapped_text(line: str, room: int) -> list[str]:
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(line, room, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or [""]
