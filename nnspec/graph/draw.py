"""The network as a picture: Mermaid and DOT text, and SVG through Graphviz.

A box for each layer, coloured by its family; what flows along an edge stands on it. Everything that a person
named is escaped, so a name can neither break a picture nor bring markup into a page.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from textwrap import wrap
from typing import Any

from nnspec.diagnostics import SpecError
from nnspec.graph.graph import Graph, Port, Vertex
from nnspec.graph.label import borrowed, main_argument, other_arguments, output_name, shape, shorten
from nnspec.graph.svg import tidy
from nnspec.layers.find import family

MAX_SVG_LAYERS = 1_000  # nobody reads a picture of more, and Graphviz takes minutes
MAX_SPAN = 30_000  # rows that edges cross in all
MAX_CURVED_SPAN = 1_500
SPINE, SPINE_AT_JOIN = 8, 2
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
    "other": ("#ffffff", "#97a3b1"),
}
ROLES = {
    "weights": "linear conv conv_transpose embedding parameter",
    "sequence": "recurrent attention transformer",
    "norm": "norm batchnorm dropout",
    "activation": "activation piecewise softmax pointwise",
    "shape": "reshape axes slicing einops fold pool adaptive_pool unpool reduce pad upsample",
    "combine": "combine einsum arithmetic compare distance",
}
ROLE_OF = {name: role for role, names in ROLES.items() for name in names.split()}

_graphviz = threading.Lock()  # Graphviz keeps global state


@dataclass(frozen=True, slots=True)
class Box:
    """A node of the picture. Its key is free of a user's text."""

    key: str
    title: str
    main: str
    detail: str
    name: str
    role: str
    dashed: bool = False  # trained, and not exported


@dataclass(frozen=True, slots=True)
class Arrow:
    """An edge of the picture."""

    tail: str
    head: str
    label: str
    weight: int = 1  # how much it wants to be straight
    dashed: bool = False


def mermaid(graph: Graph) -> str:
    """The picture as a Mermaid flowchart, which Markdown pages draw by themselves."""
    lines = ["flowchart TB"]
    for box in _boxes(graph):
        opening, closing = ('(["', '"])') if box.role in ("input", "output") else ('["', '"]')
        lines.append(f"  {box.key}{opening}{_mermaid_label(box)}{closing}:::{box.role}")
    lines += [
        f'  {arrow.tail} {"-.->" if arrow.dashed else "-->"}|"{_mermaid_text(arrow.label)}"| {arrow.head}'
        for arrow in _arrows(graph)
    ]
    used = {box.role for box in _boxes(graph)}
    dashed = [box.key for box in _boxes(graph) if box.dashed]
    lines += [
        f"  classDef {role} fill:{fill},stroke:{border},color:{INK}"
        for role, (fill, border) in COLOURS.items()
        if role in used
    ]
    if dashed:
        lines += ["  classDef trained stroke-dasharray:5 4", f"  class {','.join(dashed)} trained"]
    return "\n".join(lines) + "\n"


def dot(graph: Graph, *, quick: bool = False) -> str:
    """The picture in Graphviz's language; `quick` asks for straight edges."""
    lines = [
        "digraph {",
        f'  graph [{QUICK if quick else ""}nodesep=0.35, ranksep=0.4, pad=0.3, bgcolor="white"]',
        f'  node [shape=box, style="filled,rounded", penwidth=1.2, margin="0.22,0.1", fontname="{FONT}", fontsize=13, '
        f'fontcolor="{INK}"]',
        f'  edge [color="{LINE}", fontcolor="{SOFT}", fontname="{FONT}", fontsize=10, arrowsize=0.7, penwidth=1.2]',
    ]
    lines += [_dot_node(box) for box in _boxes(graph)]
    lines += [_dot_edge(arrow) for arrow in _arrows(graph)]
    return "\n".join([*lines, "}"]) + "\n"


def svg(graph: Graph) -> bytes:
    """The picture as an SVG file, laid out by Graphviz."""
    span = _span(graph)
    if len(graph) > MAX_SVG_LAYERS or span > MAX_SPAN:
        raise SpecError.of(
            "limit",
            f"{graph.name or 'the network'} is too large for a picture: "
            f"{len(graph):,} layers, and edges that cross {span:,} rows in all",
            help="`nnspec show` lists it; --dot and --mermaid write the graph without laying it out",
        )
    pygraphviz = _pygraphviz()
    # Routing curves around boxes takes minutes where many long edges cross.
    text = dot(graph, quick=span > MAX_CURVED_SPAN)
    with _graphviz, _quiet_stderr():
        drawn: bytes = pygraphviz.AGraph(string=text).draw(format="svg", prog="dot")
    return tidy(drawn, {box.key: _plain(box.name or box.title) for box in _boxes(graph)})


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


def _span(graph: Graph) -> int:
    """Rows that edges cross, which is what laying out a picture costs: each layer stands below all it takes."""
    # networkx takes 0.2 s to import, and the text formats need none of it.
    from networkx import topological_generations

    digraph = graph.digraph
    row = {name: index for index, names in enumerate(topological_generations(digraph)) for name in names}
    return sum(row[head] - row[tail] for tail, head in digraph.edges)


def _boxes(graph: Graph) -> Iterator[Box]:
    keys = _keys(graph)
    for name in graph.inputs:
        yield Box(keys[name], name, "", "", "", "input", name in graph.only_trained)
    for vertex in graph:
        main, detail = main_argument(vertex.layer), other_arguments(vertex.layer)
        if owners := borrowed(graph, vertex):
            detail = f"the weights of {', '.join(owners)}"
        dashed = vertex.name in graph.only_trained
        yield Box(keys[vertex.name], vertex.kind, main, detail, vertex.name, _role(vertex), dashed)
    for index, name in enumerate(graph.outputs):
        yield Box(f"out{index}", name, "", "", "", "output", name in graph.auxiliary)


def _arrows(graph: Graph) -> Iterator[Arrow]:
    keys = _keys(graph)
    previous = ""
    for vertex in graph:
        for port in vertex.inputs:
            # What follows the layer before makes the straight spine of the picture; shortcuts bend around it.
            weight = 1 if port.vertex != previous else SPINE if len(vertex.inputs) == 1 else SPINE_AT_JOIN
            dashed = vertex.name in graph.only_trained
            yield Arrow(keys[port.vertex], keys[vertex.name], _flow(graph, port), weight, dashed)
        previous = vertex.name
    for index, (name, port) in enumerate(graph.outputs.items()):
        yield Arrow(keys[port.vertex], f"out{index}", _flow(graph, port), dashed=name in graph.auxiliary)


def _keys(graph: Graph) -> dict[str, str]:
    keys = {name: f"in{index}" for index, name in enumerate(graph.inputs)}
    return keys | {name: f"n{index}" for index, name in enumerate(graph.vertices)}


def _flow(graph: Graph, port: Port) -> str:
    """What stands on an edge: the shape, and the output's name where it is not the first."""
    text = shape(graph.tensor(port))
    if port.output == 0:
        return text
    return f"{output_name(graph.vertices[port.vertex], port.output).rpartition('.')[2]} {text}"


def _role(vertex: Vertex) -> str:
    try:
        return ROLE_OF.get(family(vertex.kind), "other")
    except KeyError:  # a layer class that is handed over in Python and registered nowhere
        return "other"


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
    return wrap(detail, MAX_LINE, max_lines=3, placeholder=" …")


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
