"""What a spec may hold: a text from a stranger ends in an error, not in a full memory."""

from dataclasses import dataclass

from nnspec.diagnostics import Span, SpecError

MAX_BYTES = 4_000_000  # of a file
MAX_DEPTH = 100  # lists and mappings inside one another; any walk over the nodes stays far from Python's own limit
MAX_NODES = 200_000  # values, with aliases written out
MAX_TEXT = 16_000_000  # characters in all scalars, with aliases written out
MAX_INT = 2**63 - 1
MIN_INT = -(2**63)


@dataclass(slots=True)
class Tally:
    """How much a document holds so far, with aliases written out."""

    nodes: int = 0
    characters: int = 0
    aliases: int = 0

    def add(self, nodes: int, characters: int, span: Span) -> None:
        self.nodes += nodes
        self.characters += characters
        if self.nodes > MAX_NODES or self.characters > MAX_TEXT:
            raise self._exceeded(span)

    def _exceeded(self, span: Span) -> SpecError:
        what = f"{MAX_NODES:,} values" if self.nodes > MAX_NODES else f"{MAX_TEXT:,} characters of text"
        message = f"the document holds more than {what}"
        if not self.aliases:
            return SpecError.of("limit", message, span, help="keep data in files of their own")
        help = "use fewer aliases; 'repeat' and blocks say the same thing many times"
        return SpecError.of("limit", f"{message} once each alias is written out", span, help=help)


def too_deep(span: Span) -> SpecError:
    """Lists and mappings nested beyond the limit."""
    return SpecError.of("limit", f"nested more than {MAX_DEPTH} deep", span, help="use blocks to nest less")
