"""Which layer types there are: the built-in ones, then those that installed packages register.

A family's file is imported when one of its layers is first asked for.
"""

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnspec.layers.layer import Layer

ENTRY_POINTS = "nnspec.layers"

FAMILIES = {
    "linear": "Linear Identity",
    "activation": "Sigmoid Tanh ReLU LeakyReLU GELU Softmax LogSoftmax Heaviside",
    "conv": "Conv1d Conv2d",
    "norm": "BatchNorm1d BatchNorm2d LayerNorm",
    "pool": "MaxPool2d AvgPool2d AdaptiveAvgPool2d",
    "dropout": "Dropout",
    "embedding": "Embedding",
    "recurrent": "RNN LSTM GRU",
    "reshape": "Flatten Last",
    "reduce": "Mean",
    "combine": "Add Mul Concat",
}
FAMILY_OF = {name: family for family, names in FAMILIES.items() for name in names.split()}


def known() -> list[str]:
    """Every layer type's name: built-in ones in the order of their families, then plugins'."""
    return [*FAMILY_OF, *(name for name in _plugins() if name not in FAMILY_OF)]


def find(name: str) -> "type[Layer] | None":
    """The layer type of this name. A plugin cannot replace a built-in."""
    if name in FAMILY_OF:
        found: type[Layer] = getattr(import_module(f"nnspec.layers.{FAMILY_OF[name]}"), name)
        return found
    return _plugin(name) if name in _plugins() else None


def family(name: str) -> str:
    """The family of a layer type: its file, or the package that registers it."""
    return FAMILY_OF.get(name) or _plugins()[name].split(".")[0]


def find_all(names: Iterable[str] | None = None) -> "dict[str, type[Layer]]":
    """Layer types by name; all of them unless named."""
    classes = {name: find(name) for name in (known() if names is None else names)}
    return {name: layer for name, layer in classes.items() if layer}


@cache
def _plugins() -> dict[str, str]:
    """Name -> `package.module:Class` of what installed packages register."""
    return {point.name: point.value for point in entry_points(group=ENTRY_POINTS)}


def _plugin(name: str) -> "type[Layer]":
    (point,) = entry_points(group=ENTRY_POINTS, name=name)
    layer: type[Layer] = point.load()
    return layer
