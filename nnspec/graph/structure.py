"""Blocks and combinators on their way into the graph: each opens a scope of its own in which lists are elaborated."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nnspec.diagnostics import Findings, Note, Span
from nnspec.graph.body import Body, Given
from nnspec.graph.graph import Port, Scope
from nnspec.graph.settle import OF_WEIGHTS
from nnspec.layers import Layer, arity, find, known
from nnspec.layers.alike import needs_one_shape
from nnspec.layers.arithmetic import Add
from nnspec.shapes import ShapeError
from nnspec.source import Node
from nnspec.spec.choices import choose
from nnspec.spec.instantiate import show, unknown_key
from nnspec.spec.params import Names, add_value
from nnspec.spec.spec import Block, Entry

if TYPE_CHECKING:
    from nnspec.graph.elaborate import Elaborator, Place


def use_block(elaborator: "Elaborator", place: "Place", block: Block) -> Given | None:
    """A block in its place: its layers, with what its parameters are here."""
    if _comes_back(elaborator, place, block):
        return None
    elaborator.check_count(place.entry, elaborator.count + elaborator.least.of(block))
    names_in_order, count = list(block.inputs), len(block.inputs)
    taken = elaborator.taken(place, block.name, count, count, names_in_order) if place.givens else ()
    names = _arguments(elaborator, place, block, taken[0] if taken else None)
    if names is None or not taken:
        return None
    body = _block_body(place, block, names, taken)
    inputs = dict(zip(taken, block.inputs, strict=True))
    elaborator.scopes[place.path] = Scope(
        place.path,
        block.name,
        inputs,
        body.numbers,
        kind=block.name,
        arguments=_given_values(place, block, names),
        span=place.entry.type_span,
    )
    last = elaborator.run(body, next(iter(body.inputs.values())) if len(body.inputs) == 1 else None)
    if not block.outputs:
        return _as(place, block.name, last.ports, last.outputs) if last and last.ports else None
    found = [body.resolve(output, last, elaborator.findings) for output in block.outputs.values()]
    ports = tuple(given.ports[0] for given in found if given and given.ports)
    return _as(place, block.name, ports, tuple(block.outputs)) if len(ports) == len(block.outputs) else None


def _comes_back(elaborator: "Elaborator", place: "Place", block: Block) -> bool:
    """Tell of a block within itself, with the way round."""
    around = place.body.blocks
    if block not in around:
        return False
    way = [*(passed.name for passed in around[around.index(block) :]), block.name]
    message = f"the block {block.name} comes back to itself: {' → '.join(way)}"
    span = place.entry.type_span
    elaborator.findings.error("block-cycle", message, span, help="`repeat` says the same several times")
    return True


def _block_body(place: "Place", block: Block, names: Names, taken: Sequence[Port]) -> Body:
    around = place.body
    given = zip(block.inputs.items(), taken, strict=True)
    return Body(
        block.entries,
        {name: Given("input", name, span, (port,)) for (name, span), port in given},
        names,
        f"{place.path}.",
        title=block.name,
        home=block.home,
        document=names if block.document else around.document,
        blocks=(*around.blocks, block),
        depth=around.depth + 1,
        numbers=_numbers(block, names),
        used=(Note("used", f"{block.name} {place.path}", place.entry.type_span), *around.used),
    )


def use_residual(elaborator: "Elaborator", place: "Place") -> Given | None:
    """input + body(input), or shortcut(input) + body(input)."""
    entry = place.entry
    if not place.givens:
        return None
    (start,) = elaborator.taken(place, "Residual", 1, 1) or (None,)
    skip = _setting(place, "skip")
    skips = elaborator.truth(skip, "skip", place.names) if skip else True
    if start is None or skips is None:
        return None
    given, home = Given("input", start.vertex, entry.type_span, (start,)), _home(elaborator, place)
    if home == place.path:
        elaborator.scopes[home] = _scope(place, "Residual")
    body = _part(elaborator, place, given, "body", home)
    shortcut = _part(elaborator, place, given, "shortcut", home) if "shortcut" in entry.parts and skips else given
    if not body.ports or not shortcut.ports:
        return None
    if not skips:
        return _as(place, "Residual", body.ports[:1], ("output",))
    if not _is_one_shape(elaborator, place, body.ports[0], shortcut.ports[0]):
        return None
    path = f"{home}.add" if home else "add"
    return elaborator.vertex(place, path, "Residual", Add(), [body.ports[0], shortcut.ports[0]])


def _is_one_shape(elaborator: "Elaborator", place: "Place", *ports: Port) -> bool:
    """Whether what is added is of one shape: Add would stretch an axis of 1, which here is seldom meant."""
    try:
        needs_one_shape(*map(elaborator.tensor, ports))
    except ShapeError as error:
        elaborator.shape_error(place, f"Residual {place.path}", Add(), ports, error)
        return False
    return True


def _scope(place: "Place", kind: str) -> Scope:
    """A combinator's scope."""
    return Scope(place.path, place.title, {}, place.body.numbers, kind=kind, span=place.entry.type_span)


