"""JSON text -> nodes. A YAML reader is no JSON reader: it breaks surrogate pairs and refuses long keys."""

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Final, NoReturn

from nnspec.diagnostics import Note, Span, SpecError, Text
from nnspec.source.limits import MAX_DEPTH, Tally, too_deep
from nnspec.source.node import NO_KEYS, Node, Scalar
from nnspec.source.scalars import NumberError, read_float, read_int, shorten

BLANKS = frozenset(" \t\n\r")
BLANK = re.compile(r"[ \t\n\r]*")
BREAK = re.compile("\r\n?|\n")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?(?![\w.+-])")
WORD = re.compile(r"[\w.+-]+|.", re.DOTALL)
CONSTANTS: Final[dict[str, Scalar]] = {"null": None, "true": True, "false": False}
MEANT: Final = {"none": "null", "nil": "null", "undefined": "null", "null": "null", "true": "true", "false": "false"}
CLOSERS: Final = {"[": "]", "{": "}"}
ESCAPES = 'a backslash is written \\\\; the escapes are \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX'


@dataclass(slots=True, eq=False)
class Open:
    """A list or object whose closing bracket has not come yet."""

    bracket: str
    closer: str
    offset: int
    span: Span
    value: list[Node] | dict[str, Node]
    keys: dict[str, Span] = field(default_factory=dict)
    key: str = ""


