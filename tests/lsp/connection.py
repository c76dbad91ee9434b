"""A language server as a process, and the JSON-RPC messages that an editor exchanges with it."""

import json
import os
import selectors
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DEADLINE_S = 60  # far beyond what any answer takes, so that a silent server fails a test and does not hang it

Json = Any


class Connection:
    """Speaks to a server over its standard streams; what the server asks for is answered from `settings`, or null."""

    def __init__(self, command: Sequence[str | Path], *, settings: Mapping[str, Json] | None = None) -> None:
        self.settings = dict(settings or {})
        self.notified: list[Json] = []
        self._count = 0
        self._read = b""
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(list(map(str, command)), stdin=pipe, stdout=pipe, stderr=pipe, env=environment)
        self._selector = selectors.DefaultSelector()
        assert self.process.stdin and self.process.stdout and self.process.stderr
        self._input, self._output, self._errors = self.process.stdin, self.process.stdout, self.process.stderr
        self._selector.register(self._output, selectors.EVENT_READ)

    def initialize(self, capabilities: Mapping[str, Json] | None = None, **options: Json) -> Json:
        """The server's capabilities."""
        given = {"processId": os.getpid(), "rootUri": None, "capabilities": dict(capabilities or {}), **options}
        result = self.request("initialize", given)
        self.notify("initialized", {})
        return result

    def open(self, uri: str, text: str, language: str = "yaml") -> None:
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def change(self, uri: str, text: str, version: int) -> None:
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def at(self, method: str, uri: str, line: int, character: int, **more: Json) -> Json:
        """The answer to a request about a place; line and character count from 0."""
        place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
        return self.request(f"textDocument/{method}", {**place, **more})

    def diagnostics(self, uri: str, version: int | None = None) -> list[Json]:
        """The next diagnostics that the server publishes for a document."""
        while True:
            for index, message in enumerate(self.notified):
                params = message["params"]
                if message["method"] == "textDocument/publishDiagnostics" and params["uri"] == uri:
                    del self.notified[index]
                    if version is None or params.get("version") == version:
                        return list(params["diagnostics"])
                    break
            else:
                self._receive()

    def request(self, method: str, params: Json) -> Json:
        """What the server answers; an error of its own fails the test."""
        self._count += 1
        number = self._count
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message["error"]
                return message["result"]

    def notify(self, method: str, params: Json) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def send(self, message: Json) -> None:
        self.send_bytes(json.dumps(message).encode())

    def send_bytes(self, body: bytes) -> None:
        self._input.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._input.flush()

    def stop(self) -> tuple[int, str]:
        """Shut the server down as an editor does; its exit code, and what it wrote on stderr."""
        self.request("shutdown", None)
        self.notify("exit", None)
        return self.close()

    def close(self) -> tuple[int, str]:
        """Close the server's input, and wait for its end."""
        self._input.close()
        self._selector.close()
        self._output.read()
        errors = self._errors.read().decode()
        code = self.process.wait(DEADLINE_S)
        self._output.close()
        self._errors.close()
        return code, errors

    def _receive(self) -> Json:
        """The next message; a notification is kept, and a request of the server's own is answered."""
        message = self._message()
        if "method" in message and "id" in message:
            self.send({"jsonrpc": "2.0", "id": message["id"], "result": self._answer(message)})
        elif "method" in message:
            self.notified.append(message)
        return message

    def _answer(self, message: Json) -> Json:
        if message["method"] != "workspace/configuration":
            return None
        return [self.settings.get(item.get("section")) for item in message["params"]["items"]]

    def _message(self) -> Json:
        deadline = time.monotonic() + DEADLINE_S
        while True:
            head, found, rest = self._read.partition(b"\r\n\r\n")
            length = int(head.split(b"Content-Length:")[1].split(b"\r\n")[0]) if found else 0
            if found and len(rest) >= length:
                self._read = rest[length:]
                return json.loads(rest[:length])
            assert self._selector.select(deadline - time.monotonic()), "the server is silent"
            data = os.read(self._output.fileno(), 1 << 20)
            if not data:
                raise AssertionError(f"the server has ended: {self._errors.read().decode()}")
            self._read += data
