"""The entries of `layers`: one layer type with its arguments, and beside it its name and inputs."""

from collections.abc import Iterable, Mapping, Sequence

from nnspec.diagnostics import Findings, Note, Span, did_you_mean
from nnspec.pycode import is_identifier
from nnspec.source import Node
from nnspec.spec.combinators import read_parts
from nnspec.spec.expressions import mentions
from nnspec.spec.instantiate import show
from nnspec.spec.names import check_name
from nnspec.spec.spec import Entry, Reference
from nnspec.spec.vocabulary import COMBINATORS, Vocabulary

BESIDE = ("share", "name", "from", "when", "repeat", "tie", "freeze", "init")  # keys beside the layer type


def read_entries(
    nodes: Iterable[Node], inputs: Mapping[str, Span], vocabulary: Vocabulary, findings: Findings
) -> tuple[Entry, ...]:
    """Every entry, named. One whose own mistakes have been told has no layer."""
    items = list(nodes)
    given = {name: span for node in items if (name := _given_name(node)) and (span := _name_span(node))}
    namer = _Namer({*inputs, *given}, dict(inputs))
    return tuple(_entry(node, namer, vocabulary, findings) for node in items)


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


def _entry(node: Node, namer: _Namer, vocabulary: Vocabulary, findings: Findings) -> Entry:
    kind, kind_span, arguments = _kind(node, vocabulary, findings)
    share = _share(node, findings)
    is_right = bool(kind) and not _outside(node, kind, vocabulary, findings)
    parts = None
    if is_right and _is_something(kind, kind_span, vocabulary, findings):
        parts = combinator_parts(kind, arguments, kind_span, vocabulary, findings)
    given, name_span = _given_name(node), _name_span(node)
    if given and name_span:
        namer.check(given, name_span, findings)
    elif name_span:
        findings.error("wrong-type", f"a name is text, got {show(_get(node, 'name'))}", name_span)
    return Entry(
        name=given or namer.after(_stem(kind or ("shared" if share else ""))),
        kind=kind if parts is not None else "",
        sources=_sources(node, findings),
        node=node,
        type_span=kind_span,
        name_span=name_span or kind_span,
        arguments=arguments,
        named=bool(given) and not _is_of_place(given, _stem(kind)),
        computed=_is_computed(node, kind),
        when=node.get("when") if isinstance(node.value, dict) else None,
        repeat=node.get("repeat") if isinstance(node.value, dict) else None,
        share=share if parts is not None or not kind else None,
        parts=parts or {},
    )


def combinator_parts(
    kind: str, arguments: Node | None, span: Span, vocabulary: Vocabulary, findings: Findings
) -> dict[str, tuple[Entry, ...]] | None:
    """The lists of layers that stand in a combinator; None after telling what is wrong with it."""
    if kind not in COMBINATORS:
        return {}

    def read(nodes: Sequence[Node]) -> tuple[Entry, ...]:
        return read_entries(nodes, {}, vocabulary, findings)

    return read_parts(kind, arguments, span, read, findings)


def _is_computed(node: Node, kind: str) -> bool:
    return "$" in kind or mentions(node)


def _is_of_place(name: str, stem: str) -> bool:
    """Whether a layer without a name could have got this one: the long form of a spec writes it out."""
    place = name.removeprefix(f"{stem.lower()}_")
    return place != name and place.isdecimal()


def _stem(kind: str) -> str:
    """What a layer without a name is named after: its type, or the parameter that gives its type."""
    stem = kind.removeprefix("$")
    return stem if stem.isidentifier() else "layer"


def _kind(node: Node, vocabulary: Vocabulary, findings: Findings) -> tuple[str, Span, Node | None]:
    """The layer type's name, its place, and its arguments; no name after telling what is wrong."""
    if isinstance(node.value, str) and node.value:
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
    layers = [key for key in kinds if vocabulary.knows(key)]
    if (len(kinds) == 1 or len(layers) == 1) and (kind := layers[0] if layers else kinds[0]):
        return kind, node.keys[kind], node.value[kind]
    if kinds or (shared := node.get("share")) is None:
        _not_one_layer(node, kinds, layers, vocabulary, findings)
        return "", node.span, None
    return "", shared.span, None


