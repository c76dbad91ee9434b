"""Each request of an editor about a document, answered in the protocol's words."""

from collections.abc import Iterator

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from nnspec.diagnostics import Span, SpecError
from nnspec.lsp import actions, completion, symbols, told
from nnspec.lsp.buffer import Buffer
from nnspec.lsp.context import Context, context_at
from nnspec.lsp.document import Document
from nnspec.lsp.hover import hover as hover_text
from nnspec.lsp.mentions import Mention, Symbol, mention_at, mentions
from nnspec.spec.names import name_fault
from nnspec.spec.rewrite import format_text

KINDS = {"layer": "name", "input": "name", "block": "block", "parameter": "parameter"}  # what can be renamed
ANNOTATED = "# →"  # what `nnspec annotate` wrote needs no hint beside it


def inlay_hints(document: Document, params: types.InlayHintParams) -> list[types.InlayHint]:
    """What each entry gives and learns, behind its line.

    While the text cannot be read, or too little of it is right, the lines that did not change keep theirs.
    """
    buffer, known = document.buffer, document.analysis
    before: tuple[str, ...] = buffer.lines
    if not known.annotations and document.good:
        known, before = document.good, document.good_lines
    hints: dict[int, list[str]] = {}
    for found in known.annotations:
        line = found.span.line - 1
        same = line < len(buffer.lines) and before[line] == buffer.lines[line]
        if same and params.range.start.line <= line <= params.range.end.line and ANNOTATED not in buffer.lines[line]:
            hints.setdefault(line, []).append(found.text)
    return [
        types.InlayHint(
            buffer.position(line, len(buffer.lines[line].rstrip())), f"→ {' → '.join(texts)}", padding_left=True
        )
        for line, texts in hints.items()
    ]


def hover(document: Document, params: types.HoverParams) -> types.Hover | None:
    """What the word under the pointer means, and what it is here."""
    (line, column), context = _place(document, params.position)
    if not context.text:
        return None
    text = hover_text(document.analysis, context, line, column)
    buffer = document.buffer
    here = types.Range(buffer.position(line, context.start), buffer.position(line, context.end))
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), here) if text else None


def completions(
    document: Document, params: types.CompletionParams, *, snippets: bool = False
) -> list[types.CompletionItem]:
    """What may be written here."""
    (line, column), context = _place(document, params.position)
    buffer = document.buffer
    has_colon = context.role == "key" and buffer.lines[line][context.end :].lstrip().startswith(":")
    spec = document.analysis.spec or (document.good.spec if document.good else None)
    offers = completion.completions(spec, context, column, has_colon=has_colon, json=buffer.is_json)
    return [_item(offer, buffer, context, line, snippets=snippets) for offer in offers]


def _item(
    offer: completion.Offer, buffer: Buffer, context: Context, line: int, *, snippets: bool
) -> types.CompletionItem:
    start = context.start if offer.start < 0 else offer.start
    here = types.Range(buffer.position(line, start), buffer.position(line, context.end))
    form = types.InsertTextFormat.Snippet if snippets else types.InsertTextFormat.PlainText
    documentation = types.MarkupContent(types.MarkupKind.Markdown, offer.documentation) if offer.documentation else None
    written = offer.label if not buffer.is_json else offer.plain.partition(":")[0]
    return types.CompletionItem(
        offer.label,
        kind=offer.kind,
        documentation=documentation,
        sort_text=offer.rank + offer.label,
        filter_text=written,
        insert_text_format=form,
        text_edit=types.TextEdit(here, offer.text if snippets else offer.plain),
    )


def definition(document: Document, params: types.DefinitionParams) -> types.Location | None:
    """Where a name is said; the file of an import."""
    found = _mention(document, params.position)
    return _location(found.symbol.span, document.buffer) if found else None


def references(document: Document, params: types.ReferenceParams) -> list[types.Location]:
    """Everywhere that a name is mentioned."""
    found = _mention(document, params.position)
    if not found:
        return []
    declared = params.context.include_declaration
    spans = [mention.span for mention in _of(document, found.symbol)]
    kept = [span for span in spans if declared or not _is_in(span, found.symbol.span)]
    return [_location(span, document.buffer) for span in kept]