class JsonReader:
    """Reads one text, once. No function calls itself, so depth costs no stack."""

    def __init__(self, source: str, text: Text) -> None:
        self.source = source
        self.text = text
        self.at = 0
        self.line = 0  # index of the line that the last span began in
        self.line_starts = array("I", [0])
        self.line_starts.extend(found.end() for found in BREAK.finditer(source))
        self.line_starts.append(len(source) + 1)
        self.tally = Tally()
        self.open: list[Open] = []

    def read(self) -> Node:
        """The one value of the text."""
        if self._next() == "":
            self._refuse("the file is empty", 0, help='the smallest document: {"nnspec": 1}')
        root = self._value()
        if self._next() != "":
            self._refuse("more text follows the end of the document", self.at, help="one file holds one document")
        return root

    def _value(self) -> Node:
        while True:
            # A value is either complete at once, or opens a bracket; complete ones may complete what is around them.
            node = self._begin()
            while node is not None:
                if not self.open:
                    return node
                node = self._put(node)

    def _next(self) -> str:
        """Go to the next character that is not blank: it, or nothing at the end."""
        character = self.source[self.at : self.at + 1]
        if character not in BLANKS:
            return character
        found = BLANK.match(self.source, self.at)
        assert found
        self.at = found.end()
        return self.source[self.at : self.at + 1]

    def _begin(self) -> Node | None:
        """Read a scalar or an empty list or object; of any other, open it and read its first key."""
        character = self._next()
        start = self.at
        if character == '"':
            word = self._string()
            return self._scalar(word, start, len(word))
        if character in CLOSERS:
            return self._open_bracket(character)
        if found := NUMBER.match(self.source, start):
            self.at = found.end()
            return self._scalar(self._number(found), start, 0)
        found = WORD.match(self.source, start)
        word = found[0] if found else ""
        if word not in CONSTANTS:
            self._no_value(word)
        self.at += len(word)
        return self._scalar(CONSTANTS[word], start, 0)

    def _scalar(self, value: Scalar, start: int, characters: int) -> Node:
        span = self._span(start, self.at)
        self.tally.add(1, characters, span)
        return Node(value, span, NO_KEYS)

    def _number(self, found: re.Match[str]) -> int | float:
        try:
            return read_float(found[0]) if found[1] or found[2] else read_int(found[0])
        except NumberError as error:
            raise SpecError.of("number", error.message, self._span(*found.span()), help=error.help) from None

    def _open_bracket(self, bracket: str) -> Node | None:
        span = self._span(self.at, self.at + 1)
        if len(self.open) >= MAX_DEPTH:
            raise too_deep(span)
        self.tally.add(1, 0, span)
        self.open.append(Open(bracket, CLOSERS[bracket], self.at, span, [] if bracket == "[" else {}))
        self.at += 1
        if self._next() == CLOSERS[bracket]:
            return self._close()
        if bracket == "{":
            self._key()
        return None

    def _close(self) -> Node:
        done = self.open.pop()
        self.at += 1
        end = self._span(self.at - 1, self.at)
        return Node(done.value, Span(self.text, done.span.line, done.span.column, end.line, end.end_column), done.keys)

    def _put(self, node: Node) -> Node | None:
        """Put a complete value into what is open: that, where it closes now; nothing where another value follows."""
        top = self.open[-1]
        if isinstance(top.value, list):
            top.value.append(node)
        else:
            top.value[top.key] = node
        character = self._next()
        if character == top.closer:
            return self._close()
        if character != ",":
            self._no_comma(top, character)
        comma = self.at
        self.at += 1
        if (character := self._next()) and character in "]}":
            self._refuse(f"a comma stands before the closing '{character}'", comma, help="delete the comma")
        if top.bracket == "{":
            self._key()
        return None

    def _key(self) -> None:
        top, start = self.open[-1], self.at
        if self._next() != '"':
            self._no_key(top)
        key = self._string()
        span = self._span(start, self.at)
        if key in top.keys:
            first = top.keys[key]
            note = Note("first", f"at column {first.column}", first)
            raise SpecError.of("duplicate-key", f"the key {shorten(repr(key))} stands twice", span, notes=[note])
        top.key = key
        top.keys[key] = span
        if self._next() != ":":
            self._refuse(f"no colon follows the key {shorten(repr(key))}", self.at, help='an entry reads "key": value')
        self.at += 1

    def _string(self) -> str:
        start = self.at
        try:
            word, self.at = scanstring(self.source, start + 1, True)
        except JSONDecodeError as error:
            self._bad_string(start, error)
        assert isinstance(word, str)
        return word

    def _span(self, start: int, end: int) -> Span:
        """Of a stretch of one line; faster than `_place` because spans are asked for front to back."""
        starts = self.line_starts
        line = self.line
        while starts[line + 1] <= start:
            line += 1
        self.line = line
        before = starts[line] - 1
        return Span(self.text, line + 1, start - before, line + 1, end - before)

    def _no_value(self, word: str) -> NoReturn:
        if not word:
            self._unclosed()
        if word == ",":
            self._refuse("a value is missing before this comma", self.at, help="write the value, or delete the comma")
        if word in ("]", "}", ":"):
            self._refuse(f"a value is missing before this '{word}'", self.at, help="write the value, or null")
        self._no_comment(word)
        if word.lower().lstrip("+-") in ("nan", "inf", "infinity"):
            self._refuse(
                f"{shorten(word)} is not JSON", self.at, len(word), help="JSON has finite numbers only", code="number"
            )
        if meant := MEANT.get(word.lower()):
            self._refuse(f"{shorten(word)} is not JSON", self.at, len(word), help=f"write {meant}")
        if word[0] in "+-.0123456789":
            help = "no plus sign, no leading zero, digits on both sides of the point: 10, -0.5, 1e-3"
            self._refuse(f"{shorten(word)} is no JSON number", self.at, len(word), help=help, code="number")
        self._not_quoted("this text", word)

    def _no_key(self, top: Open) -> NoReturn:
        found = WORD.match(self.source, self.at)
        if not found:
            self._unclosed()
        self._no_comment(found[0])
        if found[0] == ",":
            self._refuse("a key is missing before this comma", self.at, help="delete the comma")
        if found[0] == "]":
            self._wrong_bracket(top, "]")
        self._not_quoted("this key", found[0])

    def _no_comma(self, top: Open, character: str) -> NoReturn:
        if not character:
            self._unclosed()
        if character in "]}":
            self._wrong_bracket(top, character)
        self._no_comment(character)
        help = "values are separated by commas"
        self._refuse("a comma is missing before this", self.at, help=help, notes=self._opened(top))

    def _unclosed(self) -> NoReturn:
        top = self.open[-1]
        self._refuse(f"'{top.bracket}' is not closed", top.offset, help=f"close it with '{top.closer}'")

    def _wrong_bracket(self, top: Open, closer: str) -> NoReturn:
        help = f"close it with '{top.closer}' first"
        self._refuse(f"'{closer}' cannot close '{top.bracket}'", self.at, help=help, notes=self._opened(top))

    def _opened(self, top: Open) -> list[Note]:
        return [Note("opened", f"'{top.bracket}' at column {top.span.column}", top.span)]

    def _no_comment(self, word: str) -> None:
        if word in ("#", "/"):
            help = "delete it, or write the spec as YAML, in a file that ends in .yaml"
            self._refuse("JSON has no comments", self.at, help=help)

    def _not_quoted(self, what: str, word: str) -> NoReturn:
        if word == "'":
            self._refuse(f"{what} is in single quotes", self.at, help='use double quotes: "..."')
        self._refuse(f"{what} is not in quotes", self.at, len(word), help=f'write "{shorten(word)}"')

    def _bad_string(self, start: int, error: JSONDecodeError) -> NoReturn:
        if "Unterminated" in error.msg:
            self._refuse("the quote is not closed", start, help='close it with "')
        if "control character" not in error.msg:
            at = self.source.rfind("\\", 0, error.pos + 1)
            length = 6 if self.source[at + 1 : at + 2] == "u" else 2
            escape = re.split('["\n\r]', self.source[at : at + length])[0] or "\\"
            self._refuse(f"{escape} is no escape", at, len(escape), help=ESCAPES)
        code = ord(self.source[error.pos])
        if self.source[error.pos] in "\r\n":
            self._refuse("the quote is not closed on its line", start, help="a line break in text is written \\n")
        help = f"delete it, or write \\u{code:04x}"
        self._refuse(f"the character U+{code:04X} cannot stand in JSON text", error.pos, help=help)

    def _refuse(
        self, message: str, start: int, length: int = 1, *, help: str, code: str = "syntax", notes: Iterable[Note] = ()
    ) -> NoReturn:
        self.line = 0
        raise SpecError.of(code, message, self._span(start, start + length), notes=notes, help=help)
