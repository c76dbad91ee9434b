"""`extends`: one document over another, key by key.

Mappings merge at every depth; lists and single values are replaced; `null` takes a key of the base away. A mapping
that names a type (types begin with capitals) replaces one of another type: `{SGD: {...}}` over `{AdamW: {...}}` is
SGD. Every value keeps its place in the file that it comes from.
"""

from nnspec.source import Node

NAMES = frozenset(["params", "inputs", "outputs", "blocks", "imports"])  # their keys are names, whatever their case


def merge(base: Node, over: Node, *, keys_are_names: bool = False) -> Node:
    """The base with what stands over it."""
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        return over
    if not keys_are_names and _types(base) and _types(over) and _types(base) != _types(over):
        return over
    found = dict(base.value)
    for key, node in over.value.items():
        if key not in found:
            found[key] = node
        elif node.value is not None:
            found[key] = merge(found[key], node, keys_are_names=key in NAMES and not keys_are_names)
        elif keys_are_names or not _is_type(key):
            del found[key]
        else:  # `AdamW: null` is AdamW with its defaults
            found[key] = node
    keys = {**base.keys, **over.keys}
    return Node(found, over.span, {key: keys[key] for key in found})


def _types(node: Node) -> frozenset[str]:
    return frozenset(filter(_is_type, node.value)) if isinstance(node.value, dict) else frozenset()


def _is_type(key: str) -> bool:
    return key[:1].isupper()
