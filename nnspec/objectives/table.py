"""Classes by name, each imported with its family when it is first asked for: reading a spec pays for what it names."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TypeVar

from nnspec.objectives.described import Described

Made = TypeVar("Made", bound=Described, covariant=True)

NOTHING: Mapping[str, str] = MappingProxyType({})


class Table(Mapping[str, type[Made]]):
    """The classes of one kind. `families` are the files of a package with the names in each, in the order of reading.

    `absent` says of names that PyTorch has and this table has not why that is so.
    """

    def __init__(self, package: str, families: Mapping[str, str], absent: Mapping[str, str] = NOTHING) -> None:
        self.package, self.absent = package, absent
        self.families = {name: family for family, names in families.items() for name in names.split()}

    def __getitem__(self, name: str) -> type[Made]:
        module = import_module(f"{self.package}.{self.families[name]}")
        found: type[Made] = getattr(module, class_name(name))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.families)

    def __len__(self) -> int:
        return len(self.families)


def class_name(name: str) -> str:
    """The class behind a name: itself, and `KaimingNormal` for `kaiming_normal_`."""
    return "".join(part.capitalize() for part in name.split("_")) if name.endswith("_") else name
