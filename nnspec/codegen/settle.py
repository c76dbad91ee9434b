"""What a constructor does with modules once they are made: lends them, ties, fills and freezes their parameters."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import groupby

from nnspec.codegen.layout import INDENT, MAX_LINE, Statement
from nnspec.codegen.parts import Part, borrowed, inside, is_shared
from nnspec.codegen.steps import Body, attribute
from nnspec.graph import Graph, Vertex
from nnspec.graph.learning import tensor_name
from nnspec.objectives import Initializer
from nnspec.pycode import Code, literal, name

MATCH = fnmatchcase.__name__  # what decides on a pattern, there as here


def settled(body: Body) -> Iterator[Statement]:
    """The statements of `__init__` that come after the modules of a part."""
    leaves = dict.fromkeys(inside(item, body.part).partition(".")[0] for item in body.part.items)
    yield from _lent(body.part, leaves)
    yield from _tied(body)
    yield from _filled(body)
    for leaf in leaves:
        if _path(body.part, leaf) in body.graph.learning.frozen:
            yield _bare(f"{attribute(leaf)}.requires_grad_(False)", leaf)


def ruled(graph: Graph) -> Iterator[Statement]:
    """The rules for all parameters of the network."""
    rules = {parameter: graph.learning.rule(parameter) for parameter in graph.parameters}
    used = set(rules.values()) - {None}
    if not used:
        return
    own = literal(tuple(name for name in graph.parameters if name in graph.learning.inits and _is_ruled(graph, name)))
    if own != "()":
        yield Statement(
            "own",
            own if len(own) < MAX_LINE - 2 * len(INDENT) - len("own = ") else own[1:-1],
            "filled where they stand",
            "",
        )
    yield _bare("for name, parameter in self.named_parameters():")
    word = "if"
    if own != "()":
        yield _bare(f"{INDENT}if name in own:")
        yield _bare(f"{INDENT * 2}continue")
    for rule in graph.learning.rules:
        if rule in used:
            yield _bare(f"{INDENT}{word} {MATCH}(name, {literal(rule.match)}):")
            yield _bare(f"{INDENT * 2}{rule.initializer.code(name('parameter'))}")
            word = "elif"


def frozen(graph: Graph) -> Iterator[Statement]:
    """The patterns of names that are not trained."""
    patterns = graph.learning.frozen_by_name
    if not patterns:
        return
    match = " or ".join(f"{MATCH}(name, {literal(pattern)})" for pattern in patterns)
    if len(match) > MAX_LINE // 2:
        yield Statement("frozen", literal(tuple(patterns))[1:-1], "", "")
        match = f"any({MATCH}(name, pattern) for pattern in frozen)"
    yield _bare("for name, parameter in self.named_parameters():")
    yield _bare(f"{INDENT}if {match}:")
    yield _bare(f"{INDENT * 2}parameter.requires_grad_(False)")


def _is_ruled(graph: Graph, parameter: str) -> bool:
    """Whether a rule would fill a parameter that has an initializer of its own."""
    return any(fnmatchcase(parameter, rule.match) for rule in graph.learning.rules)


def _lent(part: Part, leaves: Mapping[str, None]) -> Iterator[Statement]:
    """Modules of this part that inner parts call too."""
    lent = {}
    for user, owner in borrowed(part):
        owner = _without_turn(owner)
        if part.holds(owner) and part.within(owner) in leaves:
            lent[part.within(_without_turn(user))] = part.within(owner)
    for user, owner in lent.items():
        yield Statement(attribute(user).text, attribute(owner).text, "", owner)


def _tied(body: Body) -> Iterator[Statement]:
    """Parameters that are those of another layer, where this is the innermost part that has both."""
    part, graph = body.part, body.graph
    inner = [item.path for item in part.items if isinstance(item, Part)]
    for parameter, owner in graph.learning.ties.items():
        if not part.holds(parameter) or not part.holds(owner) or graph.layer_of(parameter) not in graph.live:
            continue
        if not any(parameter.startswith(f"{path}.") and owner.startswith(f"{path}.") for path in inner):
            target, value = (attribute(part.within(path)).text for path in (parameter, owner))
            yield Statement(target, value, "", part.within(graph.layer_of(parameter)))
            if _is_frozen_within(part, graph, parameter):
                yield _bare(f"{value}.requires_grad_(False)", part.within(graph.layer_of(parameter)))


def _is_frozen_within(part: Part, graph: Graph, parameter: str) -> bool:
    """Whether a parameter was frozen before it became another one: in the constructor of an inner part."""
    return any(
        parameter.startswith(f"{path}.")
        and any(path.startswith(f"{i.path}.") for i in part.items if isinstance(i, Part))
        for path in graph.learning.frozen
    )


def _filled(body: Body) -> Iterator[Statement]:
    """Parameters with an initializer beside their layer; the turns of a repeat in a loop."""
    found = [(item, inits) for item in body.part.items if (inits := _inits(body.graph, item))]
    for leaf, group in groupby(found, lambda pair: inside(pair[0], body.part).partition(".")[0]):
        turns = list(group)
        several = sum(inside(item, body.part).startswith(f"{leaf}.") for item in body.part.items)
        if len(turns) == several > 1 and all(inits == turns[0][1] for _, inits in turns):
            yield _bare(f"for layer in {attribute(leaf)}:", leaf)
            for parameter, chosen in turns[0][1].items():
                yield _bare(f"{INDENT}{chosen.code(_of('layer', parameter))}", leaf)
            continue
        for item, inits in turns:
            path = inside(item, body.part)
            for parameter, chosen in inits.items():
                yield _bare(chosen.code(attribute(tensor_name(path, parameter))).text, path)


def _inits(graph: Graph, item: Vertex | Part) -> dict[str, Initializer]:
    """The initializers beside a layer, by parameter."""
    if isinstance(item, Part) or is_shared(item):
        return {}
    names = item.layer.parameters(*item.takes)
    every = graph.learning.inits
    return {parameter: every[full] for parameter in names if (full := tensor_name(item.name, parameter)) in every}


def _of(variable: str, parameter: str) -> Code:
    """`layer.weight`."""
    return Code(attribute(parameter).text.replace("self", variable, 1))


def _path(part: Part, leaf: str) -> str:
    return f"{part.path}.{leaf}" if part.path else leaf


def _without_turn(path: str) -> str:
    before, _, last = path.rpartition(".")
    return before if last.isdecimal() else path


def _bare(text: str, vertex: str = "") -> Statement:
    return Statement("", text, "", vertex)
