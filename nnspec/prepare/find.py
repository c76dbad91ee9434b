"""Which preparation steps there are: the built-in ones, then those that installed packages register."""

from importlib import import_module
from typing import TYPE_CHECKING

from nnspec import plugins

if TYPE_CHECKING:
    from nnspec.prepare.step import Step

ENTRY_POINTS = "nnspec.steps"

FAMILIES = {
    "numeric": "Standardize RobustScale MinMax Scale Log1p Clip",
    "impute": "Impute",
    "quantile": "Quantile",
    "bins": "KBins",
    "whiten": "Whiten",
    "category": "OneHot Vocabulary Ordinal",
    "moment": "Timestamp Datetime",
    "text": "Tokenize NGrams BPE",
    "series": "Difference Truncate Pad Spectrogram",
    "image": "Image",
    "pixels": "ToChannelsFirst Grayscale Resize CenterCrop NormalizeImage",
}
FAMILY_OF = {name: family for family, names in FAMILIES.items() for name in names.split()}


def known() -> list[str]:
    """Every step's name."""
    return [*FAMILY_OF, *(name for name in plugins.registered(ENTRY_POINTS) if name not in FAMILY_OF)]


def find(name: str) -> "type[Step] | None":
    """The step of this name."""
    if name in FAMILY_OF:
        found: type[Step] = getattr(import_module(f"nnspec.prepare.{FAMILY_OF[name]}"), name)
        return found
    plugin: type[Step] | None = plugins.load(ENTRY_POINTS, name)
    return plugin
