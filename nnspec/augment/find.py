"""Which augmentations there are: the built-in ones, then those that installed packages register."""

from importlib import import_module
from typing import TYPE_CHECKING

from nnspec import plugins

if TYPE_CHECKING:
    from nnspec.augment.augmentation import Augmentation

ENTRY_POINTS = "nnspec.augmentations"

FAMILIES = {
    "images": "RandomHorizontalFlip RandomVerticalFlip RandomCrop RandomResizedCrop RandomRotation ColorJitter "
    "RandomErasing",
    "noise": "GaussianNoise TimeMask",
    "mixing": "MixUp CutMix",
}
FAMILY_OF = {name: family for family, names in FAMILIES.items() for name in names.split()}


def known() -> list[str]:
    """Every augmentation's name."""
    return [*FAMILY_OF, *(name for name in plugins.registered(ENTRY_POINTS) if name not in FAMILY_OF)]


def find(name: str) -> "type[Augmentation] | None":
    """The augmentation of this name."""
    if name in FAMILY_OF:
        found: type[Augmentation] = getattr(import_module(f"nnspec.augment.{FAMILY_OF[name]}"), name)
        return found
    plugin: type[Augmentation] | None = plugins.load(ENTRY_POINTS, name)
    return plugin
