"""The outline of a spec: inputs, blocks, layers with what stands in them, outputs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lsprotocol.types import SymbolKind

from nnspec.diagnostics import Span
from nnspec.graph.label import shape
from nnspec.lsp.analysis import Analysis
from nnspec.source import Node
from nnspec.spec import Entry


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the outline, and what stands below it."""

    name: str
    detail: str
    kind: SymbolKind
    span: Span
    selection: Span
    below: "tuple[Item, ...]" = ()


def outline(analysis: Analysis) -> list[Item]:
    """The sections that hold something, in the order of the text; nothing where too little can be read."""
    root, spec = analysis.root, analysis.spec
    if not root or not spec:
        return []
    given = {(found.span.line, found.span.column): found.text for found in analysis.annotations}
    layers = tuple(_entries(spec.entries, given))
    blocks = tuple(
        Item(
            name, "", SymbolKind.Class, _whole(root, "blocks", name), block.span, tuple(_entries(block.entries, given))
        )
        for name, block in spec.home.blocks.items()
        if not block.document
    )
    inputs = tuple(
        Item(name, shape(x.tensor), SymbolKind.Variable, _whole(root, "inputs", name), x.span)
        for name, x in spec.inputs.items()
    )
    outputs = tuple(
        Item(name, type(output.loss).__name__ if output.loss else "", SymbolKind.Event, node, output.span)
        for name, output in spec.outputs.items()
        if root.get("outputs") and (node := _whole(root, "outputs", name))
    )
    sections = {"inputs": inputs, "blocks": blocks, "layers": layers, "outputs": outputs}
    found = [_section(root, key, below) for key, below in sections.items() if below and key in root.keys]
    return sorted(found, key=lambda item: item.selection.line)


def _section(root: Node, key: str, below: tuple[Item, ...]) -> Item:
    return Item(key, "", SymbolKind.Namespace, _joined(root.keys[key], root.span_of([key])), root.keys[key], below)


def _whole(root: Node, section: str, name: str) -> Span:
    """A key and its value."""
    return _joined(root.span_of([section, name], key=True), root.span_of([section, name]))


def _joined(first: Span, last: Span) -> Span:
    end = max((first.end_line, first.end_column), (last.end_line, last.end_column))
    return Span(first.text, first.line, first.column, *end)


def _entries(entries: Iterable[Entry], given: dict[tuple[int, int], str]) -> Iterator[Item]:
    for entry in entries:
        place = entry.type_span
        below = tuple(item for part in entry.parts.values() for item in _entries(part, given))
        detail = " ".join(part for part in (entry.kind, given.get((place.line, place.column), "")) if part)
        whole = _joined(entry.node.span, entry.node.span)
        yield Item(entry.name, detail, SymbolKind.Function if below else SymbolKind.Field, whole, place, below)
