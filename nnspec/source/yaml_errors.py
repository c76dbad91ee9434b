"""What the YAML parser complains about -> what a person did, where, and the way out."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nnspec.diagnostics import Diagnostic, Note, Span, Text
from nnspec.source.scalars import NO_TAGS, shorten

BREAK = re.compile("\r\n?|\n")
TAB_INDENT = re.compile(r" *\t")
GLUED = re.compile(r"(\s*(?:- +)*)([A-Za-z_][\w-]*):([^\s/][^#]*?)\s*(?:#.*)?")
WORD = re.compile(r"[^\s,\]}]*")
QUOTE_IT = "put the whole value in quotes"
LONGEST_KEY = 1024  # characters; YAML's own limit


@dataclass(frozen=True, slots=True)
class Trouble:
    """The parser's complaint. Lines and columns count from 1; `begun` is what it was reading then."""

    text: Text
    problem: str
    context: str
    line: int
    column: int
    begun_line: int
    begun_column: int

    @property
    def source_line(self) -> str:
        return self.text.lines[self.line - 1]

    @property
    def character(self) -> str:
        return self.source_line[self.column - 1 : self.column]

    @property
    def before(self) -> str:
        return self.source_line[: self.column - 1]

    @property
    def opener(self) -> str:
        return self.text.lines[self.begun_line - 1][self.begun_column - 1 : self.begun_column]

    @property
    def begins_line(self) -> bool:
        return not self.before.strip()

    def here(self, length: int = 1) -> Span:
        return Span(self.text, self.line, self.column, self.line, self.column + length)

    def there(self, length: int = 1) -> Span:
        return Span(self.text, self.begun_line, self.begun_column, self.begun_line, self.begun_column + length)

    def say(
        self, message: str, help: str = "", *, span: Span | None = None, notes: tuple[Note, ...] = ()
    ) -> Diagnostic:
        return Diagnostic("syntax", message, span or self.here(), notes, help)


def explain(text: Text, error: Any) -> Diagnostic:
    """One diagnostic for an error of the YAML parser."""
    problem = error.problem_mark or error.context_mark
    context = error.context_mark or problem
    line, column = _inside(text, problem)
    trouble = Trouble(text, error.problem or "", error.context or "", line, column, *_inside(text, context))
    found = _tab(trouble) or _glued(trouble)
    if found:
        return found
    said = f"{trouble.problem}; {trouble.context}"
    for words, rule in RULES:
        if words in said:
            return rule(trouble)
    return _anything(trouble)


def unreadable_character(text: Text, source: str, offset: int) -> Diagnostic:
    """A control character, which YAML does not allow anywhere."""
    breaks = [found.end() for found in BREAK.finditer(source, 0, offset)]
    line, column = len(breaks) + 1, offset - (breaks[-1] if breaks else 0) + 1
    code = ord(source[offset])
    escape = f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    in_quotes = f', or write {escape} within double quotes ("...")'
    help = "delete it" if 0xD800 <= code < 0xE000 else f"delete it{in_quotes}"
    message = f"the character U+{code:04X} cannot stand in YAML"
    return Diagnostic("syntax", message, Span(text, line, column, line, column + 1), (), help)


def _inside(text: Text, mark: Any) -> tuple[int, int]:
    """The place of a mark; one behind the text is the end of its last line."""
    if mark.line < len(text.lines):
        return mark.line + 1, mark.column + 1
    return len(text.lines), len(text.lines[-1]) + 1


def _tab(trouble: Trouble) -> Diagnostic | None:
    found = TAB_INDENT.match(trouble.source_line)
    if not found or trouble.column < found.end():
        return None
    span = Span(trouble.text, trouble.line, found.end(), trouble.line, found.end() + 1)
    return trouble.say("a tab indents this line", "indent with spaces", span=span)


def _glued(trouble: Trouble) -> Diagnostic | None:
    """`foo:1` is one word to YAML, and what follows is what it stumbles over."""
    if "mapping values" not in trouble.problem and "could not find expected ':'" not in trouble.problem:
        return None
    for number in {trouble.begun_line: None, trouble.line: None, _line_above(trouble): None}:
        if found := GLUED.fullmatch(trouble.text.lines[number - 1]):
            key, value = found[2], found[3]
            column = len(found[1]) + 1
            span = Span(trouble.text, number, column, number, column + len(key) + 1 + len(value))
            return trouble.say("no space follows the colon", f"write {shorten(key)}: {shorten(value)}", span=span)
    return None


def _line_above(trouble: Trouble) -> int:
    number = trouble.line - 1
    while number > 1 and not trouble.text.lines[number - 1].strip():
        number -= 1
    return max(1, number)


