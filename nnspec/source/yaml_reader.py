"""YAML 1.2 text -> nodes, built from the parser's events.

libyaml's own composer crashes on deep nesting and reads YAML 1.1; its event stream does neither. No function here
calls itself, so the depth of a document never becomes the depth of Python's stack.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

import yaml

from nnspec.diagnostics import Note, Span, SpecError, Text, did_you_mean
from nnspec.source.limits import MAX_DEPTH, Tally, too_deep
from nnspec.source.node import NO_KEYS, Node, Scalar
from nnspec.source.scalars import NO_TAGS, NumberError, resolve, shorten

PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # only its events are used
CORE = "tag:yaml.org,2002:"
CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
BLOCK_STYLES = ("|", ">")
PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]+){1,2}(?=[^#\s])")  # an anchor, a tag
TAG = re.compile(r"(?:&\S*[ \t]+)?(![^\s,\]}]*)")
GLUED_KEY = re.compile(r"([\w-]+):([^/\s].*)")
MINIMAL_SPEC = "the smallest spec:\nnnspec: 1\ninputs: {x: [4]}\nlayers:\n  - Linear: 2"
# libyaml breaks lines at these, as YAML 1.1 did; 1.2 takes them as text.
OLD_LINE_BREAKS = "\x85\u2028\u2029"

Place = tuple[int, int]  # line and column, from 1


class Anchored(NamedTuple):
    """A finished anchor: its node, and what an alias to it adds to the document."""

    node: Node
    nodes: int
    characters: int
    depth: int


@dataclass(slots=True, eq=False)
class Open:
    """A list or mapping whose end has not come yet."""

    event: Any
    start: Place
    value: list[Node] | dict[str, Node]
    end: Place  # of what it holds so far
    nodes: int  # the tally where it began
    characters: int
    deepest: int
    keys: dict[str, Span] = field(default_factory=dict)
    key: str | None = None  # of a mapping: the key that waits for its value
    key_is_plain: bool = False


class YamlReader:
    """Reads one text, once."""

    def __init__(self, source: str, text: Text) -> None:
        self.text = text
        self.source = source
        self.tally = Tally()
        self.open: list[Open] = []
        self.anchors: dict[str, Anchored | None] = {}  # None while the anchor's own value is being read
        self.root: Node | None = None
        self.restored: dict[int, str] = {}
        self.handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.SequenceStartEvent: self._begin,
            yaml.MappingStartEvent: self._begin,
            yaml.SequenceEndEvent: self._finish,
            yaml.MappingEndEvent: self._finish,
            yaml.DocumentStartEvent: self._document,
        }

    def read(self) -> Node:
        """The one document of the text."""
        root = self._build()
        if root is None:
            what = "the file holds nothing but comments" if self.source.strip() else "the file is empty"
            self._refuse(what, Span(self.text, 1, 1, 1, 1), help=MINIMAL_SPEC)
        return root

    def read_value(self, line: int, column: int) -> Node:
        """The value of the text; null, at this place, where there is none."""
        return self._build() or Node(None, Span(self.text, line, column, line, column))

    def _build(self) -> Node | None:
        handlers = self.handlers
        try:
            for event in self.events():
                if handler := handlers.get(event.__class__):
                    handler(event)
        except yaml.MarkedYAMLError as error:
            from nnspec.source.yaml_errors import explain  # here, since most specs are well-formed

            raise SpecError([explain(self.text, error)]) from None
        return self.root

    def events(self) -> Iterator[Any]:
        """What the parser sees, in order."""
        events = PARSER(self._checked_source())
        while not isinstance(event := events.get_event(), yaml.StreamEndEvent):
            yield event

    def _checked_source(self) -> str:
        """The text as libyaml may see it: no control characters, no line breaks of YAML 1.1."""
        if found := CONTROL.search(self.source):
            from nnspec.source.yaml_errors import unreadable_character

            raise SpecError([unreadable_character(self.text, self.source, found.start())])
        old = [character for character in OLD_LINE_BREAKS if character in self.source]
        if not old:
            return self.source
        used = set(self.source)
        unused = (code for code in range(0xF0000, 0xFFFFE) if chr(code) not in used)
        self.restored = {code: character for character, code in zip(old, unused, strict=False)}
        return self.source.translate({ord(character): code for code, character in self.restored.items()})

    def _document(self, event: Any) -> None:
        line = event.start_mark.line + 1
        span = Span(self.text, line, 1, line, 4)
        if self.root is not None:
            self._refuse("a second document begins here", span, help="a spec is one document: one file for each")
        if event.version == (1, 1):
            self._refuse("the file asks for YAML 1.1", span, help="take the %YAML line out: specs are YAML 1.2")

    def _scalar(self, event: Any) -> None:
        first, last = event.start_mark, event.end_mark
        start, end = (first.line + 1, first.column + 1), (last.line + 1, last.column + 1)
        if event.style in BLOCK_STYLES:
            end = self._text_end(start, end)
        if event.anchor or event.tag:
            start = min(self._behind_properties(start), end)
        if end[0] > len(self.text.lines):  # nothing, behind the last line
            start = end = (len(self.text.lines), len(self.text.lines[-1]) + 1)
        span = Span(self.text, *start, *end)
        word: str = event.value.translate(self.restored) if self.restored else event.value
        if "$(" in word and not event.style and word.count("(") > word.count(")"):
            self._check_comma(word, span)
        value = self._value(word, event, span)
        self.tally.add(1, len(word), span)
        node = Node(value, span, NO_KEYS)
        if event.anchor:
            self.anchors[event.anchor] = Anchored(node, 1, len(word), 0)
        self._add(node, start, end, plain=not event.style and event.tag is None)

    def _check_comma(self, word: str, span: Span) -> None:
        """Refuse an expression that a comma of its own has ended: within brackets of YAML's it separates values."""
        behind = self.text.lines[span.end_line - 1][span.end_column - 1 :].lstrip()
        if behind.startswith(","):
            message = f"the expression {shorten(repr(word))} ends at its comma, as all text does within [] and {{}}"
            self._refuse(message, span, help='put it in quotes, as in "$(max(a, b))"')

    def _text_end(self, start: Place, end: Place) -> Place:
        """Where a block of text (`|`, `>`) ends: libyaml counts the blank lines below it."""
        lines = self.text.lines
        line, column = end
        if column == 1 or line > len(lines):
            line -= 1
        while line > start[0] and not lines[line - 1].strip():
            line -= 1
        return line, len(lines[line - 1]) + 1

    def _behind_properties(self, start: Place) -> Place:
        """Where a value stands behind its anchor and tag."""
        line, column = start
        found = PROPERTIES.match(self.text.lines[line - 1], column - 1)
        return (line, found.end() + 1) if found else start

    def _value(self, word: str, event: Any, span: Span) -> Scalar:
        try:
            if event.tag is not None:
                return self._tagged(word, event)
            return word if event.style else resolve(word)
        except NumberError as error:
            raise SpecError.of("number", error.message, span, help=error.help) from None

    def _tagged(self, word: str, event: Any) -> Scalar:
        kind = self._core_tag(event)
        value = None if kind == "str" else resolve(word)
        fits = {
            "str": True,
            "int": type(value) is int,
            "float": isinstance(value, (int, float)) and not isinstance(value, bool),
            "bool": isinstance(value, bool),
            "null": value is None,
        }
        if not fits.get(kind, False):
            self._misfit(event, shorten(repr(word)))
        if kind == "str":
            return word
        return float(value) if kind == "float" and isinstance(value, int) else value

    def _core_tag(self, event: Any) -> str:
        kind: str = event.tag.removeprefix(CORE)
        if kind == event.tag or kind not in ("str", "int", "float", "bool", "null", "map", "seq"):
            shown = event.tag if kind == event.tag else f"!!{kind}"
            self._refuse(f"the tag {shorten(shown)} is not known here", self._tag_span(event), help=NO_TAGS)
        return kind

    def _misfit(self, event: Any, what: str) -> NoReturn:
        tag = event.tag.removeprefix(CORE)
        self._refuse(f"the tag !!{tag} does not fit {what}", self._tag_span(event), help="leave the tag out")

    def _tag_span(self, event: Any) -> Span:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        found = TAG.match(self.text.lines[line - 1], column - 1)
        start, end = found.span(1) if found else (column - 1, column)
        return Span(self.text, line, start + 1, line, end + 1)

    def _alias(self, event: Any) -> None:
        first, last = event.start_mark, event.end_mark
        start, end = (first.line + 1, first.column + 1), (last.line + 1, last.column + 1)
        span = Span(self.text, *start, *end)
        anchored = self.anchors.get(event.anchor)
        if event.anchor not in self.anchors:
            quoted = f'text that begins with * stands in quotes: "*{shorten(event.anchor)}"'
            help = did_you_mean(event.anchor, self.anchors) or quoted
            self._refuse(f"no anchor &{shorten(event.anchor)} stands above this alias", span, help=help)
        if anchored is None:
            help = "an alias stands outside the value that it repeats"
            self._refuse(f"the alias *{shorten(event.anchor)} stands within its own anchor", span, help=help)
        self.tally.aliases += 1
        self.tally.add(anchored.nodes, anchored.characters, span)
        if len(self.open) + anchored.depth > MAX_DEPTH:
            raise too_deep(span)
        if self.open:
            self.open[-1].deepest = max(self.open[-1].deepest, len(self.open) + anchored.depth)
        self._add(anchored.node, start, end, plain=False, key_span=span)

    def _begin(self, event: Any) -> None:
        start = (event.start_mark.line + 1, event.start_mark.column + 1)
        if event.anchor or event.tag:
            start = self._behind_properties(start)
        span = Span(self.text, *start, start[0], start[1] + 1)
        is_list = isinstance(event, yaml.SequenceStartEvent)
        kind = "list" if is_list else "mapping"
        if len(self.open) >= MAX_DEPTH:
            raise too_deep(span)
        if self.open and self._awaits_key():
            self._refuse(f"keys must be text, got a {kind}", span, help="write the key as one word, or in quotes")
        if event.tag is not None and self._core_tag(event) != ("seq" if is_list else "map"):
            self._misfit(event, f"a {kind}")
        if event.anchor:
            self.anchors[event.anchor] = None
        begun = (self.tally.nodes, self.tally.characters, len(self.open) + 1)
        self.tally.add(1, 0, span)
        self.open.append(Open(event, start, [] if is_list else {}, start, *begun))

    def _finish(self, event: Any) -> None:
        done = self.open.pop()
        end = self._closing_bracket(event.end_mark) if done.event.flow_style else None
        end = end or done.end
        node = Node(done.value, Span(self.text, *done.start, *end), done.keys)
        depth = done.deepest - len(self.open)
        if done.event.anchor:
            nodes, characters = self.tally.nodes - done.nodes, self.tally.characters - done.characters
            self.anchors[done.event.anchor] = Anchored(node, nodes, characters, depth)
        if self.open:
            self.open[-1].deepest = max(self.open[-1].deepest, done.deepest)
        self._add(node, done.start, end, plain=False)

    def _closing_bracket(self, mark: Any) -> Place | None:
        """Where a bracketed value ends; `a: 1` as an item of a list has no bracket of its own."""
        line = self.text.lines[mark.line] if mark.line < len(self.text.lines) else ""
        bracketed = line[max(0, mark.column - 1) : mark.column] in ("]", "}")
        return (mark.line + 1, mark.column + 1) if bracketed else None

    def _awaits_key(self) -> bool:
        return isinstance(self.open[-1].value, dict) and self.open[-1].key is None

    def _add(self, node: Node, start: Place, end: Place, *, plain: bool, key_span: Span | None = None) -> None:
        """Put a finished value, or a key, into what is open."""
        if not self.open:
            self.root = node
            return
        top = self.open[-1]
        if isinstance(top.value, list):
            top.value.append(node)
        elif top.key is None:
            self._key(top, node, key_span or node.span, plain)
        else:
            if top.key_is_plain and start == end == top.end:
                self._check_glued(top.key, top.keys[top.key])
            top.value[top.key] = node
            top.key = None
        top.end = end

    def _key(self, top: Open, node: Node, span: Span, plain: bool) -> None:
        assert isinstance(top.value, dict)
        key = node.value
        if not isinstance(key, str):
            written = self.text.lines[span.line - 1][span.column - 1 : span.end_column - 1]
            shown = "nothing" if not written else shorten(written)
            self._refuse(f"keys must be text, got {shown}", span, help=f'write it in quotes: "{shorten(written)}":')
        if key == "<<" and plain:
            help = "YAML 1.2 has no merge keys: write the keys out, or make a block of them"
            self._refuse("'<<' merges nothing here", span, help=help)
        if key in top.value:
            first = top.keys[key]
            note = Note("first", f"at column {first.column}", first)
            raise SpecError.of("duplicate-key", f"the key {shorten(repr(key))} stands twice", span, notes=[note])
        top.key, top.key_is_plain = key, plain
        top.keys[key] = span

    def _check_glued(self, key: str, span: Span) -> None:
        """`{a:1}` is one word to YAML; nobody means it."""
        if found := GLUED_KEY.fullmatch(key):
            message = f"{shorten(repr(key))} is one word: no space follows the colon"
            self._refuse(message, span, help=f"write {shorten(found[1])}: {shorten(found[2])}")

    def _refuse(self, message: str, span: Span, *, help: str) -> NoReturn:
        raise SpecError.of("syntax", message, span, help=help)
