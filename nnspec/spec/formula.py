"""Reading an expression of a spec: `4 * width`, `stride != 1 or in_channels != out`.

Each word and sign is checked first, so Python's parser sees only what the language has; every part of its tree is
checked after. Nothing of Python runs.
"""

import ast
import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from nnspec.diagnostics import did_you_mean
from nnspec.source.scalars import shorten

MAX_LENGTH = 200  # characters of an expression, its parentheses not counted
MAX_NESTING = 50  # parts inside one another; far from the limits of Python's parser, and of its stack
MANY = MAX_LENGTH

# How many values each function takes at most.
FUNCTIONS = {
    **dict.fromkeys(["min", "max"], MANY),
    **dict.fromkeys(["abs", "round", "ceil", "floor", "sqrt", "log2", "int", "len", "sum"], 1),
    "range": 3,
}
PARTS = (
    *(ast.Constant, ast.Name, ast.List, ast.Subscript, ast.Slice, ast.Call),
    *(ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp),
)
OPERATOR_WORDS = frozenset("and or not if else in".split())
CONSTANTS = {"true": True, "True": True, "false": False, "False": False}
REFUSED_WORDS = frozenset(keyword.kwlist) - OPERATOR_WORDS - set(CONSTANTS) | {"null"}
TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    | (?P<number>(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?(?![\w.]))
    | (?P<misnumber>\.?[0-9][\w.]*)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<text>'[^'\n]*'|"[^"\n]*") | (?P<quote>['"])
    | (?P<open>[(\[]) | (?P<close>[)\]])
    | (?P<odd><<|>>)
    | (?P<sign>\*\*|//|[=!<>]=|:(?!=)|[-+*/%<>,])
    | (?P<attribute>\.\s*[A-Za-z_]\w*)
    | (?P<other>:=|&&|\|\||.)""",
    re.ASCII | re.DOTALL | re.VERBOSE,
)
GRAMMAR = "it has numbers, text in quotes, lists, arithmetic, comparisons, and or not, 'a if c else b' and functions"
WAYS_OUT = {
    "is": "compare with == or !=",
    "=": "compare with ==; the values of a function have no names",
    "&&": "write and",
    "&": "write and",
    "||": "write or",
    "|": "write or",
    "!": "write not",
    "^": "a power is written **",
    "?": "write a if c else b",
    "$": "inside the parentheses a name stands alone",
    "for": "it has no loops; range, sum, min and max take lists",
    "None": "leave the key out where there is nothing to say",
    "null": "leave the key out where there is nothing to say",
}
WAYS_OUT_OF_KIND = {
    "misnumber": "as in 16, 0.5 or 3e-3",
    "text": 'texts are joined outside an expression, as in "$a-$b"',
}
SHORTER = "give a part of it a name of its own under params"


class ExpressionError(Exception):
    """What is wrong, and with which characters. Who caught it knows where the text stands."""

    def __init__(self, message: str, start: int, end: int, help: str = "", code: str = "expression") -> None:
        super().__init__(message)
        self.message, self.start, self.end, self.help, self.code = message, start, end, help, code


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """An expression that can be read; the parts of its tree know their characters in `source`."""

    source: str  # with its parentheses
    tree: ast.expr
    names: tuple[ast.Name, ...]  # the parameters that it mentions, in the order of the text


@lru_cache(maxsize=1024)
def read_formula(window: str) -> Formula | None:
    """The expression that the window begins with, '(' first; None where the window ends before it is closed."""
    masked, depth, before = "", 0, ""
    for token in TOKEN.finditer(window):
        kind, word = token.lastgroup or "", token[0]
        if kind == "quote":
            return None
        if message := _token_fault(kind, word, before, window[token.end() : token.end() + 1]):
            help = WAYS_OUT.get(word) or WAYS_OUT_OF_KIND.get(kind, GRAMMAR)
            raise ExpressionError(message, *token.span(), help)
        depth += (kind == "open") - (kind == "close")
        if depth > MAX_NESTING:
            raise ExpressionError(f"an expression nests at most {MAX_NESTING} deep", *token.span(), SHORTER)
        # What stands between quotes is taken from the source: no escapes, and only ASCII for the parser.
        masked += {"text": "'" + "_" * (len(word) - 2) + "'", "space": " " * len(word)}.get(kind, word)
        if not depth:
            return _parse(window[: token.end()], masked)
        before = before if kind == "space" else kind
    return None


def _token_fault(kind: str, word: str, before: str, after: str) -> str:
    """Why a token cannot stand in an expression; empty where it can."""
    if kind in ("odd", "other") or word in REFUSED_WORDS:
        return f"an expression has no {word!r}"
    if kind == "attribute":
        return f"an expression has no attributes: {word!r}"
    if kind == "misnumber":
        return f"{shorten(repr(word))} is not a decimal number"
    if kind == "word" and after and after in "'\"" and word not in OPERATOR_WORDS:
        return f"text in quotes has no {word!r} before it"
    if kind == before == "text":
        return "two texts stand side by side"
    return ""


def _parse(source: str, masked: str) -> Formula:
    inner = source[1:-1].strip()
    if not inner:
        raise ExpressionError("an expression stands between the parentheses", 0, len(source), "as in $(2 * width)")
    try:
        tree = ast.parse(masked, mode="eval").body
    except SyntaxError as error:
        start = min(max((error.offset or 1) - 1, 0), len(source) - 1)
        end = min(max((error.end_offset or 0) - 1, start + 1), len(source))
        help = "an operator stands between values, a comma between items, and each bracket is closed"
        raise ExpressionError(f"{shorten(repr(inner))} cannot be read", start, end, help) from None
    return Formula(source, tree, _checked_names(tree))


def _checked_names(tree: ast.expr) -> tuple[ast.Name, ...]:
    """The parameters that a tree mentions, once every part is known to be of the language."""
    names: list[ast.Name] = []
    waiting = [(tree, 1)]
    while waiting:
        part, depth = waiting.pop()
        if depth > MAX_NESTING:
            raise fault(part, f"an expression nests at most {MAX_NESTING} deep", SHORTER)
        if not isinstance(part, PARTS) or (isinstance(part, ast.Slice) and part.step):
            raise _refused(part)
        inner = _checked_arguments(part) if isinstance(part, ast.Call) else list(ast.iter_child_nodes(part))
        if isinstance(part, ast.Name) and part.id not in CONSTANTS:
            names.append(part)
        waiting += [(child, depth + 1) for child in inner if isinstance(child, ast.expr)]
    return tuple(sorted(names, key=lambda name: name.col_offset))


def _refused(part: ast.expr) -> ExpressionError:
    if isinstance(part, ast.Starred):
        return fault(part, "an expression has no '*' before a value", "a list is given as it is, as in max(sizes)")
    if isinstance(part, ast.Slice):
        return fault(part, "a stretch of a list has no step", "as in sizes[1:], sizes[:2] or sizes[1:3]")
    return fault(part, "values with commas between them need brackets", "write a list: [1, 2]")


def _checked_arguments(call: ast.Call) -> Sequence[ast.expr]:
    if not isinstance(call.func, ast.Name):
        raise fault(call.func, "only a function can be called", f"there are {', '.join(FUNCTIONS)}")
    if call.func.id not in FUNCTIONS:
        help = did_you_mean(call.func.id, FUNCTIONS) or f"there are {', '.join(FUNCTIONS)}"
        raise fault(call.func, f"no function is named '{call.func.id}'", help)
    if call.keywords:
        raise fault(call.keywords[0].value, "an expression has no '**' before a value", "give the values one by one")
    most, given = FUNCTIONS[call.func.id], len(call.args)
    if not 1 <= given <= most:
        takes = {1: "one value", 3: "one to three values"}.get(most, "at least one value")
        raise fault(call, f"{call.func.id} takes {takes}, got {given or 'none'}")
    return call.args


def fault(part: ast.expr, message: str, help: str = "") -> ExpressionError:
    """A fault of one part of an expression."""
    return ExpressionError(message, part.col_offset, part.end_col_offset or 0, help)