def prepare_rename(document: Document, params: types.PrepareRenameParams) -> types.Range | None:
    """The word that can be renamed: one that the text gives itself."""
    found = _mention(document, params.position)
    can = found and found.symbol.given and found.symbol.kind in KINDS
    return document.buffer.range(found.span) if found and can else None


def rename(document: Document, params: types.RenameParams) -> types.WorkspaceEdit | None:
    """Another name for the same, wherever it is mentioned."""
    found = _mention(document, params.position)
    if not found or not found.symbol.given or found.symbol.kind not in KINDS:
        return None
    if fault := name_fault(params.new_name):
        raise JsonRpcInvalidParams(fault)
    edits = [
        types.TextEdit(document.buffer.range(mention.span), params.new_name) for mention in _of(document, found.symbol)
    ]
    return types.WorkspaceEdit(changes={document.buffer.uri: edits})


def formatting(document: Document, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
    """The canonical form, where the text can be read."""
    buffer = document.buffer
    try:
        text = format_text(buffer.text, buffer.path.name, json=buffer.is_json)
    except SpecError:
        return None
    return [types.TextEdit(buffer.whole(), text)] if text != buffer.text else []


def document_symbols(document: Document, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    """The outline."""
    return [_outlined(item, document.buffer) for item in symbols.outline(document.analysis)]


def code_actions(document: Document, params: types.CodeActionParams) -> list[types.CodeAction]:
    """The ways out of the mistakes and warnings on these lines."""
    buffer = document.buffer
    return [
        _action(change, told.diagnostic(found, buffer), buffer)
        for found in document.analysis.diagnostics
        if told.uri_of(found.span, buffer) == buffer.uri
        and found.span
        and params.range.start.line <= found.span.end_line - 1
        and found.span.line - 1 <= params.range.end.line
        for change in actions.changes(found, buffer)
    ]


def _action(change: actions.Change, found: types.Diagnostic, buffer: Buffer) -> types.CodeAction:
    here = types.Range(buffer.position(change.line, change.start), buffer.position(change.line, change.end))
    if change.end < 0:
        here = types.Range(buffer.position(change.line, 0), buffer.position(change.line + 1, 0))
    return types.CodeAction(
        change.title,
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[found],
        is_preferred=change.is_preferred,
        edit=types.WorkspaceEdit(changes={buffer.uri: [types.TextEdit(here, change.text)]}),
    )


def _outlined(item: symbols.Item, buffer: Buffer) -> types.DocumentSymbol:
    below = [_outlined(inner, buffer) for inner in item.below]
    whole, selection = buffer.range(item.span), buffer.range(item.selection)
    return types.DocumentSymbol(item.name, item.kind, whole, selection, detail=item.detail, children=below)


def _place(document: Document, position: types.Position) -> tuple[tuple[int, int], Context]:
    line, column = document.buffer.place(position)
    return (line, column), context_at(document.buffer.lines, line, column)


def _all(document: Document) -> Iterator[Mention]:
    known = document.analysis
    return iter(mentions(known.spec, known.root) if known.spec and known.root else ())


def _mention(document: Document, position: types.Position) -> Mention | None:
    return mention_at(_all(document), *document.buffer.place(position))


def _of(document: Document, symbol: Symbol) -> list[Mention]:
    """Every mention of what a symbol stands for, each place once."""
    same = [found for found in _all(document) if (found.symbol.kind, found.symbol.span) == (symbol.kind, symbol.span)]
    return list({(found.span.line, found.span.column): found for found in same}.values())


def _is_in(span: Span, other: Span) -> bool:
    return span.line == other.line and other.column <= span.column and span.end_column <= other.end_column


def _location(span: Span, buffer: Buffer) -> types.Location:
    return types.Location(told.uri_of(span, buffer), told.range_of(span, buffer))
