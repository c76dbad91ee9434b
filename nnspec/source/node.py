"""A value of a document and where it stands."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from nnspec.diagnostics import Span

Scalar = None | bool | int | float | str

NO_KEYS: Mapping[str, Span] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value of the document and the place where it stands."""

    value: "Scalar | list[Node] | dict[str, Node]"
    span: Span
    keys: Mapping[str, Span] = field(default_factory=lambda: NO_KEYS)  # of a mapping: where each key stands

    def plain(self) -> Any:
        """The value without places: dicts, lists and scalars, as `json.loads` gives them."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def get(self, key: str) -> "Node | None":
        """The value of a key, where this is a mapping that has it."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def span_of(self, path: Sequence[str | int], *, key: bool = False) -> Span:
        """Where the value at a path stands (or its key); of what is not there, the nearest value around it."""
        here, found = self, self.span
        for step in path:
            if isinstance(here.value, dict) and isinstance(step, str) and step in here.value:
                found = here.keys.get(step, here.span) if key else here.value[step].span
                here = here.value[step]
            elif isinstance(here.value, list) and isinstance(step, int) and 0 <= step < len(here.value):
                here = here.value[step]
                found = here.span
            else:
                break
        return found

    def __iter__(self) -> "Iterator[Node]":
        """The items of a list, the values of a mapping, nothing of a scalar."""
        if isinstance(self.value, dict):
            return iter(self.value.values())
        return iter(self.value if isinstance(self.value, list) else ())
