"""Values put into a spec's text in place of others: all that stands around them stays, comments too."""

import json
from collections.abc import Iterable
from dataclasses import replace

from nnspec import source
from nnspec.diagnostics import Span, SpecError, did_you_mean
from nnspec.source import Node
from nnspec.spec.overrides import Assignment, assign, long_path, read_assignment


def splice(text: str, name: str, assignments: Iterable[str]) -> str:
    """The YAML text with each `key=value` in the place of what stood there.

    The name of a parameter is short for `params.NAME`. A key that the text does not have is an error: where it would
    stand is the author's to say.
    """
    for assignment in assignments:
        text = _with_value(text, name, read_assignment(assignment))
    return text


def _with_value(text: str, name: str, wanted: Assignment) -> str:
    root = source.parse(text, name)
    wanted = replace(wanted, path=long_path(root, wanted.path))
    span = _found(root, wanted).span
    expected = assign(root, wanted).plain()
    # As it was typed where that means the same there: a comma or a brace means more within braces.
    for written in (wanted.written.strip(), json.dumps(wanted.value.plain(), ensure_ascii=False)):
        found = replaced(text, span, written)
        if _means(found, name, expected):
            return found
    raise SpecError.of(
        "unknown-key", f"cannot put a value in the place of '{_shown(wanted.path)}'", wanted.span, help="edit the file"
    )


def _found(root: Node, wanted: Assignment) -> Node:
    """The node that is there already."""
    here = root
    for depth, step in enumerate(wanted.path):
        inner = _inner(here, step)
        if inner is None:
            raise _missing(root, here, wanted, depth)
        here = inner
    return here


def _inner(here: Node, step: str | int) -> Node | None:
    if isinstance(step, str):
        return here.get(step)
    items = here.value
    return items[step] if isinstance(items, list) and step < len(items) else None


def _missing(root: Node, here: Node, wanted: Assignment, depth: int) -> SpecError:
    step = wanted.path[depth]
    around = f"{_shown(wanted.path[:depth])} has" if depth else "the template has"
    if isinstance(step, int):
        count = len(here.value) if isinstance(here.value, list) else 0
        return SpecError.of("unknown-key", f"{around} no item [{step}]", wanted.span, help=f"it has {count}")
    params = root.get("params")
    known = [*here.keys, *(params.keys if params and not depth else ())]
    help = did_you_mean(step, known) or (f"it has {', '.join(known)}" if known else "")
    return SpecError.of("unknown-key", f"{around} no '{step}' to set", wanted.span, help=help)


def replaced(text: str, span: Span, written: str) -> str:
    """The text with something else in the place of what stands at the span."""
    lines = [f"{line}\n" for line in text.split("\n")]
    start = sum(map(len, lines[: span.line - 1])) + span.column - 1
    end = sum(map(len, lines[: span.end_line - 1])) + span.end_column - 1
    return text[:start] + written + text[end:]


def _means(text: str, name: str, expected: object) -> bool:
    try:
        return bool(source.parse(text, name).plain() == expected)
    except SpecError:
        return False


def _shown(path: Iterable[str | int]) -> str:
    """`layers[0].Linear`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
