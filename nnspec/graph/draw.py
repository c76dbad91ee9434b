"""The network as a picture: Mermaid and DOT text, and SVG through Graphviz.

A box for each layer, coloured by its family; what flows along an edge stands on it. Everything that a person
named is escaped, so a name can neither break a picture nor bring markup into a page.
"""

import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html import escape
from textwrap import wrap
from typing import Any

from nnspec.diagnostics import SpecError
from nnspec.graph.graph import Graph
from nnspec.graph.label import shorten
from nnspec.graph.picture import Arrow, Box, Frame, Picture
from nnspec.graph.svg import tidy

MAX_SVG_LAYERS = 1_000  # nobody reads a picture of more, and Graphviz takes minutes
MAX_SPAN = 30_000  # rows that edges cross in all
MAX_CURVED_SPAN = 1_500
QUICK = "splines=line, nslimit=0.1, nslimit1=0.1, mclimit=0.1, "
MAX_LINE = 34  # characters of a line in a box
FONT = "Helvetica,Arial,sans-serif"
INK, SOFT, LINE = "#1f2933", "#5f6c7b", "#8a97a6"

# Fill and border by what a layer does; a plugin's layers look like `other`.
COLOURS = {
    "input": ("#e3f4e6", "#5aa469"),
    "output": ("#fde4e1", "#d1695e"),
    "weights": ("#dfeafd", "#5b86d6"),
    "sequence": ("#e9e2fb", "#8a6fd1"),
    "norm": ("#fdf0d5", "#d3a13c"),
    "activation": ("#fde8d8", "#dc8a4b"),
    "shape": ("#eceff3", "#97a3b1"),
    "combine": ("#d9f2f1", "#3f9f9b"),
    "block": ("#f3eef9", "#9c86c9"),
    "other": ("#ffffff", "#97a3b1"),
}
FRAME = ("#f8fafc", "#cbd3dc")  # around a block

_graphviz = threading.Lock()  # Graphviz keeps global state


def mermaid(graph: Graph, depth: int | None = None) -> str:
    """The picture as a Mermaid flowchart, which Markdown pages draw by themselves."""
    picture = Picture(graph, depth)
    lines = ["flowchart TB", *_mermaid_items(picture.items, "  ")]
    lines += [
        f'  {arrow.tail} {"-.->" if arrow.dashed else "-->"}|"{_mermaid_text(arrow.label)}"| {arrow.head}'
        for arrow in picture.arrows
    ]
    used = {box.role for box in picture.boxes}
    lines += [
        f"  classDef {role} fill:{fill},stroke:{border},color:{INK}"
        for role, (fill, border) in COLOURS.items()
        if role in used
    ]
    if dashed := [box.key for box in picture.boxes if box.dashed]:
        lines += ["  classDef trained stroke-dasharray:5 4", f"  class {','.join(dashed)} trained"]
    if frames := list(_frames(picture.items)):
        lines += [
            f"  classDef frame fill:{FRAME[0]},stroke:{FRAME[1]},color:{SOFT}",
            f"  class {','.join(frames)} frame",
        ]
    return "\n".join(lines) + "\n"


def dot(graph: Graph, depth: int | None = None, *, quick: bool = False) -> str:
    """The picture in Graphviz's language; `quick` asks for straight edges."""
    picture = Picture(graph, depth)
    lines = [
        "digraph {",
        f'  graph [{QUICK if quick else ""}nodesep=0.35, ranksep=0.4, pad=0.3, bgcolor="white"]',
        f'  node [shape=box, style="filled,rounded", penwidth=1.2, margin="0.22,0.1", fontname="{FONT}", fontsize=13, '
        f'fontcolor="{INK}"]',
        f'  edge [color="{LINE}", fontcolor="{SOFT}", fontname="{FONT}", fontsize=10, arrowsize=0.7, penwidth=1.2]',
    ]
    lines += _dot_items(picture.items, "  ")
    lines += [_dot_edge(arrow) for arrow in picture.arrows]
    return "\n".join([*lines, "}"]) + "\n"


