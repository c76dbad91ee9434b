"""The combinators as written: `Residual` with its body and shortcut, `Branches` with its paths."""

from collections.abc import Callable, Sequence

from nnspec.diagnostics import Findings, Span
from nnspec.source import Node
from nnspec.spec.instantiate import show, unknown_key
from nnspec.spec.spec import Entry
from nnspec.spec.vocabulary import COMBINATORS

ReadList = Callable[[Sequence[Node]], tuple[Entry, ...]]
EXAMPLES = {
    "Residual": "as in `Residual: {body: [...]}`",
    "Branches": "as in `Branches: {paths: [[...], []], merge: Add}`",
}


def read_parts(
    kind: str, arguments: Node | None, span: Span, read: ReadList, findings: Findings
) -> dict[str, tuple[Entry, ...]] | None:
    """The lists of layers in a combinator by what they are; None after telling what is wrong."""
    given = _given(kind, arguments, span, findings)
    if given is None:
        return None
    parts = {}
    for key, node in _lists(kind, given):
        if not isinstance(node.value, list):
            findings.error("wrong-type", f"{key} is a list of layers, got {show(node.plain())}", node.span)
            return None
        if not node.value and key in ("body", "shortcut", "paths"):
            what = "layer" if kind == "Residual" else "list of layers"
            findings.error("wrong-type", f"{key} is a list of at least one {what}, got an empty list", node.span)
            return None
        parts[key] = read(node.value)
    return parts


def _given(kind: str, arguments: Node | None, span: Span, findings: Findings) -> Node | None:
    """What stands in the combinator by key."""
    first, *_ = fields = list(COMBINATORS[kind])
    node = arguments if arguments and arguments.value is not None else Node({}, span)
    if isinstance(node.value, list) and kind == "Residual":
        node = Node({first: node}, node.span, {first: node.span})
    if not isinstance(node.value, dict):
        findings.error(
            "wrong-type", f"{kind} has {', '.join(fields)}, got {show(node.plain())}", node.span, help=EXAMPLES[kind]
        )
        return None
    strangers = [key for key in node.value if key not in fields]
    for key in strangers:
        unknown_key(key, fields, kind, node.keys[key], findings)
    missing = [key for key in (first, *(["merge"] if kind == "Branches" else [])) if key not in node.value]
    if missing and not strangers:
        findings.error("missing-key", f"{kind} needs {' and '.join(missing)}", span, help=EXAMPLES[kind])
    return None if strangers or missing else node


def _lists(kind: str, given: Node) -> list[tuple[str, Node]]:
    """Each list of layers and its key; paths are numbered, and a repeated one is `paths`."""
    if kind == "Residual":
        return [(key, node) for key in ("body", "shortcut") if (node := given.get(key))]
    paths = given.get("paths")
    assert paths
    if isinstance(paths.value, dict):
        layers = paths.get("layers")
        right = layers is not None and set(paths.value) == {"repeat", "layers"}
        return [("paths", layers if right and layers else paths)]
    if not isinstance(paths.value, list) or not paths.value:
        return [("paths", paths)]
    return [(f"paths.{index}", node) for index, node in enumerate(paths.value)]
