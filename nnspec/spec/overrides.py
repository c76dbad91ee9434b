"""`--set key=value`: a value of the document replaced, with the same reader and its place on the command line."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from nnspec import source
from nnspec.diagnostics import Span, SpecError, Text, did_you_mean
from nnspec.source import Node
from nnspec.spec.document import Document

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_PATH = re.compile(r"(?:[^.\[\]]+)(?:\.[^.\[\]]+|\[\d+\])*")

Path = list[str | int]


@dataclass(frozen=True, slots=True)
class Assignment:
    """`key=value` as the command line has it: where the value goes, and what it is."""

    path: Path
    value: Node
    written: str  # the value as it was typed
    span: Span  # the key


def override(root: Node, overrides: Iterable[str]) -> Node:
    """The document with each `a.b[0]=value` put in, in order. The name of a parameter is short for `params.NAME`."""
    for text in overrides:
        assignment = read_assignment(text)
        # A section may be put in that the document does not have.
        is_section = assignment.path[0] in Document.model_fields
        path = assignment.path if is_section else long_path(root, assignment.path)
        root = assign(root, replace(assignment, path=path))
    return root


def long_path(root: Node, path: Path) -> Path:
    """The path with `params` before a parameter's name; a section that is there comes first."""
    params, first = root.get("params"), path[0]
    short = params and first not in root.keys and first in params.keys
    return ["params", *path] if short else path


def read_assignment(assignment: str) -> Assignment:
    """What one `--set` says; SpecError where it is no `key=value`."""
    text = Text("command line", (f"--set {assignment}",))
    start = len("--set ") + 1
    key, equals, value = assignment.partition("=")
    span = Span(text, 1, start, 1, start + max(1, len(key)))
    if not equals or not _PATH.fullmatch(key):
        message = f"--set takes key=value, got '{assignment}'"
        raise SpecError.of("syntax", message, span, help="as in --set train.epochs=5 or --set layers[0].Linear=64")
    path: Path = [int(index) if index else name for name, index in _STEP.findall(key)]
    return Assignment(path, source.parse_value(value, text, 1, start + len(key) + 1), value, span)


def assign(root: Node, assignment: Assignment) -> Node:
    """The document with one value put in."""
    path, span = assignment.path, assignment.span
    if path[0] == "params" and len(path) > 1:
        _check_param(root.get("params"), str(path[1]), span)
    return _put(root, path, assignment.value, span)


def _check_param(params: Node | None, name: str, span: Span) -> None:
    """A parameter that is set must be there: one that nothing reads would change nothing."""
    known = list(params.value) if params and isinstance(params.value, dict) else []
    if name not in known:
        help = did_you_mean(name, known) or (f"it has {', '.join(known)}" if known else "it has no parameters")
        raise SpecError.of("unknown-parameter", f"the spec has no parameter '{name}' to set", span, help=help)


def _put(here: Node, path: Path, value: Node, span: Span) -> Node:
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return _put_item(here, step, rest, value, span)
    if here.value is None:
        here = Node({}, here.span)
    elif isinstance(here.value, str) and _is_name(here.value):
        # `optimizer: Adam` is short for `optimizer: {Adam: {}}`.
        here = Node({here.value: Node(None, here.span)}, here.span, {here.value: here.span})
    if not isinstance(here.value, dict):
        raise _cannot(f"'{step}' has no place in {_kind(here)}", span)
    inner = here.value.get(step, Node(None, span))
    items = {**here.value, step: _put(inner, rest, value, span)}
    return Node(items, here.span, {**here.keys, step: here.keys.get(step, span)})


def _put_item(here: Node, index: int, rest: Path, value: Node, span: Span) -> Node:
    if not isinstance(here.value, list) or index >= len(here.value):
        what = f"the list has {len(here.value)}" if isinstance(here.value, list) else f"it is {_kind(here)}"
        raise _cannot(f"there is no item [{index}]: {what}", span)
    items = list(here.value)
    items[index] = _put(items[index], rest, value, span)
    return Node(items, here.span)


def _is_name(text: str) -> bool:
    return text[:1].isupper()


def _kind(here: Node) -> str:
    if isinstance(here.value, list):
        return "a list"
    return "a text" if isinstance(here.value, str) else "a number"


def _cannot(message: str, span: Span) -> SpecError:
    return SpecError.of("unknown-key", f"--set: {message}", span)
