"""HTML as Python writes it: elements within elements, and every text escaped on the way in."""

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

VOID = {"meta", "img", "br"}


class Html(str):
    """Text that is HTML already. Any other string is a user's, and is escaped."""

    __slots__ = ()


Child = str | None


def tag(name: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Html:
    """An element. `class_` is class, `aria_label` is aria-label; an attribute that is None or False is left out."""
    given = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    if name in VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{join(children)}</{name}>")


def join(children: Iterable[Child], between: str = "") -> Html:
    """One after the other."""
    return Html(between.join(_text(child) for child in children if child is not None))


def data_script(name: str, value: Any) -> Html:
    """A value for the page's own script, which nothing in it can leave."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return Html(f'<script type="application/json" id="{escape(name)}">{text}</script>')


def table(header: Sequence[Child], rows: Iterable[Sequence[Child]], *, numbers: int = 1, label: str = "") -> Html:
    """A table that scrolls by itself where it is wide; the columns from `numbers` on are set to the right."""
    cells = [tag("th", cell, scope="col", class_="num" if at >= numbers else None) for at, cell in enumerate(header)]
    head = tag("thead", tag("tr", *cells))
    body = tag("tbody", *(_row(row, numbers) for row in rows))
    return tag("div", tag("table", head, body, aria_label=label or None), class_="scroll", tabindex=0)


def _row(row: Sequence[Child], numbers: int) -> Html:
    first, *rest = row
    cells = [tag("td", cell, class_="num" if at >= numbers else None) for at, cell in enumerate(rest, start=1)]
    return tag("tr", tag("th", first, scope="row"), *cells)


def _attribute(key: str, value: str | int | float | bool) -> str:
    if value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(_clean(str(value)))}"'


def _text(child: str) -> str:
    return child if isinstance(child, Html) else escape(_clean(child), quote=False)


def _clean(text: str) -> str:
    """The text without characters that no page may hold."""
    return "".join(letter if letter >= " " or letter in "\n\t" else "\N{REPLACEMENT CHARACTER}" for letter in text)
