"""The best spec, written as its author would: the text of the file, with a value wherever one was looked for."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnspec import source
from nnspec.diagnostics import Findings, SpecError
from nnspec.source.node import Scalar
from nnspec.spec.search import Search, searches, with_values
from nnspec.spec.splice import replaced

NO_TEXT = ("true", "false", "null", "yes", "no", "on", "off")  # words that some reader of YAML takes for no text


def best_text(path: Path, found: tuple[Search, ...], values: Mapping[str, Scalar], headline: str) -> str | None:
    """The spec's text with these values, below a line that says what they came to.

    None where the file alone does not say it: values are looked for in a file that it extends, or were `--set`.
    """
    text = path.read_text(encoding="utf-8-sig")
    root = source.parse(text, str(path), json=path.suffix == ".json")
    own = searches(root, Findings())
    if {search.path for search in own} != {search.path for search in found}:
        return None
    expected = with_values(root, {search.path: values[search.name] for search in own}).plain()
    for search in sorted(own, key=lambda search: (search.span.line, search.span.column), reverse=True):
        text = _with_value(text, _node(root, search), values[search.name])
    if not _means(text, path, expected):
        return None
    return text if path.suffix == ".json" else f"# {headline}\n{text}"


def _with_value(text: str, node: source.Node, value: Scalar) -> str:
    """The text with a value in the place of a node, on the line of its key."""
    mark = "\0"  # stands in no text that was read
    before, after = replaced(text, node.span, mark).split(mark)
    bare = isinstance(value, str) and re.fullmatch(r"[A-Za-z]\w*", value) and value.casefold() not in NO_TEXT
    return re.sub(r":\s+\Z", ": ", before) + (str(value) if bare else json.dumps(value, ensure_ascii=False)) + after


def _node(root: source.Node, search: Search) -> source.Node:
    here: Any = root
    for step in search.path:
        here = here.value[step]
    found: source.Node = here
    return found


def _means(text: str, path: Path, expected: object) -> bool:
    try:
        return bool(source.parse(text, str(path), json=path.suffix == ".json").plain() == expected)
    except SpecError:
        return False
