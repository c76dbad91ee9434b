"""Elaborates lists of layers front to back: expressions are computed, layers instantiated, shapes inferred in one pass.

An expression may ask for the shape that reaches its layer, so none of this can be done before the rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nnspec.diagnostics import Findings, Note, Span, did_you_mean
from nnspec.graph.body import Body, Given
from nnspec.graph.graph import Port, Vertex
from nnspec.layers import Layer, arity, find, known
from nnspec.shapes import ShapeError, Tensor
from nnspec.source import Node
from nnspec.spec.instantiate import instantiate, show
from nnspec.spec.params import OF_INPUT, Names
from nnspec.spec.spec import Entry, Input


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


class Elaborator:
    """What all lists of one network share: the vertices so far, and what is wrong with them."""

    def __init__(self, inputs: Mapping[str, Input], findings: Findings) -> None:
        self.inputs, self.findings = inputs, Once(findings.found)
        self.vertices: dict[str, Vertex] = {}

    def run(self, body: Body, previous: Given | None) -> Given | None:
        """Elaborate a list; what its last layer gives."""
        for entry in body.entries:
            given = self._entry(body, entry, previous)
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

    def _entry(self, body: Body, entry: Entry, previous: Given | None) -> Given:
        broken = Given(entry.kind, body.prefix + entry.name, entry.type_span)
        if previous is None and any(source.text == "_" for source in entry.sources):
            self._nothing_before(body, entry)
            return broken
        taken = [body.resolve(source, previous, self.findings) for source in entry.sources]
        givens = [given for given in taken if given and given.ports]
        if len(givens) < len(taken):
            givens = []
        names = self._names(body.names, entry, givens)
        return self._make(entry, body.prefix + entry.name, givens, names) or broken

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
        if not entry.computed:
            return names
        if not givens:
            return names.with_values({}, OF_INPUT)
        x = self.tensor(givens[0].ports[0])
        shape = list(x.shape[1:] if x.batched else x.shape)
        values = {"in_shape": shape, "in_channels": shape[0], "in_features": shape[-1]} if shape else {"in_shape": []}
        return names.with_values(values)

    def _make(self, entry: Entry, path: str, givens: Sequence[Given], names: Names) -> Given | None:
        kind = self._kind(entry, names)
        chosen = find(kind) if kind else None
        if chosen is None:
            return None
        arguments = names.fill_in(entry.arguments, self.findings) if entry.arguments else None
        if entry.arguments and arguments is None:
            return None
        layer = instantiate(chosen, arguments, kind, entry.type_span, self.findings)
        return self._layer(entry, path, layer, givens) if layer and givens else None

    def _kind(self, entry: Entry, names: Names) -> str:
        """The layer type's name; nothing where it is wrong."""
        if "$" not in entry.kind:
            return entry.kind
        filled = names.fill_in(Node(entry.kind, entry.type_span), self.findings)
        if filled is None:
            return ""
        kind = filled.value
        if not isinstance(kind, str):
            self.findings.error("wrong-type", f"a layer type is a name, got {show(filled.plain())}", entry.type_span)
        elif find(kind) is None:
            help = did_you_mean(kind, known()) or "`nnspec layers` lists them"
            self.findings.error("unknown-layer", f"no layer type is named '{kind}'", entry.type_span, help=help)
        else:
            return kind
        return ""

    def _layer(self, entry: Entry, path: str, layer: Layer, givens: Sequence[Given]) -> Given | None:
        kind = type(layer).__name__
        inputs = _taken(givens, *arity(type(layer)))
        if not self._count_fits(entry, f"{kind} {path}", inputs, *arity(type(layer))):
            return None
        arrives = tuple(self.tensor(port) for port in inputs)
        try:
            gives = layer.infer(*arrives)
        except ShapeError as error:
            self._shape_error(entry, f"{kind} {path}", layer, inputs, error)
            return None
        outputs = gives if isinstance(gives, tuple) else (gives,)
        vertex = self.vertices[path] = Vertex(path, layer, inputs, arrives, outputs, entry.type_span)
        ports = tuple(Port(path, index) for index in range(len(outputs)))
        return Given(kind, path, entry.type_span, ports, vertex.output_names)

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

    def _shape_error(self, entry: Entry, title: str, layer: Layer, inputs: Sequence[Port], error: ShapeError) -> None:
        span = entry.span_of(error.field, next(iter(type(layer).model_fields), ""))
        notes = [self.note(port) for port in inputs]
        self.findings.error("shape", f"{title}: {error.message}", span, notes=notes, help=error.help)


def _taken(givens: Sequence[Given], least: int, most: int | None) -> tuple[Port, ...]:
    """What is taken of each; what has several outputs hands all of them to one that takes as many."""
    if len(givens) == 1 and least >= 2:
        ports = givens[0].ports
        if least <= len(ports) and (most is None or len(ports) <= most):
            return ports
    return tuple(given.ports[0] for given in givens)
