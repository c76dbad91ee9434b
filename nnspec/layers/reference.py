"""The layer types as one page for a browser: from the same classes as everything else, and with nothing to load."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape

from nnspec.layers.describe import examples, in_pytorch, output_lines
from nnspec.layers.find import family, find
from nnspec.layers.layer import Layer, summary
from nnspec.layers.operators import operator_lines
from nnspec.layers.words import expected, literal

STYLE = """
:root { color-scheme: light dark; --line: #8a97a644; --soft: #6b7785; --back: #8a97a61a; --link: #3b82f6 }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; display: flex }
nav { position: sticky; top: 0; height: 100vh; overflow: hidden auto; box-sizing: border-box; padding: 1em;
  flex: 0 0 15em; border-right: 1px solid var(--line); font-size: 13px }
nav h2 { font-size: 13px; margin: 1em 0 .2em; color: var(--soft); font-weight: 600 }
nav a { display: block; color: inherit; text-decoration: none; padding: .05em 0 }
nav a:hover { color: var(--link) }
input { width: 100%; box-sizing: border-box; padding: .4em; font: inherit }
main { max-width: 52em; padding: 1em 2.5em 6em; min-width: 0 }
section { border-top: 1px solid var(--line); padding: 1em 0 }
section h3 { margin: .2em 0; font-size: 19px }
h3 small { color: var(--soft); font-weight: normal; font-size: 13px; margin-left: .6em }
pre { background: var(--back); padding: .6em .8em; border-radius: 6px; overflow-x: auto; font-size: 13px;
  margin: .5em 0 }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; margin: .6em 0 }
td, th { text-align: left; vertical-align: top; padding: .25em .8em .25em 0; border-bottom: 1px solid var(--line) }
td:first-child, td:nth-child(2) { font-family: ui-monospace, monospace; font-size: 12.5px; white-space: nowrap }
svg { max-width: 26em; height: auto }
dt { color: var(--soft); font-size: 12.5px; margin-top: .6em } dd { margin: 0 }
@media (max-width: 50em) { nav { display: none } main { padding: 1em } }
"""
FILTER = """
document.querySelector("input").oninput = event => {
  const wanted = event.target.value.toLowerCase();
  for (const part of document.querySelectorAll("[data-name]"))
    part.hidden = !part.dataset.name.toLowerCase().includes(wanted);
};
"""


def page(names: Iterable[str], curves: Mapping[str, str]) -> str:
    """The page of some layer types; `curves` are pictures of those that have one."""
    families: dict[str, list[str]] = {}
    for name in names:
        families.setdefault(family(name), []).append(name)
    count = sum(map(len, families.values()))
    title = "nnspec's layer types" if count > 1 else next(iter(families.values()))[0]
    body = [line for found in families.values() for name in found for line in _section(name, curves.get(name, ""))]
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
            '<meta name="viewport" content="width=device-width">',
            f"<style>{STYLE}</style></head><body>",
            *(_contents(families) if count > 1 else ()),
            f"<main><h1>{escape(title)}</h1>" if count > 1 else "<main>",
            *body,
            "</main>",
            *([f"<script>{FILTER}</script>"] if count > 1 else ()),
            "</body></html>\n",
        ]
    )


def _contents(families: Mapping[str, Iterable[str]]) -> Iterator[str]:
    yield '<nav><input type="search" placeholder="find a layer" aria-label="find a layer">'
    for title, names in families.items():
        yield f"<h2>{escape(title.replace('_', ' '))}</h2>"
        yield from (f'<a href="#{escape(name)}" data-name="{escape(name)}">{escape(name)}</a>' for name in names)
    yield "</nav>"


def _section(name: str, curve: str) -> Iterator[str]:
    layer = find(name)
    assert layer is not None
    yield f'<section id="{escape(name)}" data-name="{escape(name)}">'
    yield f"<h3>{escape(name)}<small>{escape(family(name).replace('_', ' '))}</small></h3>"
    yield f"<p>{escape(summary(layer))}</p>"
    yield from (
        f"<pre>{escape(part)}</pre>" if "->" in part else f"<p>{escape(part)}</p>" for part in _paragraphs(layer)
    )
    yield curve
    if layer.model_fields:
        yield from _fields(layer)
    if len(re.findall(r"\w+", layer.returns)) != 1:
        yield from (f"<p>{escape(line.strip())}</p>" for line in output_lines(layer))
    if layer.examples:
        yield "<dl><dt>in a spec; the shapes are without the batch</dt>"
        yield from (
            f"<dd><pre>{escape(entry)}\n# {escape(shapes)}</pre></dd>" for shapes, entry in examples(name, layer)
        )
        yield f"<dt>in PyTorch</dt><dd><pre>{escape(in_pytorch(layer))}</pre></dd>"
        yield f"<dt>in ONNX</dt><dd>{'<br>'.join(map(escape, operator_lines(layer)))}</dd></dl>"
    yield "</section>"


def _paragraphs(layer: type[Layer]) -> list[str]:
    """What the documentation says after its first sentence."""
    text = inspect.cleandoc(layer.__doc__ or "")
    first, *others = text.split("\n\n")
    rest = " ".join(first.split()).removeprefix(summary(layer)).strip()
    return [part for part in (rest, *others) if part]


def _fields(layer: type[Layer]) -> Iterator[str]:
    yield "<table><tr><th>argument<th>default<th>takes<th></tr>"
    for name, info in layer.model_fields.items():
        default = "required" if info.is_required() else literal(info.default)
        cells = (name, default, expected(layer, name), info.description or "")
        yield f"<tr>{''.join(f'<td>{escape(cell)}' for cell in cells)}</tr>"
    yield "</table>"
