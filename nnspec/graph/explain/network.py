"""A network part by part: what is the same is explained once."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from nnspec.diagnostics import Span, SpecError, Text, did_you_mean
from nnspec.graph.cost import layer_cost
from nnspec.graph.explain.layer import Known, in_full, in_short
from nnspec.graph.explain.lines import GAP, paragraph, rows
from nnspec.graph.explain.training import training
from nnspec.graph.graph import Port, Vertex
from nnspec.graph.label import shape
from nnspec.graph.network import Network
from nnspec.graph.tree import Part, name_in, tree
from nnspec.layers.layer import summary
from nnspec.spec.spec import Input

Item = Part | Vertex


def explain(network: Network) -> str:
    """The whole network: inputs, layers, losses, training."""
    spec = network.spec
    title = f"{spec.name}: {spec.description}" if spec.description else spec.name
    parts = [paragraph(title, ""), *(_input(given) for given in spec.inputs.values())]
    parts += _Explainer(network).items(tree(network.graph))
    return _text([*parts, *training(network)])


def explain_layer(network: Network, name: str) -> str:
    """One layer or block, by its path."""
    found = dict(_named(tree(network.graph)))
    if name not in found:
        text = Text("command line", (f"--layer {name}",))
        span = Span(text, 1, 9, 1, 9 + len(name))
        help = did_you_mean(name, found) or "`nnspec show` lists the layers"
        raise SpecError.of("unknown-name", f"the network has no layer or block '{name}'", span, help=help)
    return _text(_Explainer(network).one(found[name], found[name], name, ""))


def _named(part: Part) -> Iterator[tuple[str, Item]]:
    for item in part.items:
        if isinstance(item, Part):
            yield item.path, item
            yield from _named(item)
        else:
            yield item.name, item


def _text(parts: Sequence[Sequence[str]]) -> str:
    return "\n\n".join("\n".join(part) for part in parts if part)


def _input(given: Input) -> list[str]:
    size = f"{given.name}  input of {shape(given.tensor)}"
    if not given.steps:
        return [size]
    return [f"{size}, prepared:", *rows((type(step).__name__, summary(type(step))) for step in given.steps)]


class _Explainer:
    """Knows what has been explained already: types of layers, layers of equal arguments, blocks and their uses."""

    def __init__(self, network: Network) -> None:
        self.known = Known.of(network.graph)
        self.kinds: set[str] = set()
        self.layers: set[str] = set()
        self.blocks: set[str] = set()
        self.uses: dict[object, str] = {}

    def items(self, part: Part, indent: str = "", *, short: bool = False) -> list[list[str]]:
        """What stands in a part, neighbours that are equal as one."""
        found: list[list[str]] = []
        for _, equals in groupby(_flat(part), lambda item: _signature(item) if isinstance(item, Part) else item.name):
            first, *others = equals
            last = others[-1] if others else first
            name = name_in(_path(first), part)
            if others:
                name = f"{name} … {name_in(_path(last), part)}  ×{len(others) + 1}"
            found += self.one(first, last, name, indent, short=short)
        return found

    def one(self, item: Item, last: Item, name: str, indent: str, *, short: bool = False) -> list[list[str]]:
        """One layer or block under a name, for all that are equal up to the `last`."""
        if isinstance(item, Vertex):
            return [[f"{indent}{line}" for line in self._layer(item, name, short=short)]]
        use, heading = _signature(item), f"{indent}{self._heading(item, last, name)}"
        if use in self.uses and item.scope and len(list(item)) > 1:
            return [[f"{heading}, as {self.uses[use]}"]]
        self.uses.setdefault(use, item.path)
        is_block = item.scope is not None and bool(item.call)
        again = short or (is_block and item.call.partition("(")[0] in self.blocks)
        if is_block:
            self.blocks.add(item.call.partition("(")[0])
        inner = self.items(item, indent + GAP, short=again)
        return [[heading, *(line for part in inner for line in part)]] if again else [[heading], *inner]

    def _layer(self, vertex: Vertex, name: str, *, short: bool) -> list[str]:
        seen = repr(vertex.layer) in self.layers and not layer_cost(self.known.graph, vertex).parameters
        is_new = vertex.kind not in self.kinds
        self.layers.add(repr(vertex.layer))
        self.kinds.add(vertex.kind)
        if (short or seen) and not is_new:
            return [in_short(self.known, vertex, name)]
        return in_full(self.known, vertex, name, arguments=is_new)

    def _heading(self, part: Part, last: Item, name: str) -> str:
        """`stage1.0  basic(64): 64×56×56 → 64×56×56, 73,984 parameters, sees 43×43 of image`."""
        layers = list(part)
        parameters = sum(layer_cost(self.known.graph, vertex).parameters for vertex in layers)
        facts = [f"{shape(layers[0].arrives[0])} → {shape(layers[-1].gives[0])}"]
        facts += [f"{parameters:,} parameters{' each' if part is not last else ''}"] if parameters else []
        end = list(last)[-1] if isinstance(last, Part) else last
        facts += filter(None, [self.known.sees_in_short(Port(end.name))])
        return f"{GAP.join(filter(None, [name, part.call]))}: {', '.join(facts)}"


def _path(item: Item) -> str:
    return item.path if isinstance(item, Part) else item.name


def _flat(part: Part) -> Iterator[Item]:
    """The items of a part, those of a repeat in its place."""
    for item in part.items:
        if isinstance(item, Part) and item.turns:
            yield from item.items
        else:
            yield item


def _signature(part: Part) -> object:
    """Equal for two parts that say the same: layers, arguments and shapes, under the same names."""
    return tuple(
        (name_in(vertex.name, part), repr(vertex.layer), vertex.arrives, vertex.gives, bool(vertex.shares))
        for vertex in part
    )
