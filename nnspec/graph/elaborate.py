"""Elaborates lists of layers front to back: expressions are computed, layers instantiated, shapes inferred in one pass.

An expression may ask for the shape that reaches its layer, so none of this can be done before the rest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

from nnspec.diagnostics import Findings, Note, Span
from nnspec.graph import named
from nnspec.graph.body import Body, Given
from nnspec.graph.graph import Placed, Port, Scope, Vertex
from nnspec.graph.least import MAX_DEPTH, Least
from nnspec.graph.settle import settle
from nnspec.graph.sharing import Made, shared_names, use_shared
from nnspec.graph.structure import entry_title, use_block, use_branches, use_residual
from nnspec.layers import Layer, find, input_names
from nnspec.objectives import Initializer
from nnspec.shapes import ShapeError, Tensor
from nnspec.source import Node
from nnspec.spec.entries import combinator_parts
from nnspec.spec.instantiate import instantiate, show
from nnspec.spec.params import OF_INPUT, Names
from nnspec.spec.spec import Entry, Spec
from nnspec.spec.vocabulary import COMBINATORS

MAX_LAYERS = 100_000  # with each block and repeat written out


@dataclass(slots=True)
class Once(Findings):
    """Tells of a mistake once, however many layers one entry gives."""

    told: set[tuple[str, Span | None, str]] = field(default_factory=set)

    def error(self, code: str, message: str, span: Span | None, *, notes: Iterable[Note] = (), help: str = "") -> None:
        # What does not fit names the layer, whose name differs from turn to turn.
        key = (code, span, "" if code in ("shape", "input-count") else message)
        if key not in self.told:
            self.told.add(key)
            Findings.error(self, code, message, span, notes=notes, help=help)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one entry is elaborated: its path, what it takes (nothing where that is broken), what its texts see."""

    body: Body
    entry: Entry
    path: str
    givens: Sequence[Given]
    names: Names

    @property
    def title(self) -> str:
        return entry_title(self.entry, self.body.title)


class TooLarge(Exception):  # noqa: N818 (says what it means)
    """The network has more layers than nnspec accepts, as was told."""


