"""Text in two columns that fits a terminal."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

WIDTH = 110
GAP = "  "

Row = tuple[str, str]


def paragraph(text: str, indent: str = GAP) -> list[str]:
    """A text, wrapped."""
    return [f"{indent}{line}" for line in wrap(text, WIDTH - len(indent), break_on_hyphens=False)]


def rows(items: Iterable[Row], indent: str = GAP) -> list[str]:
    """Labels and what stands behind each, wrapped below itself."""
    found: Sequence[Row] = list(items)
    width = max((len(label) for label, _ in found), default=0)
    margin = f"{indent}{' ' * width}{GAP}"
    lines = []
    for label, text in found:
        first, *more = wrap(text, max(WIDTH - len(margin), WIDTH // 2), break_on_hyphens=False) or [""]
        lines += [f"{indent}{label:<{width}}{GAP}{first}".rstrip(), *(f"{margin}{line}" for line in more)]
    return lines
