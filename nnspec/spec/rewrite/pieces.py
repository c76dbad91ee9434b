"""A text as a formatter sees it: its values as they were written, in their order, with the comments around them."""

from dataclasses import dataclass, field
from typing import Literal

ALLOW = "nnspec: allow("  # a comment that speaks of its line, so the line stays whole; above the first key, of the file


@dataclass(frozen=True, slots=True, eq=False)
class Comment:
    """A comment and where it stood. Lines and columns count from 0."""

    text: str
    line: int
    column: int
    alone: bool  # on a line of its own
    blank: bool = False  # below a blank line


@dataclass(slots=True, eq=False)
class Piece:
    """A value."""

    kind: Literal["scalar", "alias", "list", "mapping"]
    value: str = ""  # of a scalar: its text; of an alias: its anchor
    style: str = ""  # of a scalar: its first character, where that is a quote, | or >
    written: tuple[str, ...] = ()  # the lines of a scalar that is quoted or takes several
    anchor: str = ""
    tag: str = ""
    flow: bool = False  # in brackets
    bare: bool = False  # a mapping of one pair in a list, without brackets of its own: [a: 1]
    items: "list[Item]" = field(default_factory=list)
    foot: list[Comment] = field(default_factory=list)  # below the last item

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written: `key:`."""
        return self.kind == "scalar" and not self.value and not self.style and not self.tag


@dataclass(slots=True, eq=False)
class Item:
    """An item of a list, or a pair of a mapping."""

    value: Piece
    key: Piece | None = None
    above: list[Comment] = field(default_factory=list)  # on lines of their own
    beside: list[Comment] = field(default_factory=list)  # at the end of its line
    blank: bool = False  # below a blank line


@dataclass(slots=True, eq=False)
class Layout:
    """A whole text."""

    root: Item
    head: list[str] = field(default_factory=list)  # the lines down to ---
    foot: list[Comment] = field(default_factory=list)  # below everything
    comments: int = 0


NOTHING = Piece("scalar")
