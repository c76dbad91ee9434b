"""A spec's text in the one canonical form."""

from nnspec import source
from nnspec.source.file import split_lines
from nnspec.spec.rewrite.json_form import json_piece, write_json
from nnspec.spec.rewrite.order import put_in_order
from nnspec.spec.rewrite.read import read_layout
from nnspec.spec.rewrite.same import unchanged
from nnspec.spec.rewrite.write import write_layout


def format_text(text: str, name: str, *, json: bool = False) -> str:
    """The text with the same meaning and every comment, in the form that all specs share; its own form stays as it is.

    Args:
        text: YAML, or JSON where `json`; it may be wrong as a spec.
        name: what messages call it.

    Raises:
        SpecError: the text is not well-formed, as the one diagnostic says.
        RuntimeError: the form would change what the text means, which is a mistake of ours.
    """
    with source.collector_paused():
        before = source.parse(text, name, json=json)
        return unchanged(before, _json(before) if json else _yaml(text, name), name, json=json)


def _yaml(text: str, name: str) -> str:
    layout = read_layout("\n".join(split_lines(text.lstrip("\ufeff"))), name)
    put_in_order(layout.root.value)
    return write_layout(layout)


def _json(root: source.Node) -> str:
    piece = json_piece(root)
    put_in_order(piece)
    return write_json(piece)