def svg(graph: Graph, depth: int | None = None) -> bytes:
    """The picture as an SVG file, laid out by Graphviz."""
    picture = Picture(graph, depth)
    span, count = picture.span, len(picture.boxes) - len(graph.inputs) - len(graph.outputs)
    if count > MAX_SVG_LAYERS or span > MAX_SPAN:
        raise SpecError.of(
            "limit",
            f"{graph.name or 'the network'} is too large for a picture: "
            f"{count:,} layers, and edges that cross {span:,} rows in all",
            help="`--depth 1` folds its blocks; `nnspec show` lists it; --dot and --mermaid write the graph"
            if graph.scopes
            else "`nnspec show` lists it; --dot and --mermaid write the graph without laying it out",
        )
    pygraphviz = _pygraphviz()
    # Routing curves around boxes takes minutes where many long edges cross.
    text = dot(graph, depth, quick=span > MAX_CURVED_SPAN)
    with _graphviz, _quiet_stderr():
        drawn: bytes = pygraphviz.AGraph(string=text).draw(format="svg", prog="dot")
    return tidy(drawn, {box.key: _plain(box.path or box.title) for box in picture.boxes})


def _pygraphviz() -> Any:
    try:
        with _quiet_stderr():
            import pygraphviz
    except ImportError:
        raise SpecError.of(
            "missing-extra",
            "an SVG picture needs Graphviz, which is not installed",
            help="pip install 'nnspec[draw]'; --mermaid and --dot work without it",
        ) from None
    return pygraphviz


def _dot_items(items: Iterable[Box | Frame], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Box):
            yield indent.removesuffix("  ") + _dot_node(item)
            continue
        label = f"<b>{_html(item.title)}</b> <i>{_html(item.name)}</i>"
        yield f"{indent}subgraph cluster_{item.key} {{"
        yield (
            f'{indent}  graph [label=<{label}>, labeljust=l, style="rounded,filled", color="{FRAME[1]}", '
            f'fillcolor="{FRAME[0]}", fontname="{FONT}", fontsize=10, fontcolor="{SOFT}", margin=10]'
        )
        yield from _dot_items(item.items, f"{indent}  ")
        yield f"{indent}}}"


def _mermaid_items(items: Iterable[Box | Frame], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Box):
            opening, closing = ('(["', '"])') if item.role in ("input", "output") else ('["', '"]')
            yield f"{indent}{item.key}{opening}{_mermaid_label(item)}{closing}:::{item.role}"
            continue
        yield f'{indent}subgraph {item.key} ["<b>{_mermaid_text(item.title)}</b> <i>{_mermaid_text(item.name)}</i>"]'
        yield from _mermaid_items(item.items, f"{indent}  ")
        yield f"{indent}end"


def _frames(items: Iterable[Box | Frame]) -> Iterator[str]:
    for item in items:
        if isinstance(item, Frame):
            yield item.key
            yield from _frames(item.items)


def _dot_node(box: Box) -> str:
    fill, border = COLOURS[box.role]
    title = f"<b>{_html(box.title)}</b>{f' {_html(box.main)}' if box.main else ''}"
    small = [*(_html(line) for line in _wrapped(box.detail)), *([f"<i>{_html(box.name)}</i>"] if box.name else [])]
    lines = [title, *(f'<font point-size="10" color="{SOFT}">{line}</font>' for line in small)]
    margin = ', margin="0.35,0.1"' if box.role in ("input", "output") else ""
    dashed = ', style="filled,rounded,dashed"' if box.dashed else ""
    return f'  {box.key} [label=<{"<br/>".join(lines)}>, fillcolor="{fill}", color="{border}"{margin}{dashed}]'


def _dot_edge(arrow: Arrow) -> str:
    weight = f", weight={arrow.weight}" if arrow.weight > 1 else ""
    style = ", style=dashed" if arrow.dashed else ""
    return f"  {arrow.tail} -> {arrow.head} [label=< {_html(arrow.label)} >{weight}{style}]"


def _mermaid_label(box: Box) -> str:
    title = f"<b>{_mermaid_text(box.title)}</b>{f' {_mermaid_text(box.main)}' if box.main else ''}"
    name = [f"<i>{_mermaid_text(box.name)}</i>"] if box.name else []
    return "<br/>".join([title, *(_mermaid_text(line) for line in _wrapped(box.detail)), *name])


def _wrapped(detail: str) -> list[str]:
    return [part for line in detail.splitlines() for part in wrap(line, MAX_LINE, max_lines=3, placeholder=" …")]


def _plain(text: str) -> str:
    """One line of printable characters, of bounded length."""
    return shorten("".join(character if character.isprintable() else " " for character in text), MAX_LINE)


def _html(text: str) -> str:
    return escape(_plain(text))


def _mermaid_text(text: str) -> str:
    """Text with what Mermaid or HTML would read as more than text written by its number."""
    return "".join(c if c.isalnum() or c in " ×()=.,:_-+*/…" else f"#{ord(c)};" for c in _plain(text))


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Keeps what Graphviz's libraries write to the file descriptor off the terminal (fontconfig's warnings)."""
    sys.stderr.flush()
    saved = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)
