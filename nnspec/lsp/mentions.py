"""Every name in a spec, where it is mentioned, and what it means there: layers, inputs, blocks, imports, parameters."""

import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from nnspec.diagnostics import Span
from nnspec.lsp.buffer import is_within
from nnspec.source import Node
from nnspec.spec import Entry, Spec
from nnspec.spec.formula import CONSTANTS, FUNCTIONS, OPERATOR_WORDS
from nnspec.spec.spec import Block, Reference

DOLLAR = re.compile(r"\$(?:\$|([A-Za-z_]\w*)|\(([^$]*)\))", re.ASCII)
WORD = re.compile(r"""'[^']*'|"[^"]*"|[A-Za-z_]\w*""", re.ASCII)
OWN_WORDS = {*FUNCTIONS, *CONSTANTS, *OPERATOR_WORDS}

Kind = Literal["layer", "input", "block", "import", "parameter"]


@dataclass(frozen=True, slots=True, eq=False)
class Symbol:
    """What a name stands for, and where that is said."""

    kind: Kind
    name: str
    span: Span
    type_span: Span | None = None  # of a layer: where its type stands
    given: bool = True  # whether the text says it wherever it is meant; a layer may be named after its place
    value: Node | None = None  # of a parameter: what was written for it


@dataclass(frozen=True, slots=True, eq=False)
class Mention:
    span: Span
    symbol: Symbol


Scope = ChainMap[str, Symbol]


def mentions(spec: Spec, written: Node) -> list[Mention]:
    """Every mention in the document's own text; where a name is said is a mention of it too."""
    walk = _Walk(spec, written)
    return [mention for mention in walk.all() if mention.span.text is written.span.text and mention.span.line]


def mention_at(found: Iterable[Mention], line: int, column: int) -> Mention | None:
    """The mention at a place, which counts from 0: the shortest."""
    here = [mention for mention in found if is_within(mention.span, line, column)]
    return min(here, key=lambda mention: mention.span.end_column - mention.span.column, default=None)


class _Walk:
    def __init__(self, spec: Spec, written: Node) -> None:
        self.spec, self.written = spec, written
        self.params = _params(written.get("params"))
        self.indirect = frozenset(_indirect(spec.entries)).union(*map(_indirect, _lists(spec)))
        self.inputs = {name: Symbol("input", name, given.span) for name, given in spec.inputs.items()}
        self.blocks = {name: self._symbol(block) for name, block in spec.home.blocks.items()}
        self.block_params = {name: self._own_params(name) for name in self.blocks}

    def all(self) -> Iterator[Mention]:
        scope, params = Scope({}, self.inputs), Scope(self.params)
        for symbol in (*self.params.values(), *self.inputs.values(), *self.blocks.values()):
            yield _said(symbol)
        yield from self._imports()
        yield from self._list(self.spec.entries, scope)
        outputs = self.written.get("outputs")
        for name in outputs.keys if outputs else ():
            yield from _reference(_output(outputs, name), scope)
        for key, node in self.written.value.items() if isinstance(self.written.value, dict) else ():
            if key not in ("blocks", "imports"):
                yield from _parameters(node, params)
        for name, block in self.spec.home.blocks.items():
            if not block.document:
                yield from self._block(name, block, params)

    def _imports(self) -> Iterator[Mention]:
        section = self.written.get("imports")
        for name, node in section.value.items() if section and isinstance(section.value, dict) else ():
            if name in self.blocks:
                yield Mention(node.span, self.blocks[name])

    def _block(self, name: str, block: Block, params: Scope) -> Iterator[Mention]:
        inputs = {name: Symbol("input", name, span) for name, span in block.inputs.items()}
        own = self.block_params[name]
        scope = Scope({}, inputs)
        yield from map(_said, [*own.values(), *(inputs.values() if self._section(name, "inputs") else ())])
        yield from self._list(block.entries, scope)
        for reference in block.outputs.values():
            yield from _reference(reference, scope)
        whole = self.written.get("blocks")
        if node := whole.get(name) if whole else None:
            yield from _parameters(node, params.new_child(own))

    def _symbol(self, block: Block) -> Symbol:
        """A block, said where it stands; an imported one, in its own file."""
        if block.document:
            whole = block.document.root.span
            return Symbol("import", block.name, Span(whole.text, 1, 1, 1, 1))
        sections = [self.written.get("params"), *(self._section(name, "params") for name in self.spec.home.blocks)]
        is_value = any(text == block.name for section in sections if section for text, _ in _texts(section))
        return Symbol("block", block.name, block.span, given=not is_value)

    def _own_params(self, block: str) -> dict[str, Symbol]:
        """A block's parameters. One that is given where a parameter says which block is used has no sure uses."""
        found = _params(self._section(block, "params"))
        return {name: replace(symbol, given=name not in self.indirect) for name, symbol in found.items()}

    def _arguments(self, entry: Entry) -> Iterator[Mention]:
        """The parameters that are given to a block."""
        params = self.block_params.get(entry.kind, {})
        for key, span in entry.arguments.keys.items() if entry.arguments else ():
            if key in params:
                yield Mention(_part(span, key, 0, len(key)), params[key])

    def _section(self, block: str, key: str) -> Node | None:
        blocks = self.written.get("blocks")
        node = blocks.get(block) if blocks else None
        return node.get(key) if node else None

    def _list(self, entries: Iterable[Entry], scope: Scope) -> Iterator[Mention]:
        entries = list(entries)
        for entry in entries:
            given = entry.name_span is not entry.type_span
            symbol = Symbol("layer", entry.name, entry.name_span, entry.type_span, given)
            scope[entry.name] = symbol
            if given:
                yield _said(symbol)
        for entry in entries:
            if entry.kind in self.blocks:
                yield Mention(entry.type_span, self.blocks[entry.kind])
                yield from self._arguments(entry)
            for reference in (*entry.sources, *([entry.share] if entry.share else [])):
                yield from _reference(reference, scope)
            for part in entry.parts.values():
                yield from self._list(part, scope.new_child())