def _second_colon(trouble: Trouble) -> Diagnostic:
    if ": " in trouble.before:
        return trouble.say("a second colon in one value", f"{QUOTE_IT}, or begin the mapping on a line of its own")
    key = trouble.before.strip()
    if len(key) > LONGEST_KEY:
        return _long_key(trouble)
    indent = len(trouble.before) - len(trouble.before.lstrip())
    span = Span(trouble.text, trouble.line, indent + 1, trouble.line, trouble.column)
    above = trouble.text.lines[_line_above(trouble) - 1]
    deeper = indent > len(above) - len(above.lstrip(" -"))
    notes = (Note("above", shorten(above.strip()), Span(trouble.text, _line_above(trouble))),)
    if deeper and ":" in above:
        message = f"'{shorten(key)}' is indented below a line that has its value"
        return trouble.say(message, "indent it like the line above", span=span, notes=notes)
    message = f"the text above runs on into the key '{shorten(key)}'"
    return trouble.say(message, "end the line above with a colon", span=span, notes=notes)


def _no_colon(trouble: Trouble) -> Diagnostic:
    line = trouble.text.lines[trouble.begun_line - 1]
    words = line[trouble.begun_column - 1 :].rstrip()
    if len(words) > LONGEST_KEY:
        return _long_key(trouble)
    help = "a line reads 'key: value', or '- item' in a list"
    return trouble.say("no colon follows this key", help, span=trouble.there(len(words)))


def _long_key(trouble: Trouble) -> Diagnostic:
    return trouble.say(f"the key is longer than {LONGEST_KEY:,} characters", "write a shorter key")


def _bad_line(trouble: Trouble) -> Diagnostic:
    """A line, or the rest of one, that does not go on with the mapping or list around it."""
    if not trouble.begins_line:
        quoted = trouble.before.rstrip().endswith(('"', "'"))
        help = "a quote within quotes is written \\\" or ''; is every quote closed?" if quoted else QUOTE_IT
        return trouble.say("more text follows a complete value", help)
    if trouble.column != trouble.begun_column:
        note = Note("around", f"what begins at column {trouble.begun_column}", trouble.there())
        help = "indent it like the line that it belongs with"
        return trouble.say("the indentation fits no line above", help, notes=(note,))
    if trouble.character == "-":
        return trouble.say("an item of a list stands among keys", "indent it below the key that it belongs to")
    if trouble.character == ":":
        return trouble.say("no key stands before this colon", "an entry reads 'key: value'")
    return trouble.say("a key stands among the items of a list", "begin it with '- ', or indent it below an item")


def _unclosed_bracket(trouble: Trouble) -> Diagnostic:
    opener = trouble.opener if trouble.opener in "[{" else ("[" if "]" in trouble.problem else "{")
    closer = "]" if opener == "[" else "}"
    opened = (Note("opened", f"'{opener}' at column {trouble.begun_column}", trouble.there()),)
    if trouble.character in ("]", "}"):
        message = f"'{trouble.character}' cannot close '{opener}'"
        return trouble.say(message, f"close it with '{closer}' first", notes=opened)
    if _left_the_bracket(trouble):
        return trouble.say(f"'{opener}' is not closed", f"close it with '{closer}'", span=trouble.there())
    if trouble.character == "{" and trouble.before.endswith("$"):
        return trouble.say("'${' begins no expression", "write $name or $(expression)")
    help = "separate values with commas; text that holds ': ' stands in quotes"
    return trouble.say(f"a comma or '{closer}' is missing here", help, notes=opened)


def _left_the_bracket(trouble: Trouble) -> bool:
    """Whether the trouble stands where the bracket should be over: at the end, or no deeper than its own line."""
    if trouble.line == trouble.begun_line:
        return not trouble.source_line[trouble.column - 1 :].strip()
    line, begun = trouble.source_line, trouble.text.lines[trouble.begun_line - 1]
    return not line.strip() or len(line) - len(line.lstrip()) <= len(begun) - len(begun.lstrip())


def _no_value(trouble: Trouble) -> Diagnostic:
    character = trouble.character
    if character == ",":
        return trouble.say("a value is missing before this comma", "write the value, or delete the comma")
    if character in ("]", "}") and character:
        return trouble.say(f"'{character}' closes nothing", "delete it, or open the bracket that it closes")
    if character == "-":
        return trouble.say("'- ' cannot begin an item inside brackets", "separate the items with commas: [a, b]")
    return trouble.say("a value is missing here", "write the value, or null")


