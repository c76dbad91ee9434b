"""What installed packages register: layer types, preparation steps, losses, each by an entry point.

A spec can name a plugin's class, never bring one; a plugin cannot replace a built-in.
"""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any


@cache
def registered(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group (`nnspec.layers`, `nnspec.steps`, `nnspec.losses`) by name."""
    return {point.name: point for point in entry_points(group=group)}


def load(group: str, name: str) -> Any:
    """The class that a package registers under this name, or None."""
    point = registered(group).get(name)
    return point.load() if point else None
