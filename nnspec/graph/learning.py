"""What a spec says of the network's weights beside their shapes: which are one, which stay, how they begin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from nnspec.objectives import Initializer
from nnspec.spec.spec import InitRule


def tensor_name(path: str, name: str) -> str:
    """A tensor of a layer as the state dict names it; what is itself a tensor has its layer's path."""
    return f"{path}.{name}" if name else path


@dataclass(frozen=True, slots=True, eq=False)
class Learning:
    """Parameters by their state-dict names, modules by their paths."""

    ties: Mapping[str, str] = field(default_factory=dict)  # each parameter that is another one
    frozen: Sequence[str] = ()  # modules whose parameters are not trained
    frozen_by_name: Sequence[str] = ()  # patterns of parameters that are not trained
    thaws: Mapping[str, int] = field(default_factory=dict)  # patterns of frozen ones, and the epoch they learn from
    inits: Mapping[str, Initializer] = field(default_factory=dict)  # as said beside the layer
    rules: Sequence[InitRule] = ()  # for the others; the first that matches

    def owner(self, parameter: str) -> str:
        """The name that a parameter is stored under."""
        return self.ties.get(parameter, parameter)

    def rule(self, parameter: str) -> InitRule | None:
        """The rule that fills a parameter."""
        if parameter in self.inits:
            return None
        return next((rule for rule in self.rules if fnmatchcase(parameter, rule.match)), None)
