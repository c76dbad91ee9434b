"""What an entry of `layers` may be: a layer type, a combinator, or one of the document's blocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nnspec import layers
from nnspec.diagnostics import did_you_mean

COMBINATORS = {"Residual": ("body", "shortcut", "skip"), "Branches": ("paths", "merge")}  # with what each has


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that one document knows."""

    blocks: Mapping[str, Sequence[str]] = field(default_factory=dict)  # with the parameters of each

    def knows(self, kind: str) -> bool:
        """Whether something has this name, or an expression will give it."""
        return kind in self.blocks or kind in COMBINATORS or "$" in kind or layers.is_known(kind)

    def fields(self, kind: str) -> list[str]:
        """The arguments of a layer type, or the parameters of a block."""
        if kind in self.blocks:
            return list(self.blocks[kind])
        layer = layers.find(kind)
        return list(layer.model_fields) if layer else list(COMBINATORS.get(kind, ()))

    def suggestion(self, kind: str) -> str:
        """The way out for a name that nothing has."""
        return did_you_mean(kind, [*self.blocks, *COMBINATORS, *layers.known()]) or "`nnspec layers` lists them"
