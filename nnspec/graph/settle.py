"""What stands beside an entry about its weights: `tie`, `freeze`, `init`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from nnspec.diagnostics import Note, Span, did_you_mean
from nnspec.graph.body import Body, Given
from nnspec.graph.graph import Vertex
from nnspec.graph.learning import tensor_name
from nnspec.layers.layer import Shape
from nnspec.objectives import INITIALIZERS, Initializer
from nnspec.source import Node
from nnspec.spec.choices import choose
from nnspec.spec.instantiate import show
from nnspec.spec.spec import Entry, Reference

if TYPE_CHECKING:
    from nnspec.graph.elaborate import Elaborator

OF_WEIGHTS = ("tie", "freeze", "init")


def settle(elaborator: "Elaborator", body: Body, entry: Entry, given: Given, vertices: Sequence[Vertex]) -> None:
    """Note what an entry says of the weights of its layers, or tell what is wrong with it."""
    keys = {key: node for key in OF_WEIGHTS if (node := entry.node.get(key))}
    if not keys:
        return
    if entry.share:
        key, node = next(iter(keys.items()))
        message = f"{given.title.strip()} has no weights of its own: `{key}` stands beside {entry.share.text}"
        elaborator.findings.error("wrong-value", message, node.span)
        return
    settler = _Settler(elaborator, body, entry, given, vertices)
    if "tie" in keys:
        settler.tie(keys["tie"])
    if "init" in keys:
        settler.init(keys["init"])
    if "freeze" in keys:
        settler.freeze(keys["freeze"])


class _Settler:
    """One entry with its layers, in one place of the network."""

    def __init__(
        self, elaborator: "Elaborator", body: Body, entry: Entry, given: Given, vertices: Sequence[Vertex]
    ) -> None:
        self.elaborator, self.findings = elaborator, elaborator.findings
        self.body, self.entry, self.given, self.vertices = body, entry, given, vertices

    @property
    def own(self) -> Iterator[Vertex]:
        """The layers that have weights of their own."""
        return (vertex for vertex in self.vertices if not vertex.shares and vertex.layer.parameters(*vertex.takes))

    def freeze(self, node: Node) -> None:
        if not self.elaborator.truth(node, "freeze", self.body.names):
            return
        if not any(self.own):
            self.findings.error("wrong-value", f"{self.given.title} has no weights to freeze", node.span)
            return
        self.elaborator.frozen.append(self.given.name)

    def init(self, node: Node) -> None:
        filled = self.body.names.fill_in(node, self.findings)
        if filled is None:
            return
        if not all(self._is_turn(vertex) for vertex in self.vertices):
            message = f"`init` stands beside one layer, and {self.given.title} is made of several"
            help = "put it beside the layer within, or into the rules of `init:` at the top"
            self.findings.error("wrong-value", message, node.span, help=help)
        elif any(vertex.layer.is_tensor for vertex in self.vertices):
            self._init_tensor(filled, node.span)
        elif not isinstance(filled.value, dict):
            message = f"init is a mapping of parameters to initializers, got {show(filled.plain())}"
            self.findings.error("wrong-type", message, node.span, help="as in `init: {weight: orthogonal_}`")
        else:
            for key, value in filled.value.items():
                self._init_one(key, filled.keys[key], value)

    def _init_tensor(self, filled: Node, span: Span) -> None:
        """What is itself a parameter has no names of parameters: its initializer stands alone."""
        if not any(self.own):
            self.findings.error("wrong-value", f"{self.given.title} has no weights to begin", span)
        elif isinstance(filled.value, dict) and "weight" in filled.value:
            message = f"{self.given.title} is a parameter itself, and has no parameter 'weight'"
            help = "write its initializer alone, as in `init: normal_`"
            self.findings.error("unknown-name", message, filled.keys["weight"], help=help)
        else:
            self._init_one("", span, filled)

    def _init_one(self, key: str, span: Span, node: Node) -> None:
        shapes = _parameters(self.vertices)
        if not all(tensor_name(vertex.name, key) in shapes for vertex in self.vertices):
            self._no_parameter(key, span)
            return
        chosen = choose(node, "initializer", INITIALIZERS.get, INITIALIZERS, self.findings)
        for vertex in self.vertices if chosen else ():
            assert chosen
            name = tensor_name(vertex.name, key)
            if name in self.elaborator.ties:
                message = f"{name} is {self.elaborator.ties[name]}: its initializer stands there"
                self.findings.error("wrong-value", message, span)
            elif fault := fault_of(chosen, key, shapes[name]):
                self.findings.error("wrong-value", f"{self.given.title}: {fault}", node.span)
            else:
                self.elaborator.inits[name] = chosen

    def tie(self, node: Node) -> None:
        filled = self.body.names.fill_in(node, self.findings)
        if filled is None:
            return
        if not isinstance(filled.value, dict) or not all(isinstance(item.value, str) for item in filled):
            message = f"tie is a mapping of parameters to parameters, got {show(filled.plain())}"
            self.findings.error("wrong-type", message, node.span, help="as in `tie: {weight: embed.weight}`")
            return
        for key, target in filled.value.items():
            for root in dict.fromkeys(map(self._root, self.vertices)):
                self._tie_one(tensor_name(root, key), key, filled.keys[key], target)

    def _tie_one(self, name: str, key: str, span: Span, target: Node) -> None:
        mine = _parameters(self.vertices).get(name)
        if mine is None:
            self._no_parameter(key, span)
            return
        found = self._target(str(target.value), target.span)
        if found is None:
            return
        owner, shape = found
        if shape != mine:
            self.findings.error(
                "shape",
                f"{name} cannot be {target.value}: it is {_shape(mine)}, and {target.value} is {_shape(shape)}",
                target.span,
                notes=[Note("tied", self.given.title, self.given.span)],
                help="tied parameters have one shape",
            )
        else:
            self.elaborator.ties[name] = owner

    def _target(self, text: str, span: Span) -> tuple[str, Shape] | None:
        """The parameter that a path names, and its shape; None after telling that there is none."""
        first, _, rest = text.partition(".")
        given = self.body.resolve(Reference(first, span), None, self.findings)
        if given is None or not given.ports:
            return None
        known = _parameters(
            vertex
            for name, vertex in self.elaborator.vertices.items()
            if name == given.name or name.startswith(f"{given.name}.")
        )
        name = tensor_name(given.name, rest)
        if name not in known:
            self._no_parameter_there(given, rest, [each[len(given.name) + 1 :] for each in known], span)
            return None
        vertex = next(self.elaborator.vertices[end] for end in (name, *_ends(name)) if end in self.elaborator.vertices)
        owner = vertex.home + name[len(vertex.name) :]
        return self.elaborator.ties.get(owner, owner), known[name]

    def _no_parameter(self, key: str, span: Span) -> None:
        named = [name for vertex in self.vertices for name in vertex.layer.parameters(*vertex.takes)]
        if not all(self._is_turn(vertex) for vertex in self.vertices):
            named = [name[len(self._root(self.vertices[0])) + 1 :] for name in _parameters(self.vertices)]
        self._no_parameter_there(self.given, key, named, span)

    def _no_parameter_there(self, given: Given, key: str, known: Sequence[str], span: Span) -> None:
        names = list(dict.fromkeys(known))
        listed = f"it has {', '.join(names[:8])}{', …' * (len(names) > 8)}" if names else "it has no weights"
        message = f"{given.title} has no parameter '{key}'" if key else f"{given.title} is a layer, not a parameter"
        self.findings.error("unknown-name", message, span, help=did_you_mean(key, names) or listed)

    def _root(self, vertex: Vertex) -> str:
        """Where the entry stands in one of its turns."""
        if self.entry.repeat is None:
            return self.given.name
        turn = vertex.name[len(self.given.name) + 1 :].partition(".")[0]
        return f"{self.given.name}.{turn}"

    def _is_turn(self, vertex: Vertex) -> bool:
        """Whether a layer is the whole entry, or one turn of it."""
        return vertex.name == self._root(vertex)


def fault_of(initializer: Initializer, name: str, shape: Shape) -> str:
    """Why an initializer cannot fill a parameter; nothing where it can."""
    fault = initializer.fault(shape)
    return f"{fault}; {name or 'it'} is {_shape(shape)}" if fault else ""


def _parameters(vertices: "Sequence[Vertex] | Iterator[Vertex]") -> Mapping[str, Shape]:
    return {
        tensor_name(vertex.name, name): shape
        for vertex in vertices
        for name, shape in vertex.layer.parameters(*vertex.takes).items()
    }


def _ends(name: str) -> Iterator[str]:
    """The paths that a name begins with, the longest first."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _shape(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))})"
