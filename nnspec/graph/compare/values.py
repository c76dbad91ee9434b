"""The values of two specs beside their layers: inputs, outputs, data, optimizer, scheduler, training, export."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nnspec.layers.words import literal
from nnspec.spec.resolve import resolve
from nnspec.spec.spec import Spec

NOT_COMPARED = ("nnspec", "name", "description", "blocks", "layers")  # layers are compared as the graph has them
ABSENT = object()


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A value at a key of the long form, before and after; `has` says on which sides it is."""

    key: str
    before: Any
    after: Any
    has: tuple[bool, bool] = (True, True)


def changed_values(before: Spec, after: Spec) -> list[ValueChange]:
    """What differs, key by key."""
    left, right = (_compared_part(resolve(spec)) for spec in (before, after))
    return list(_changes("", left, right))


def _compared_part(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in NOT_COMPARED}


def _changes(key: str, before: Any, after: Any) -> Iterator[ValueChange]:
    if before == after:
        return
    if _is_choice(before) and _is_choice(after):
        yield from _choice_changes(key, before, after)
    elif isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            inner = f"{key}.{name}" if key else name
            yield from _changes(inner, before.get(name, ABSENT), after.get(name, ABSENT))
    else:
        has = before is not ABSENT, after is not ABSENT
        yield ValueChange(key, before if has[0] else None, after if has[1] else None, has)


def _choice_changes(key: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[ValueChange]:
    """Of something else only what both know: the rest belongs to the choice."""
    ((kind, ours),) = before.items()
    ((other, theirs),) = after.items()
    if kind != other:
        yield ValueChange(key, kind, other)
        ours = {name: value for name, value in ours.items() if name in theirs}
        theirs = {name: value for name, value in theirs.items() if name in ours}
    yield from _changes(f"{key}.{other}", ours, theirs)


def _is_choice(value: Any) -> bool:
    """`{Adam: {lr: 0.001}}`, as the long form has a class with its arguments."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((name, arguments),) = value.items()
    return name[:1].isupper() and isinstance(arguments, dict)


def shown(value: Any) -> str:
    """A value in short: of a class with arguments its name, of a list its items."""
    if _is_choice(value):
        return str(next(iter(value)))
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {shown(item)}' for key, item in value.items())}}}"
    return value if isinstance(value, str) else literal(value)
