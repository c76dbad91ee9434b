"""YAML text -> its tokens with their places, for what writes a text anew and keeps how it was written."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from nnspec.diagnostics import Text
from nnspec.source.file import split_lines
from nnspec.source.yaml_reader import YamlReader

Kind = Literal["document", "scalar", "alias", "list", "mapping", "end"]
Place = tuple[int, int]  # line and column, from 0

KINDS: dict[str, Kind] = {
    "DocumentStartEvent": "document",
    "ScalarEvent": "scalar",
    "AliasEvent": "alias",
    "SequenceStartEvent": "list",
    "MappingStartEvent": "mapping",
    "SequenceEndEvent": "end",
    "MappingEndEvent": "end",
}


class Token(NamedTuple):
    """A scalar or alias, or where a list or mapping begins or ends. Anchor and tag stand within its places."""

    kind: Kind
    start: Place
    end: Place
    value: str = ""  # of a scalar: its text; of an alias: its anchor
    style: str = ""  # of a scalar: its first character, where that is a quote, | or >
    anchor: str = ""
    tag: str = ""
    flow: bool = False  # whether a list or mapping stands in brackets
    explicit: bool = False  # whether a document begins with ---


def tokens(text: str, name: str) -> Iterator[Token]:
    """The tokens of a text that `parse` accepts."""
    reader = YamlReader(text, Text(name, split_lines(text)))
    for event in reader.events():
        if kind := KINDS.get(type(event).__name__):
            yield _token(kind, event, reader.restored)


def _token(kind: Kind, event: Any, restored: dict[int, str]) -> Token:
    start, end = event.start_mark, event.end_mark
    places = (start.line, start.column), (end.line, end.column)
    if kind == "scalar":
        word = event.value.translate(restored) if restored else event.value
        return Token(kind, *places, word, event.style or "", event.anchor or "", event.tag or "")
    if kind == "alias":
        return Token(kind, *places, event.anchor)
    if kind in ("list", "mapping"):
        return Token(kind, *places, "", "", event.anchor or "", event.tag or "", bool(event.flow_style))
    return Token(kind, *places, explicit=bool(getattr(event, "explicit", False)))
