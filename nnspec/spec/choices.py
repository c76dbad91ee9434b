"""Classes that a document names: a loss, an optimizer, a step. Looked up by name first, then validated alone."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from pydantic import BaseModel

from nnspec.diagnostics import Findings, did_you_mean
from nnspec.objectives.table import NOTHING
from nnspec.source import Node
from nnspec.spec.instantiate import instantiate, show

Model = TypeVar("Model", bound=BaseModel)


def choose(
    node: Node,
    what: str,
    find: Callable[[str], type[Model] | None],
    known: Iterable[str],
    findings: Findings,
    absent: Mapping[str, str] = NOTHING,
) -> Model | None:
    """`AdamW`, or `{AdamW: {lr: 3e-3}}`, as an object; None after telling what is wrong.

    `what` is the kind in words (`loss`); the code of an unknown one is `unknown-<what>`. `absent` says
    why names that PyTorch has are not known.
    """
    name, arguments = _name_and_arguments(node)
    if name is None:
        found = show(node.plain())
        article = "an" if what[0] in "aeiou" else "a"
        message = f"{article} {what} is a name, or one name with its arguments, got {found}"
        findings.error("wrong-type", message, node.span, help=f"as in `{next(iter(known))}: {{...}}`")
        return None
    span = node.keys[name] if isinstance(node.value, dict) else node.span
    chosen = find(name)
    if chosen is None:
        names = list(known)
        help = did_you_mean(name, names) if name not in absent else ""
        message = f"{name} is left out: {absent[name]}" if name in absent else f"no {what} is named '{name}'"
        findings.error(f"unknown-{what}", message, span, help=help or f"there are {', '.join(names)}")
        return None
    return instantiate(chosen, arguments, name, span, findings)


def choose_each(
    node: Node | None,
    what: str,
    find: Callable[[str], type[Model] | None],
    known: Iterable[str],
    findings: Findings,
    absent: Mapping[str, str] = NOTHING,
) -> tuple[Model, ...]:
    """A list of choices; a single one may stand without the list."""
    if node is None or node.value is None:
        return ()
    names = list(known)
    items = list(node) if isinstance(node.value, list) else [node]
    chosen = [choose(item, what, find, names, findings, absent) for item in items]
    return tuple(item for item in chosen if item is not None)


def _name_and_arguments(node: Node) -> tuple[str | None, Node | None]:
    if isinstance(node.value, str):
        return node.value, None
    if isinstance(node.value, dict) and len(node.value) == 1:
        ((name, arguments),) = node.value.items()
        return name, arguments
    return None, None