def _home(elaborator: "Elaborator", place: "Place") -> str:
    """Where a Residual's body stands: beside its neighbours where it is alone of its kind, and the names are free."""
    body, entry = place.body, place.entry
    taken = any(name in body.entry_names or name in body.inputs for name in ("body", "shortcut", "add"))
    meant = entry.name in elaborator.shared or any(entry.node.get(key) for key in OF_WEIGHTS)
    from_parameter = "Residual" not in entry.node.keys  # which the count of those here does not know
    if from_parameter or entry.named or entry.repeat or body.residuals > 1 or taken or meant:
        return place.path
    return body.prefix.removesuffix(".")


def use_branches(elaborator: "Elaborator", place: "Place") -> Given | None:
    """The same input down each path, then merged; all results where nothing merges them."""
    entry, merge = place.entry, _setting(place, "merge")
    if not place.givens:
        return None
    (start,) = elaborator.taken(place, "Branches", 1, 1) or (None,)
    if start is None:
        return None
    given = Given("input", start.vertex, entry.type_span, (start,))
    paths = _paths(elaborator, place, given)
    if (chosen := _named_by(place, merge)) and chosen.kind in place.body.home.blocks:
        return _merged_by_block(elaborator, place, chosen, paths)
    layer = _merge(elaborator, place, merge)
    if not paths or not all(path.ports for path in paths) or (layer is None and merge and merge.value is not None):
        return None
    ports = [path.ports[0] for path in paths]
    if layer is None:
        return _as(place, "Branches", tuple(ports), tuple(map(str, range(len(ports)))))
    least, most = layer.input_count()
    if len(ports) < least or (most is not None and len(ports) > most):
        message = f"{type(layer).__name__} merges at least {least} paths, got {len(ports)}"
        if most is not None:
            message = f"{type(layer).__name__} takes {least} to {most} inputs, got {len(ports)} paths"
        elaborator.findings.error("input-count", message, merge.span if merge else entry.type_span)
        return None
    return elaborator.vertex(place, f"{place.path}.merge", "Branches", layer, ports)


def _paths(elaborator: "Elaborator", place: "Place", given: Given) -> list[Given]:
    elaborator.scopes[place.path] = _scope(place, "Branches")
    if "paths" not in place.entry.parts:
        return [_part(elaborator, place, given, key, place.path) for key in place.entry.parts]
    paths = place.entry.arguments and place.entry.arguments.get("paths")
    turns = elaborator.turns(paths.get("repeat") if paths else None, place.names)
    elaborator.add_to_count(place.entry, turns or 0)
    return [
        _part(elaborator, place, given, "paths", place.path, turn=turn, names=place.names.with_values({"index": turn}))
        for turn in range(turns or 0)
    ]


def _part(
    elaborator: "Elaborator",
    place: "Place",
    given: Given,
    key: str,
    home: str,
    *,
    turn: int | None = None,
    names: Names | None = None,
) -> Given:
    """One of a combinator's lists of layers; it sees what the list around it sees."""
    leaf = key if turn is None else f"{key}.{turn}"
    path, around = f"{home}.{leaf}" if home else leaf, place.title if home == place.path else place.body.title
    title = "_".join(filter(None, [around, "path" if key.startswith("paths") else key]))
    elaborator.scopes[path] = Scope(path, title, {}, place.body.numbers)
    inner = _inner_body(place, place.entry.parts[key], names or place.names, f"{path}.", title)
    return elaborator.run(inner, given) or given


def _inner_body(place: "Place", entries: Sequence[Entry], names: Names, prefix: str, title: str) -> Body:
    outer = place.body
    return Body(
        entries,
        {},
        names,
        prefix,
        home=outer.home,
        document=outer.document,
        title=title,
        blocks=outer.blocks,
        outer=outer,
        depth=outer.depth + 1,
        used=outer.used,
        numbers=outer.numbers,
    )


