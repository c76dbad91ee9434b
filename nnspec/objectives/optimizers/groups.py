"""Several optimizers, or one with several numbers, each for the parameters that a pattern names."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from pydantic import BaseModel, ConfigDict

from nnspec.layers.layer import Shape
from nnspec.objectives.optimizers import Optimizer


class Group(BaseModel):
    """Parameters by a pattern of their names, and what moves them."""

    model_config = ConfigDict(frozen=True)

    match: str = "*"
    optimizer: Optimizer


class Groups(Optimizer):
    """A list of groups: each parameter belongs to the first whose pattern its name matches."""

    groups: tuple[Group, ...]

    @property
    def members(self) -> tuple[Optimizer, ...]:
        return tuple(group.optimizer for group in self.groups)

    @property
    def one_rate(self) -> bool:
        rates = {(type(member), member.lr) for member in self.members}
        return len(rates) == 1 and all(member.one_rate for member in self.members)

    @property
    def title(self) -> str:
        return " and ".join(dict.fromkeys(member.title for member in self.members))

    def kept(self, shape: Shape) -> int:
        raise AssertionError("what is kept for a parameter its group says")

    def parts(self, parameters: Iterable[str], matrices: frozenset[str]) -> list[tuple[Optimizer, list[str]]]:
        shared = self.shared(parameters)
        return [
            part for member, names in zip(self.members, shared, strict=True) for part in member.parts(names, matrices)
        ]

    def shared(self, parameters: Iterable[str]) -> list[list[str]]:
        """The parameters of each group."""
        found: list[list[str]] = [[] for _ in self.groups]
        for parameter in parameters:
            at = next((at for at, group in enumerate(self.groups) if fnmatchcase(parameter, group.match)), None)
            if at is not None:
                found[at].append(parameter)
        return found