class Elaborator:
    """What all lists of one network share: the vertices so far, and what is wrong with them."""

    def __init__(self, spec: Spec, findings: Findings, max_layers: int | None) -> None:
        self.inputs, self.max_layers = spec.inputs, MAX_LAYERS if max_layers is None else max_layers
        # What was told where the document was read is not told again where a block's parameters are computed.
        told = {(found.code, found.span, found.message) for found in findings.found}
        self.findings = Once(findings.found, told)
        self.vertices: dict[str, Vertex] = {}
        self.order: list[str] = []  # their names
        self.scopes: dict[str, Scope] = {}
        self.placed: list[Placed] = []
        self.made: dict[str, Made] = {}
        self.shared = shared_names(spec)
        self.count, self.least = 0, Least()
        self.ties: dict[str, str] = {}  # by parameter, the one that it is
        self.inits: dict[str, Initializer] = {}
        self.frozen: list[str] = []  # paths of modules

    def run(self, body: Body, previous: Given | None) -> Given | None:
        """Elaborate a list; what its last layer gives."""
        if body.depth > MAX_DEPTH and body.entries:
            message = f"blocks and combinators stand more than {MAX_DEPTH} deep in one another"
            self.findings.error("limit", message, body.entries[0].type_span)
            raise TooLarge
        for entry in body.entries:
            first = len(self.vertices)
            given = (use_shared if entry.share else Elaborator.entry)(self, body, entry, previous)
            if given and given.ports:
                settle(self, body, entry, given, [self.vertices[name] for name in self.order[first:]])
            self.placed.append(Placed(entry, given.ports if given else (), first, len(self.vertices)))
            self.made.setdefault(body.prefix + entry.name, Made(entry, first, len(self.vertices)))
            body.add(entry, given)
            previous = given or previous
        return previous

    def tensor(self, port: Port) -> Tensor:
        """What flows out of a port."""
        if port.vertex in self.inputs:
            return self.inputs[port.vertex].tensor
        return self.vertices[port.vertex].gives[port.output]

    def note(self, port: Port, label: str = "input") -> Note:
        """`(16, 4, 4) from maxpool2d_1`, and its place."""
        vertex = self.vertices.get(port.vertex)
        name = f"{port.vertex}.{vertex.output_names[port.output]}" if vertex and port.output else port.vertex
        span = vertex.span if vertex else self.inputs[port.vertex].span
        return Note(label, f"{self.tensor(port)} from {name}", span)

    def entry(self, body: Body, entry: Entry, previous: Given | None) -> Given | None:
        """What one entry gives; None where it is left out."""
        path = body.prefix + entry.name
        broken = Given(entry.kind, path, entry.type_span)
        if previous is None and any(source.text == "_" for source in entry.sources):
            self._nothing_before(body, entry)
            return broken
        taken = [body.resolve(source, previous, self.findings) for source in entry.sources]
        givens = [given for given in taken if given and given.ports]
        if len(givens) < len(taken):
            givens = []
        names = self._names(body.names, entry, givens)
        wanted = self.truth(entry.when, "when", names) if entry.when else True
        turns = self.turns(entry.repeat, names) if wanted else 0
        if wanted is None or turns is None:
            return broken
        if entry.repeat is None:
            self.add_to_count(entry, 1)
            return (self._make(Place(body, entry, path, givens, names)) or broken) if wanted else None
        return self._repeated(Place(body, entry, path, givens, names), turns) or broken if turns else None

    def _repeated(self, place: Place, turns: int) -> Given | None:
        """The entry several times in a row, each turn on what the one before gives."""
        entry, givens = place.entry, place.givens
        self.add_to_count(entry, turns)
        last, given = None, []
        for turn in range(turns):
            names = self._names(place.names, entry, givens).with_values({"index": turn})
            last = self._make(Place(place.body, entry, f"{place.path}.{turn}", givens, names))
            if last is None or self._is_lone_tensor(place, turn):
                return None
            given.append(last)
            givens = _next_turn(entry, givens, last)
        assert last
        return Given(last.kind, place.path, last.span, last.ports, last.outputs, tuple(given))

    def _is_lone_tensor(self, place: Place, turn: int) -> bool:
        """Tell of a repeat whose turns do nothing with what the one before gives."""
        vertex = self.vertices.get(f"{place.path}.{turn}")
        if vertex is None or not vertex.layer.is_tensor or not place.entry.repeat:
            return False
        message = f"{vertex.kind} {place.path} is repeated, and only its last turn would be of use"
        help = "one tensor holds several, as in `shape: [3, 8]`"
        self.findings.error("wrong-value", message, place.entry.repeat.span, help=help)
        return True

    def add_to_count(self, entry: Entry, layers: int) -> None:
        """Stop where the network grows too large."""
        self.count += layers
        self.check_count(entry, self.count, layers)

    def check_count(self, entry: Entry, count: int, layers: int = 1) -> None:
        """Tell of a count that is too large; `layers` of it are the entry's."""
        if count > self.max_layers:
            message = f"the network has more than {self.max_layers:,} layers with each block and repeat written out"
            span = entry.repeat.span if entry.repeat and layers > 1 else entry.type_span
            self.findings.error("limit", message, span, help="`--max-layers N` sets another limit")
            raise TooLarge

    def truth(self, node: Node, what: str, names: Names) -> bool | None:
        """A condition; None after telling what is wrong."""
        filled = names.fill_in(node, self.findings)
        if filled is None:
            return None
        if isinstance(filled.value, bool):
            return filled.value
        message = f"{what} is true or false, got {show(filled.plain())}"
        self.findings.error("wrong-type", message, node.span, help=f"as in `{what}: $(stride != 1)`")
        return None

    def turns(self, node: Node | None, names: Names) -> int | None:
        """How many times; None after telling what is wrong."""
        filled = names.fill_in(node, self.findings) if node else None
        if node is None:
            return 1
        if filled is None:
            return None
        value = filled.value
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        message = f"repeat is a whole number of at least 0, got {show(filled.plain())}"
        self.findings.error("wrong-type", message, node.span)
        return None

    def _nothing_before(self, body: Body, entry: Entry) -> None:
        names = ", ".join(name for name, given in body.inputs.items() if given.ports)
        self.findings.error(
            "unknown-name",
            f"{entry.name} takes the output before it, but nothing stands before the first layer",
            entry.type_span,
            help=f"say which of the inputs it takes, with `from:` beside it: {names}",
        )

    def _names(self, names: Names, entry: Entry, givens: Sequence[Given]) -> Names:
        """What the entry's expressions see: parameters, and the shape of its first input."""
        return self.with_input(names, givens[0].ports[0] if givens else None) if entry.computed else names

    def with_input(self, names: Names, port: Port | None) -> Names:
        """The names and what is known of an input; its own are unknown where it is broken."""
        if port is None:
            return names.with_values({}, OF_INPUT)
        x = self.tensor(port)
        shape = list(x.shape[1:] if x.batched else x.shape)
        values = {"in_shape": shape, "in_channels": shape[0], "in_features": shape[-1]} if shape else {"in_shape": []}
        return names.with_values(values)

    def _make(self, place: Place) -> Given | None:
        """What one entry gives in its place; None where it is broken."""
        entry, names = place.entry, place.names
        kind = self._kind(place)
        if kind in place.body.home.blocks:
            return use_block(self, place, place.body.home.blocks[kind])
        if kind in COMBINATORS:
            return self._combined(place, kind)
        chosen = find(kind) if kind else None
        if chosen is None:
            return None
        arguments = names.fill_in(entry.arguments, self.findings) if entry.arguments else None
        if entry.arguments and arguments is None:
            return None
        layer = instantiate(chosen, arguments, kind, entry.type_span, self.findings)
        if layer is None or not place.givens:
            return None
        names_in_order = input_names(chosen)
        inputs = self.taken(place, kind, *layer.input_count(), names_in_order)
        return self.vertex(place, place.path, kind, layer, inputs, names_in_order) if inputs else None

    def _combined(self, place: Place, kind: str) -> Given | None:
        """A combinator; one whose name a parameter gives is read only here."""
        entry = place.entry
        if entry.kind != kind:
            parts = combinator_parts(kind, entry.arguments, entry.type_span, place.body.home.vocabulary, self.findings)
            if parts is None:
                return None
            place = replace(place, entry=replace(entry, kind=kind, parts=parts))
        return use_residual(self, place) if kind == "Residual" else use_branches(self, place)

    def taken(
        self, place: Place, kind: str, least: int, most: int | None, names: Sequence[str] = ("input",)
    ) -> Sequence[Port]:
        """What is taken of each given, as inputs of these names come; nothing after telling that they do not fit."""
        entry, title = place.entry, f"{kind} {place.path}"
        if not named.fit(entry, title, names, least, self.findings):
            return ()
        if order := named.places(entry, names):
            ports = (given.ports[0] for given in place.givens)
            return [port for _, port in sorted(zip(order, ports, strict=True), key=itemgetter(0))]
        inputs = _taken(place.givens, least, most)
        return inputs if self._count_fits(entry, title, inputs, least, most) else ()

    def _kind(self, place: Place) -> str:
        """The layer type's name; nothing where it is wrong."""
        entry, names, vocabulary = place.entry, place.names, place.body.home.vocabulary
        if "$" not in entry.kind:
            return entry.kind
        filled = names.fill_in(Node(entry.kind, entry.type_span), self.findings)
        if filled is None:
            return ""
        kind = filled.value
        if not isinstance(kind, str):
            self.findings.error("wrong-type", f"a layer type is a name, got {show(filled.plain())}", entry.type_span)
        elif not vocabulary.knows(kind):
            help = vocabulary.suggestion(kind)
            self.findings.error("unknown-layer", f"no layer type is named '{kind}'", entry.type_span, help=help)
        else:
            return kind
        return ""

    def vertex(
        self, place: Place, path: str, kind: str, layer: Layer, inputs: Sequence[Port], names: Sequence[str] = ()
    ) -> Given | None:
        """A layer's vertex, and what it gives; None after telling that it does not fit.

        `names` are those of the inputs that the entry may give by name.
        """
        title = f"{kind} {place.path}"
        if not self._count_fits(place.entry, title, inputs, *layer.input_count()):
            return None
        arrives = tuple(self.tensor(port) for port in inputs)
        places = tuple(sorted(named.places(place.entry, names))) if names else ()
        span = place.entry.type_span
        vertex = Vertex(path, layer, tuple(inputs), arrives, (), span, places)
        try:
            gives = layer.infer(*vertex.takes)
        except ShapeError as error:
            self.shape_error(place, title, layer, inputs, error)
            return None
        outputs = gives if isinstance(gives, tuple) else (gives,)
        vertex = self.vertices[path] = replace(vertex, gives=outputs)
        self.order.append(path)
        ports = tuple(Port(path, index) for index in range(len(outputs)))
        return Given(kind, place.path, span, ports, vertex.output_names)

    def _count_fits(self, entry: Entry, title: str, inputs: Sequence[Port], least: int, most: int | None) -> bool:
        if len(inputs) >= least and (most is None or len(inputs) <= most):
            return True
        wanted = f"{least}" if least == most else f"at least {least}" if most is None else f"{least} to {most}"
        self.findings.error(
            "input-count",
            f"{title} takes {wanted} input{'' if wanted == '1' else 's'}, got {len(inputs)}",
            entry.sources[0].span if entry.node.get("from") else entry.type_span,
            help="name its inputs beside it: `from: [a, b]`" if len(inputs) < least else "",
        )
        return False

    def shape_error(self, place: Place, title: str, layer: Layer, inputs: Sequence[Port], error: ShapeError) -> None:
        entry = place.entry
        span = entry.share.span if entry.share else entry.span_of(error.field, next(iter(type(layer).model_fields), ""))
        notes = [*(self.note(port) for port in inputs), *place.body.used]
        self.findings.error("shape", f"{title}: {error.message}", span, notes=notes, help=error.help)


def _next_turn(entry: Entry, givens: Sequence[Given], last: Given) -> Sequence[Given]:
    """What the next turn takes: what the last one gives in place of `_`, or of the first input."""
    if len(givens) == 1:
        return [last]
    if len(last.ports) == len(givens):
        return [Given(last.kind, last.name, last.span, (port,)) for port in last.ports]
    before = [source.text == "_" for source in entry.sources]
    before = before if any(before) else [True, *before[1:]]
    return [last if is_before else given for is_before, given in zip(before, givens, strict=True)]


def _taken(givens: Sequence[Given], least: int, most: int | None) -> tuple[Port, ...]:
    """What is taken of each; what has several outputs hands all of them to one that takes as many.

    Where a single input would do, further ones mean something of their own: parts of one kind (Chunk, Unbind) are for
    all of them, an LSTM's last states are not.
    """
    if len(givens) == 1 and (least >= 2 or all(output.isdecimal() for output in givens[0].outputs)):
        ports = givens[0].ports
        if least <= len(ports) and (most is None or len(ports) <= most):
            return ports
    return tuple(given.ports[0] for given in givens)