def _merge(elaborator: "Elaborator", place: "Place", node: Node | None) -> Layer | None:
    if node is None or node.value is None:
        return None
    filled = place.names.fill_in(node, elaborator.findings)
    joining = [
        *place.body.home.blocks,
        *(name for name in known() if (layer := find(name)) and arity(layer)[1] is None),
    ]
    return choose(filled, "layer", find, joining, elaborator.findings) if filled else None


def _named_by(place: "Place", merge: Node | None) -> Entry | None:
    """What merges, as an entry of its own."""
    found = place.names.fill_in(merge, Findings()) if merge else None
    if merge is None or found is None:
        return None
    alone = isinstance(found.value, str)
    kinds = [str(found.value)] if alone else list(found.keys)
    if len(kinds) != 1:
        return None
    (kind,) = kinds
    span = found.span if alone else found.keys[kind]
    node = Node(None, merge.span)
    return replace(place.entry, kind=kind, node=node, arguments=found.get(kind), type_span=span, sources=())


def _merged_by_block(elaborator: "Elaborator", place: "Place", entry: Entry, paths: Sequence[Given]) -> Given | None:
    """What a block makes of the paths' results."""
    if not paths or not all(path.ports for path in paths):
        return None
    elaborator.add_to_count(entry, 1)
    inner = replace(place, entry=entry, path=f"{place.path}.merge", givens=paths)
    given = use_block(elaborator, inner, place.body.home.blocks[entry.kind])
    return _as(place, "Branches", given.ports, given.outputs) if given else None


def _arguments(elaborator: "Elaborator", place: "Place", block: Block, port: Port | None) -> Names | None:
    """What a block's expressions see: the document's parameters and its own.

    A default sees those before it, and what is known of the block's first input, which comes from the port.
    """
    findings, given = elaborator.findings, _given_arguments(place, block)
    if given is None:
        findings.error(
            "wrong-type",
            f"{block.name} has no parameters, got {show(place.entry.arguments.plain())}"  # type: ignore[union-attr]
            if not block.params
            else f"{block.name} needs its parameters by name",
            place.entry.type_span,
        )
        return None
    for key in given.keys:
        if key not in block.params:
            unknown_key(key, list(block.params), block.name, given.keys[key], findings)
    # A document has nothing around it.
    names = Names() if block.document else place.body.document
    for name, param in block.params.items():
        node = given.get(name)
        if node is None and param.default is None:
            if all(key in block.params for key in given.keys):
                findings.error("missing-key", f"{block.name} needs {name}", place.entry.type_span)
            return None
        seen = place.names if node else names if block.document else elaborator.with_input(names, port)
        names = add_value(name, node or param.default or Node(None, param.span), seen, names, findings)
    return names if all(key in block.params for key in given.keys) else None


def _given_values(place: "Place", block: Block, names: Names) -> dict[str, Any]:
    """What is written and is not the default."""
    given = _given_arguments(place, block)
    values = {name: names.values.get(name) for name in block.params if given and name in given.keys}
    defaults = {name: param.default.plain() for name, param in block.params.items() if param.default}
    given_here = {name: value for name, value in values.items() if name not in defaults or value != defaults[name]}
    first = next(iter(block.params), "")
    return {"" if name == first else name: value for name, value in given_here.items()}


def _given_arguments(place: "Place", block: Block) -> Node | None:
    """The arguments by name; a value alone is the first parameter."""
    node = place.entry.arguments
    if node is None or node.value is None:
        return Node({}, place.entry.type_span)
    if isinstance(node.value, dict):
        return node
    first = next(iter(block.params), None)
    return Node({first: node}, node.span, {first: node.span}) if first else None


def _setting(place: "Place", key: str) -> Node | None:
    return place.entry.arguments.get(key) if place.entry.arguments else None


def _numbers(block: Block, names: Names) -> dict[str, int | float]:
    values = {name: names.values.get(name) for name in block.params}
    return {
        name: value for name, value in values.items() if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _as(place: "Place", kind: str, ports: tuple[Port, ...], outputs: Sequence[str]) -> Given:
    span: Span = place.entry.type_span
    return Given(kind, place.path, span, ports, tuple(outputs))


def entry_title(entry: Entry, around: str) -> str:
    """What a combinator's class is named after: the block it stands in, and its own name where it has one."""
    return "_".join(filter(None, [around, entry.name if entry.named else entry.kind.lower()]))