def _unclosed_quote(trouble: Trouble) -> Diagnostic:
    return trouble.say("the quote is not closed", f"close it with {trouble.opener}", span=trouble.there())


def _bad_start(trouble: Trouble) -> Diagnostic:
    return trouble.say(f"a value cannot begin with '{trouble.character}'", QUOTE_IT)


def _bad_alias(trouble: Trouble) -> Diagnostic:
    found = WORD.match(trouble.text.lines[trouble.begun_line - 1], trouble.begun_column - 1)
    word = found[0] if found else trouble.opener
    kind = "alias" if trouble.opener == "*" else "anchor"
    name = f"'{shorten(word[1:])}' is no name for one" if word[1:] else "no name follows"
    message = f"'{trouble.opener}' begins an {kind}, and {name}"
    return trouble.say(message, f'put text in quotes: "{shorten(word)}"', span=trouble.there(len(word)))


def _colon_at_bracket(trouble: Trouble) -> Diagnostic:
    return trouble.say("no space follows the colon", "write a space behind it, or put the text in quotes")


def _inline_item(trouble: Trouble) -> Diagnostic:
    return trouble.say("a list cannot begin with '- ' here", "begin it on a line of its own, or write [a, b]")


def _question(trouble: Trouble) -> Diagnostic:
    return trouble.say("'? ' cannot stand here", QUOTE_IT)


def _bad_escape(trouble: Trouble) -> Diagnostic:
    column = trouble.source_line.rfind("\\", 0, trouble.column) + 1
    span = Span(trouble.text, trouble.line, column, trouble.line, column + 2)
    escape = trouble.source_line[column - 1 : column + 1]
    return trouble.say(f"{escape} is no escape", "write a backslash as \\\\, or use single quotes", span=span)


def _bad_tag(trouble: Trouble) -> Diagnostic:
    found = WORD.match(trouble.text.lines[trouble.begun_line - 1], trouble.begun_column - 1)
    return trouble.say("this tag is not known here", NO_TAGS, span=trouble.there(len(found[0]) if found else 1))


def _beside_block_text(trouble: Trouble) -> Diagnostic:
    help = f"begin the text on the next line, indented; text that begins with '{trouble.opener}' stands in quotes"
    return trouble.say(f"nothing may follow '{trouble.opener}' on its line", help)


def _after_document(trouble: Trouble) -> Diagnostic:
    return trouble.say("more text follows the end of the document", "one file holds one document")


def _version(trouble: Trouble) -> Diagnostic:
    return trouble.say("this version of YAML is not known", "take the %YAML line out: specs are YAML 1.2")


def _directive(trouble: Trouble) -> Diagnostic:
    message = "a line that begins with '%' is a directive, and this one is not known"
    return trouble.say(message, "put text that begins with '%' in quotes", span=trouble.there())


def _anything(trouble: Trouble) -> Diagnostic:
    context = f" ({trouble.context})" if trouble.context else ""
    return trouble.say(f"not YAML: {trouble.problem}{context}", f"is this text meant? {QUOTE_IT}")


# The first whose words stand in the parser's complaint holds; libyaml's words first, then those of its Python twin.
RULES: tuple[tuple[str, Callable[[Trouble], Diagnostic]], ...] = (
    ("mapping values are not allowed", _second_colon),
    ("could not find expected ':'", _no_colon),
    ("did not find expected key", _bad_line),
    ("did not find expected '-' indicator", _bad_line),
    ("expected <block end>", _bad_line),
    ("expected ',' or ']'", _unclosed_bracket),
    ("expected ',' or '}'", _unclosed_bracket),
    ("expected node content", _no_value),
    ("expected the node content", _no_value),
    ("unexpected end of stream", _unclosed_quote),
    ("unexpected document", _unclosed_quote),
    ("cannot start any token", _bad_start),
    ("expected alphabetic or numeric character", _bad_alias),
    ("unexpected ':'", _colon_at_bracket),
    ("entries are not allowed", _inline_item),
    ("mapping keys are not allowed", _question),
    ("unknown escape", _bad_escape),
    ("hexdecimal number", _bad_escape),
    ("hexadecimal number", _bad_escape),
    ("character escape code", _bad_escape),
    ("undefined tag handle", _bad_tag),
    ("expected '>'", _bad_tag),
    ("expected comment or line break", _beside_block_text),
    ("expected chomping", _beside_block_text),
    ("expected <document start>", _after_document),
    ("expected '<document start>'", _after_document),
    ("incompatible YAML document", _version),
    ("directive", _directive),
    ("ing a tag", _bad_tag),
    ("block scalar", _beside_block_text),
)