def _said(symbol: Symbol) -> Mention:
    """Where a name is given, which is a mention of it too."""
    return Mention(_part(symbol.span, symbol.name, 0, len(symbol.name)), symbol)


def _params(section: Node | None) -> dict[str, Symbol]:
    if not section or not isinstance(section.value, dict):
        return {}
    return {name: Symbol("parameter", name, section.keys[name], value=node) for name, node in section.value.items()}


def _lists(spec: Spec) -> Iterator[tuple[Entry, ...]]:
    yield from (block.entries for block in spec.home.blocks.values() if not block.document)


def _indirect(entries: Iterable[Entry]) -> Iterator[str]:
    """The arguments of layers whose type is a parameter."""
    for entry in entries:
        if "$" in entry.kind and entry.arguments:
            yield from entry.arguments.keys
        for part in entry.parts.values():
            yield from _indirect(part)


def _output(outputs: Node | None, name: str) -> Reference | None:
    node = outputs.get(name) if outputs else None
    source = node.get("from") if node else None
    return Reference(source.value, source.span) if source and isinstance(source.value, str) else None


def _reference(reference: Reference | None, scope: Mapping[str, Symbol]) -> Iterator[Mention]:
    """`lstm.h_n` mentions `lstm`."""
    if not reference:
        return
    name = reference.text if reference.text in scope else reference.text.partition(".")[0]
    if symbol := scope.get(name):
        yield Mention(_part(reference.span, reference.text, 0, len(name)), symbol)


def _part(span: Span, text: str, start: int, end: int) -> Span:
    """The span of some characters of a text that is written on one line, in quotes or without."""
    lines = span.text.lines
    line = lines[span.line - 1] if 0 < span.line <= len(lines) else ""
    before = line[span.column - 1 : span.end_column - 1].find(text)
    if before < 0:
        return span
    first = span.column + before
    return Span(span.text, span.line, first + start, span.line, first + end)


def _parameters(node: Node, params: Mapping[str, Symbol]) -> Iterator[Mention]:
    """The parameters that the texts of a node mention, those of keys too."""
    for text, span in _texts(node):
        for start, name in names_in(text) if span.line == span.end_line else ():
            if symbol := params.get(name):
                yield Mention(_part(span, text, start, start + len(name)), symbol)


def _texts(node: Node) -> Iterator[tuple[str, Span]]:
    if isinstance(node.value, str):
        yield node.value, node.span
    yield from ((key, span) for key, span in node.keys.items() if "$" in key)
    for item in node:
        yield from _texts(item)


def names_in(text: str) -> Iterator[tuple[int, str]]:
    """Each name that the expressions of a text mention, and where."""
    for found in DOLLAR.finditer(text) if "$" in text else ():
        if found[1]:
            yield found.start(1), found[1]
        for word in WORD.finditer(found[2] or ""):
            if word[0][0] not in "'\"" and word[0] not in OWN_WORDS:
                yield found.start(2) + word.start(), word[0]
