"""The server: what it hears of documents, when it checks them, and what it never lets an editor see: its own faults."""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from nnspec import __version__
from nnspec.lsp import answers, told
from nnspec.lsp.buffer import Buffer
from nnspec.lsp.document import Document

PAUSE_S = 0.15  # in which nobody types, before a changed text is checked
HOST = "127.0.0.1"
TRIGGERS = [" ", ":", "$", "{", "[", '"']

Answer = Callable[[Document, Any], Any]
log = logging.getLogger("nnspec.lsp")


class Server(LanguageServer):
    """Holds the open documents. One thread does all checking, so that messages are read while it goes on."""

    def __init__(self) -> None:
        super().__init__("nnspec", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.documents: dict[str, Document] = {}
        self.waiting: dict[str, asyncio.TimerHandle] = {}
        self.checks: set[asyncio.Task[None]] = set()
        self.told: dict[str, dict[str, list[types.Diagnostic]]] = {}  # by the document that it was found from
        self.worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="check")
        _register(self)

    def read(self, uri: str) -> None:
        """Take up the text of a document as it is now."""
        text = self.workspace.get_text_document(uri)
        encoding = str(getattr(self.workspace.position_encoding, "value", self.workspace.position_encoding))
        buffer = Buffer(uri, text.source, text.version, text.language_id or "", encoding)
        before = self.documents.get(uri)
        self.documents[uri] = before.changed(buffer) if before else Document(buffer)

    def check(self, uri: str, *, after_s: float = 0.0) -> None:
        """Check a document and tell what was found, unless it is changed before."""
        if waiting := self.waiting.pop(uri, None):
            waiting.cancel()
        self.waiting[uri] = asyncio.get_running_loop().call_later(after_s, self._start, uri)

    def forget(self, uri: str) -> None:
        """Tell nothing more of a document that was closed, nor of what it imports."""
        if waiting := self.waiting.pop(uri, None):
            waiting.cancel()
        self.documents.pop(uri, None)
        self._tell({}, uri, None)

    async def answer(self, compute: Answer, params: Any) -> Any:
        """The answer about an open spec; nothing for other texts, and nothing where we fail."""
        document = self.documents.get(params.text_document.uri)
        if document is None or not document.buffer.is_spec:
            return None
        return await asyncio.get_running_loop().run_in_executor(self.worker, _guarded, compute, document, params)

    def _start(self, uri: str) -> None:
        self.waiting.pop(uri, None)
        task = asyncio.get_running_loop().create_task(self._check(uri))
        self.checks.add(task)
        task.add_done_callback(self.checks.discard)

    async def _check(self, uri: str) -> None:
        document = self.documents.get(uri)
        if document is None:
            return
        found: dict[str, list[types.Diagnostic]] | None = {}
        if document.buffer.is_spec:
            found = await asyncio.get_running_loop().run_in_executor(self.worker, _guarded, _found, document, None)
        if found is not None and self.documents.get(uri) is document:
            self._tell(found, uri, document.buffer.version)

    def _tell(self, found: dict[str, list[types.Diagnostic]], uri: str, version: int | None) -> None:
        """Publish what was found from a document, and take back what was told before."""
        before = self.told.pop(uri, {})
        if found:
            self.told[uri] = found
        for place in [uri, *(found.keys() | before.keys()) - {uri}]:
            if place != uri and place in self.documents:
                continue  # it is open itself, and tells of itself
            everything = [one for told_from in self.told.values() for one in told_from.get(place, ())]
            once = {(str(one.range), one.message): one for one in everything}
            params = types.PublishDiagnosticsParams(place, list(once.values()), version if place == uri else None)
            self.text_document_publish_diagnostics(params)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """What went wrong stands in the log; an editor that shows it helps nobody."""
        log.error("%s", error)


def listen(port: int) -> socket.socket:
    """Wait for editors at a port of this machine; OSError where it cannot be had."""
    listener = socket.create_server((HOST, port))
    print(f"nnspec lsp: waiting for an editor at {HOST}:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
    return listener


def serve(listener: socket.socket | None = None) -> None:
    """Speak with one editor, over the standard streams or with the first that calls, until it says goodbye."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    if listener is None:
        # What anything else prints must not come between the messages.
        with os.fdopen(os.dup(1), "wb") as output:
            os.dup2(2, 1)
            Server().start_io(sys.stdin.buffer, output)
        return
    with listener:
        connection, _ = listener.accept()
    with connection, connection.makefile("rb") as heard, connection.makefile("wb") as said:
        Server().start_io(heard, said)


def _guarded(compute: Answer, document: Document, params: Any) -> Any:
    try:
        return compute(document, params)
    except JsonRpcException:
        raise  # said to the editor on purpose
    except Exception:
        log.exception("no answer about %s", document.buffer.uri)
        return None


def _found(document: Document, _: None) -> dict[str, list[types.Diagnostic]]:
    return told.by_document(document.analysis.diagnostics, document.buffer)


def _register(server: Server) -> None:
    _register_changes(server)
    quick_fix = types.CodeActionOptions([types.CodeActionKind.QuickFix])
    offers: list[tuple[str, Answer, Any]] = [
        (types.TEXT_DOCUMENT_INLAY_HINT, answers.inlay_hints, None),
        (types.TEXT_DOCUMENT_HOVER, answers.hover, None),
        (types.TEXT_DOCUMENT_COMPLETION, _completions(server), types.CompletionOptions(trigger_characters=TRIGGERS)),
        (types.TEXT_DOCUMENT_DEFINITION, answers.definition, None),
        (types.TEXT_DOCUMENT_REFERENCES, answers.references, None),
        (types.TEXT_DOCUMENT_PREPARE_RENAME, answers.prepare_rename, None),
        (types.TEXT_DOCUMENT_RENAME, answers.rename, types.RenameOptions(prepare_provider=True)),
        (types.TEXT_DOCUMENT_FORMATTING, answers.formatting, None),
        (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, answers.document_symbols, None),
        (types.TEXT_DOCUMENT_CODE_ACTION, answers.code_actions, quick_fix),
    ]
    for method, compute, options in offers:
        server.feature(method, options)(_asked(server, compute))


def _asked(server: Server, compute: Answer) -> Callable[[Any], Any]:
    async def asked(params: Any) -> Any:
        return await server.answer(compute, params)

    return asked


def _completions(server: Server) -> Answer:
    def completions(document: Document, params: types.CompletionParams) -> list[types.CompletionItem]:
        able = server.client_capabilities.text_document
        item = able.completion.completion_item if able and able.completion else None
        return answers.completions(document, params, snippets=bool(item and item.snippet_support))

    return completions


def _register_changes(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.read(params.text_document.uri)
        server.check(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        server.read(params.text_document.uri)
        server.check(params.text_document.uri, after_s=PAUSE_S)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        # Others may import what was saved.
        for uri, document in list(server.documents.items()):
            server.documents[uri] = document.read_again()
            server.check(uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.forget(params.text_document.uri)
