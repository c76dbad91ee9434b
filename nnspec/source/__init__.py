"""Text -> values that remember where they stood: YAML 1.2 (core schema) and JSON.

`read` takes a file, `parse` a text, `parse_value` the value of one option of the command line. All give a `Node`
and raise a `SpecError` that points at the mistake.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nnspec.diagnostics import Note, Text
from nnspec.source.file import read_text, split_lines
from nnspec.source.limits import MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_TEXT
from nnspec.source.node import Node, Scalar
from nnspec.source.yaml_reader import YamlReader

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "MAX_TEXT", "Node", "Scalar", "parse", "parse_value", "read"]


def read(path: Path | str, *, name: str = "", via: Note | None = None) -> Node:
    """The value a file holds; `.json` is JSON, everything else YAML.

    `name` is what messages call it, its path unless given; `via` is where another file names it.
    """
    named = Text(name or str(path), via=via)
    return parse(read_text(path, named), named.name, json=Path(path).suffix.lower() == ".json", via=via)


def parse(text: str, name: str, *, json: bool = False, via: Note | None = None) -> Node:
    """The value a text holds; `name` is what messages call it."""
    body = text.lstrip("\ufeff")
    named = Text(name, split_lines(body), via)
    with collector_paused():
        return _read_json(body, named) if json else YamlReader(body, named).read()


def parse_value(value: str, text: Text, line: int, column: int) -> Node:
    """The YAML value that begins at a place within a text, such as `5` in `--set train.epochs=5`."""
    # The blank space before it gives the value the places that it has in the text.
    padded = "\n" * (line - 1) + " " * (column - 1) + value
    return YamlReader(padded, text).read_value(line, column)


def _read_json(text: str, named: Text) -> Node:
    from nnspec.source.json_reader import JsonReader  # here, since few specs are JSON

    return JsonReader(text, named).read()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Nodes form no cycles; looking for some while thousands are made takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
