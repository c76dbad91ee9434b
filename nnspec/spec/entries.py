"""The entries of `layers`: one layer type with its arguments, and beside it its name and inputs."""

from collections.abc import Iterable

from nnspec.diagnostics import Findings, Note, Span, did_you_mean
from nnspec.layers import find, is_known, known
from nnspec.source import Node
from nnspec.spec.expressions import mentions
from nnspec.spec.instantiate import show
from nnspec.spec.names import check_name
from nnspec.spec.spec import Entry, Reference

BESIDE = ("name", "from")  # keys beside the layer type


def read_entries(nodes: Iterable[Node], inputs: dict[str, Span], findings: Findings) -> tuple[Entry, ...]:
    """Every entry, named. One whose own mistakes have been told has no layer."""
    items = list(nodes)
    given = {name: span for node in items if (name := _given_name(node)) and (span := _name_span(node))}
    namer = _Namer({*inputs, *given}, dict(inputs))
    return tuple(_entry(node, namer, findings) for node in items)


class _Namer:
    """Gives a layer without a name one after its type and place: conv2d_1, conv2d_2."""

    def __init__(self, taken: set[str], seen: dict[str, Span]) -> None:
        self.taken, self.seen = taken, seen
        self.counts: dict[str, int] = {}

    def after(self, kind: str) -> str:
        stem = kind.lower()
        while True:
            self.counts[stem] = self.counts.get(stem, 0) + 1
            name = f"{stem}_{self.counts[stem]}"
            if name not in self.taken:
                return name

    def check(self, name: str, span: Span, findings: Findings) -> None:
        """Tell of a name that cannot be used or is used twice."""
        if not check_name(name, span, findings):
            return
        if name in self.seen:
            first = Note("first", name, self.seen[name])
            findings.error("duplicate-name", f"a second thing is named '{name}'", span, notes=[first])
        self.seen.setdefault(name, span)


def _entry(node: Node, namer: _Namer, findings: Findings) -> Entry:
    kind, kind_span, arguments = _kind(node, findings)
    is_right = bool(kind) and not _outside(node, kind, findings) and _is_layer(kind, kind_span, findings)
    given, name_span = _given_name(node), _name_span(node)
    if given and name_span:
        namer.check(given, name_span, findings)
    elif name_span:
        findings.error("wrong-type", f"a name is text, got {show(_get(node, 'name'))}", name_span)
    name = given or namer.after(_stem(kind))
    sources = _sources(node, findings)
    return Entry(
        name,
        kind if is_right else "",
        sources,
        node,
        kind_span,
        name_span or kind_span,
        arguments,
        bool(given),
        _is_computed(node, kind),
    )


def _is_computed(node: Node, kind: str) -> bool:
    return "$" in kind or mentions(node)


def _stem(kind: str) -> str:
    """What a layer without a name is named after: its type, or the parameter that gives its type."""
    stem = kind.removeprefix("$")
    return stem if stem.isidentifier() else "layer"


def _kind(node: Node, findings: Findings) -> tuple[str, Span, Node | None]:
    """The layer type's name, its place, and its arguments; no name after telling what is wrong."""
    if isinstance(node.value, str):
        return node.value, node.span, None
    if not isinstance(node.value, dict):
        findings.error(
            "layer-entry",
            f"an entry of layers is a layer type, or one with its arguments, got {show(node.plain())}",
            node.span,
            help="as in `- ReLU` or `- Linear: 10`",
        )
        return "", node.span, None
    kinds = [key for key in node.value if key not in BESIDE]
    layers = [key for key in kinds if is_known(key) or key.startswith("$")]
    if len(kinds) == 1 or len(layers) == 1:
        kind = layers[0] if layers else kinds[0]
        return kind, node.keys[kind], node.value[kind]
    _not_one_layer(node, kinds, layers, findings)
    return "", node.span, None


def _outside(node: Node, kind: str, findings: Findings) -> bool:
    """Tell of keys beside the layer type that do not belong there; whether they are its own arguments."""
    strangers = [key for key in node.keys if key != kind and key not in BESIDE]
    layer = find(kind)
    fields = list(layer.model_fields) if layer else []
    if strangers and _get(node, kind) is None and all(key in fields for key in strangers):
        inside = ", ".join(f"{key}: {show(_get(node, key))}" for key in strangers)
        message = f"the arguments of {kind} stand beside it, not inside"
        help = f"indent them further, or write `{kind}: {{{inside}}}`"
        findings.error("layer-entry", message, node.keys[strangers[0]], help=help)
        return True
    for key in strangers:
        help = did_you_mean(key, [*BESIDE, *fields]) or f"beside a layer stand {' and '.join(BESIDE)}"
        findings.error("unknown-key", f"'{key}' does not stand beside {kind}", node.keys[key], help=help)
    return False


def _not_one_layer(node: Node, kinds: list[str], layers: list[str], findings: Findings) -> None:
    if len(layers) > 1:
        message = f"one entry has {len(layers)} layer types: {', '.join(layers)}"
        findings.error("layer-entry", message, node.keys[layers[1]], help="give each an entry, with a dash, of its own")
    elif "type" in kinds and isinstance(kind := _get(node, "type"), str):
        message = f"the layer type is the key: `- {kind}: {{...}}`, not `type: {kind}`"
        findings.error("layer-entry", message, node.keys["type"])
    elif kinds:
        message = f"no layer type is named '{kinds[0]}'"
        help = did_you_mean(kinds[0], known()) or "`nnspec layers` lists them"
        findings.error("unknown-layer", message, node.keys[kinds[0]], help=help)
    else:
        findings.error("layer-entry", "this entry has no layer type", node.span, help="as in `- Linear: 10`")


def _is_layer(kind: str, span: Span, findings: Findings) -> bool:
    """Whether a layer type has this name, or an expression will give it."""
    if is_known(kind) or "$" in kind:
        return True
    help = did_you_mean(kind, known()) or "`nnspec layers` lists them"
    findings.error("unknown-layer", f"no layer type is named '{kind}'", span, help=help)
    return False


def _sources(node: Node, findings: Findings) -> tuple[Reference, ...]:
    given = node.get("from")
    if given is None:
        return (Reference("_", node.span),)
    items = list(given) if isinstance(given.value, list) else [given]
    if not items:
        findings.error("wrong-value", "`from` names no input", given.span, help="leave it out to take the layer before")
        return ()
    wrong = [item for item in items if not isinstance(item.value, str)]
    for item in wrong:
        findings.error("wrong-type", f"`from` names layers, got {show(item.plain())}", item.span)
    return () if wrong else tuple(Reference(str(item.value), item.span) for item in items)


def _get(node: Node, key: str) -> object:
    value = node.get(key)
    return value.plain() if value else None


def _given_name(node: Node) -> str:
    value = _get(node, "name")
    return value if isinstance(value, str) else ""


def _name_span(node: Node) -> Span | None:
    value = node.get("name")
    return value.span if value else None
