"""Diagnostics as the protocol has them."""

from pathlib import Path

from lsprotocol import types

from nnspec.diagnostics import Diagnostic, Note, Span, Text
from nnspec.lsp.buffer import Buffer

FADED = ("unused-layer", "idle-dropout")  # what could go without a loss, which editors show paler


def by_document(found: tuple[Diagnostic, ...], buffer: Buffer) -> dict[str, list[types.Diagnostic]]:
    """What is told of each document: of the buffer itself, and of files that it imports."""
    told: dict[str, list[types.Diagnostic]] = {buffer.uri: []}
    for one in found:
        told.setdefault(uri_of(one.span, buffer), []).append(diagnostic(one, buffer))
    return told


def diagnostic(found: Diagnostic, buffer: Buffer) -> types.Diagnostic:
    """One diagnostic: its notes with a place are related information, the others and the way out stand in its text."""
    placed = [note for note in found.notes if note.span and note.span.line]
    lines = [found.message, *(f"{note.label}: {note.text}" for note in found.notes if note not in placed)]
    is_error = found.severity == "error"
    return types.Diagnostic(
        range=range_of(found.span, buffer),
        message="\n".join([*lines, *([f"help: {found.help}"] if found.help else [])]),
        severity=types.DiagnosticSeverity.Error if is_error else types.DiagnosticSeverity.Warning,
        code=found.code,
        source="nnspec",
        tags=[types.DiagnosticTag.Unnecessary] if found.code in FADED else None,
        related_information=[_related(note, buffer) for note in placed] or None,
    )


def uri_of(span: Span | None, buffer: Buffer) -> str:
    """The document that a span stands in."""
    if span is None or span.text.name == buffer.path.name:
        return buffer.uri
    path = Path(span.text.name)
    return (buffer.path.parent / path).absolute().as_uri()


def range_of(span: Span | None, buffer: Buffer) -> types.Range:
    """Where a span stands; the beginning of the document where nothing is known."""
    return buffer.range(span or Span(Text("")), span.text.lines if span else None)


def _related(note: Note, buffer: Buffer) -> types.DiagnosticRelatedInformation:
    location = types.Location(uri_of(note.span, buffer), range_of(note.span, buffer))
    return types.DiagnosticRelatedInformation(location, f"{note.label}: {note.text}")
