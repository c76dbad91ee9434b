"""What is shown of the word under the pointer: its documentation, and what it is here."""

from nnspec.diagnostics import SpecError
from nnspec.graph.explain.layer import Known, in_full
from nnspec.graph.graph import Vertex
from nnspec.graph.label import shape
from nnspec.layers.words import literal
from nnspec.lsp import grammar
from nnspec.lsp.analysis import Analysis
from nnspec.lsp.context import Context
from nnspec.lsp.mentions import Symbol, mention_at, mentions
from nnspec.spec.blocks import REQUIRED
from nnspec.spec.expressions import evaluate_text
from nnspec.spec.spec import Block

MAX_SHOWN = 4  # layers that one line of the text became, each with its shapes


def hover(analysis: Analysis, context: Context, line: int, column: int) -> str:
    """Markdown; nothing where there is nothing to say."""
    parts = [
        _mentioned(analysis, line, column),
        _computed(analysis, context),
        _documented(context),
        _here(analysis, (line + 1, context.start + 1)),
    ]
    return "\n\n".join(part for part in parts if part)


def described(symbol: Symbol, analysis: Analysis) -> str:
    """What a name stands for, in a line."""
    spec = analysis.spec
    assert spec
    if symbol.kind == "parameter":
        value = _value(symbol, analysis)
        return f"`{symbol.name}` = `{value}`" if value else f"`{symbol.name}`, which must be given"
    if symbol.kind in ("block", "import"):
        return f"{symbol.kind} `{symbol.name}`{_params(spec.home.blocks[symbol.name])}"
    place = symbol.type_span or symbol.span
    given = next((found.text for found in analysis.annotations if found.span == place), "")
    if symbol.kind == "input" and symbol.name in spec.inputs:
        given = shape(spec.inputs[symbol.name].tensor)
    return f"{symbol.kind} `{symbol.name}`{': ' if given else ''}{given}"


def _mentioned(analysis: Analysis, line: int, column: int) -> str:
    if not analysis.spec or not analysis.root:
        return ""
    found = mention_at(mentions(analysis.spec, analysis.root), line, column)
    return described(found.symbol, analysis) if found else ""


def _value(symbol: Symbol, analysis: Analysis) -> str:
    """A parameter's value: the document's as computed, a block's as written; nothing where it is required."""
    section = analysis.root.get("params") if analysis.root else None
    assert symbol.value and analysis.spec
    values = analysis.spec.params.values
    if section and section.get(symbol.name) is symbol.value and symbol.name in values:
        return literal(values[symbol.name])
    return literal(symbol.value.plain()) if symbol.value.value != REQUIRED else ""


def _params(block: Block) -> str:
    given = [
        f"`{name}`" if param.default is None else f"`{name}` = `{literal(param.default.plain())}`"
        for name, param in block.params.items()
    ]
    return f", with {', '.join(given)}" if given else ""


def _computed(analysis: Analysis, context: Context) -> str:
    """An expression's value, where it is the same wherever it is used."""
    if "$(" not in context.text or not analysis.spec or not analysis.root or context.path[:1] == ("blocks",):
        return ""
    try:
        value = evaluate_text(context.text, analysis.spec.params.values, analysis.root.span)
    except SpecError:
        return ""
    return f"`{context.text}` is `{literal(value)}`"


def _documented(context: Context) -> str:
    schemas = grammar.at(context.path)
    if context.role != "key" and context.text not in grammar.keys(schemas):
        return ""
    return grammar.documentation(grammar.at((*context.path, context.text)))


def _here(analysis: Analysis, place: tuple[int, int]) -> str:
    """What a layer does here, with its arithmetic; where a line became several layers, what goes in and comes out."""
    vertices = analysis.vertices.get(place, [])
    if len(vertices) == 1 and analysis.graph:
        (vertex,) = vertices
        lines = in_full(Known.of(analysis.graph), vertex, vertex.name, arguments=False)
    else:
        lines = [*map(_shapes, vertices[:MAX_SHOWN])]
        lines += [f"… and {len(vertices) - MAX_SHOWN} more"] if len(vertices) > MAX_SHOWN else []
    return "\n".join(["```text", *lines, "```"]) if lines else ""


def _shapes(vertex: Vertex) -> str:
    return f"{vertex.name}: {', '.join(map(shape, vertex.arrives))} → {', '.join(map(shape, vertex.gives))}"