def _outside(node: Node, kind: str, vocabulary: Vocabulary, findings: Findings) -> bool:
    """Tell of keys beside the layer type that do not belong there; whether they are its own arguments."""
    strangers = [key for key in node.keys if key != kind and key not in BESIDE]
    fields = vocabulary.fields(kind)
    if strangers and _get(node, kind) is None and all(key in fields for key in strangers):
        inside = ", ".join(f"{key}: {show(_get(node, key))}" for key in strangers)
        message = f"the arguments of {kind} stand beside it, not inside"
        help = f"indent them further, or write `{kind}: {{{inside}}}`"
        findings.error("layer-entry", message, node.keys[strangers[0]], help=help)
        return True
    for key in strangers:
        help = did_you_mean(key, [*BESIDE, *fields]) or f"beside a layer stand {', '.join(BESIDE)}"
        findings.error("unknown-key", f"'{key}' does not stand beside {kind}", node.keys[key], help=help)
    return False


def _not_one_layer(node: Node, kinds: list[str], layers: list[str], vocabulary: Vocabulary, findings: Findings) -> None:
    if len(layers) > 1:
        message = f"one entry has {len(layers)} layer types: {', '.join(layers)}"
        findings.error("layer-entry", message, node.keys[layers[1]], help="give each an entry, with a dash, of its own")
    elif "type" in kinds and isinstance(kind := _get(node, "type"), str):
        message = f"the layer type is the key: `- {kind}: {{...}}`, not `type: {kind}`"
        findings.error("layer-entry", message, node.keys["type"])
    elif kinds:
        message = f"no layer type is named '{kinds[0]}'"
        help = vocabulary.suggestion(kinds[0])
        findings.error("unknown-layer", message, node.keys[kinds[0]], help=help)
    else:
        findings.error("layer-entry", "this entry has no layer type", node.span, help="as in `- Linear: 10`")


def _is_something(kind: str, span: Span, vocabulary: Vocabulary, findings: Findings) -> bool:
    """Tell of a name that nothing has."""
    if vocabulary.knows(kind):
        return True
    findings.error("unknown-layer", f"no layer type is named '{kind}'", span, help=vocabulary.suggestion(kind))
    return False


def _sources(node: Node, findings: Findings) -> tuple[Reference, ...]:
    given = node.get("from")
    if given is None:
        return (Reference("_", node.span),)
    slots: list[Node | None] = [None]
    items = list(given) if isinstance(given.value, list) else [given]
    if isinstance(given.value, dict):
        slots = [Node(key, span) for key, span in given.keys.items()]
        items = list(given.value.values())
    if not items:
        findings.error("wrong-value", "`from` names no input", given.span, help="leave it out to take the layer before")
        return ()
    wrong = [item for item in items if not isinstance(item.value, str)]
    for item in wrong:
        findings.error("wrong-type", f"`from` names layers, got {show(item.plain())}", item.span)
    named = zip(items, slots if slots[0] else [None] * len(items), strict=True)
    return () if wrong else tuple(Reference(str(item.value), item.span, slot) for item, slot in named)


def _share(node: Node, findings: Findings) -> Reference | None:
    """The entry that this one shares its weights with; None too after telling that it is no name."""
    given = node.get("share") if isinstance(node.value, dict) else None
    if given is None:
        return None
    if isinstance(given.value, str) and is_identifier(given.value) and given.value != "_":
        return Reference(given.value, given.span)
    findings.error(
        "wrong-type",
        f"`share` names one entry above, got {show(given.plain())}",
        given.span,
        help="as in `- {share: encoder, from: right}`; an entry is named by `name:` beside it",
    )
    return None


def _get(node: Node, key: str) -> object:
    value = node.get(key)
    return value.plain() if value else None


def _given_name(node: Node) -> str:
    value = _get(node, "name")
    return value if isinstance(value, str) else ""


def _name_span(node: Node) -> Span | None:
    value = node.get("name")
    return value.span if value else None
