"""Builds the graph front to back: resolves references and infers shapes in one pass over the spec's entries."""

from nnspec.diagnostics import Findings, Note, Span, did_you_mean
from nnspec.graph.graph import Graph, Port, Vertex
from nnspec.layers import Layer, arity
from nnspec.shapes import ShapeError, Tensor
from nnspec.spec.spec import Entry, Output, Reference, Spec


def build(spec: Spec, findings: Findings) -> Graph:
    """The graph of a spec. Mistakes go to `findings`; a layer that stands on a broken one is silent."""
    return _Builder(spec, findings).build()


class _Builder:
    def __init__(self, spec: Spec, findings: Findings) -> None:
        self.spec, self.findings = spec, findings
        self.vertices: dict[str, Vertex] = {}
        self.broken: set[str] = set(spec.broken)
        self.later = {entry.name: entry for entry in spec.entries}
        self.entries = dict(self.later)

    def build(self) -> Graph:
        inputs = self.spec.inputs
        previous = next(iter([*inputs, *self.spec.broken]))
        for position, entry in enumerate(self.spec.entries):
            self._add(entry, previous, first=position == 0)
            self.later.pop(entry.name, None)
            previous = entry.name
        tensors = {name: given.tensor for name, given in inputs.items()}
        outputs = {name: self._output(output, previous) for name, output in self.spec.outputs.items()}
        found = {name: port for name, port in outputs.items() if port}
        graph = Graph(self.spec.name, tensors, self.vertices, found)
        self._check_used(graph)
        return graph

    def _add(self, entry: Entry, previous: str, *, first: bool) -> None:
        if (
            first
            and len(self.spec.inputs) + len(self.spec.broken) > 1
            and any(source.text == "_" for source in entry.sources)
        ):
            names = ", ".join(self.spec.inputs)
            self.findings.error(
                "unknown-name",
                f"{entry.name} takes the output before it, but nothing stands before the first layer",
                entry.type_span,
                help=f"say which of the inputs it takes, with `from:` beside it: {names}",
            )
            self.broken.add(entry.name)
            return
        ports = [self._resolve(source, previous) for source in entry.sources]
        known = [port for port in ports if port]
        vertex = None
        if entry.layer and ports and len(known) == len(ports) and not any(port.vertex in self.broken for port in known):
            vertex = self._vertex(entry, entry.layer, tuple(self._spread(entry, entry.layer, known)))
        if vertex:
            self.vertices[entry.name] = vertex
        else:
            self.broken.add(entry.name)

    def _spread(self, entry: Entry, layer: Layer, ports: list[Port]) -> list[Port]:
        """A layer with several outputs hands all of them to a successor that takes as many."""
        least, most = arity(type(layer))
        if len(ports) != 1 or least < 2 or ports[0].output or "." in entry.sources[0].text:
            return ports
        given = self.vertices.get(ports[0].vertex)
        count = len(given.gives) if given else 1
        fits = least <= count and (most is None or count <= most)
        return [Port(ports[0].vertex, index) for index in range(count)] if fits else ports

    def _count_fits(self, entry: Entry, layer: Layer, inputs: tuple[Port, ...]) -> bool:
        least, most = arity(type(layer))
        if len(inputs) >= least and (most is None or len(inputs) <= most):
            return True
        wanted = f"{least}" if least == most else f"at least {least}" if most is None else f"{least} to {most}"
        self.findings.error(
            "input-count",
            f"{_title(entry)} takes {wanted} input{'' if wanted == '1' else 's'}, got {len(inputs)}",
            entry.sources[0].span if entry.node.get("from") else entry.type_span,
            help="name its inputs beside it: `from: [a, b]`" if len(inputs) < least else "",
        )
        return False

    def _vertex(self, entry: Entry, layer: Layer, inputs: tuple[Port, ...]) -> Vertex | None:
        if not self._count_fits(entry, layer, inputs):
            return None
        arrives = tuple(self._tensor(port) for port in inputs)
        try:
            gives = layer.infer(*arrives)
        except ShapeError as error:
            self._shape_error(entry, inputs, arrives, error)
            return None
        outputs = gives if isinstance(gives, tuple) else (gives,)
        return Vertex(entry.name, layer, inputs, arrives, outputs, entry.type_span)

    def _shape_error(
        self, entry: Entry, ports: tuple[Port, ...], arrives: tuple[Tensor, ...], error: ShapeError
    ) -> None:
        notes = [
            Note("input", f"{x} from {self._port_name(port)}", self._span(port.vertex))
            for port, x in zip(ports, arrives, strict=True)
        ]
        self.findings.error(
            "shape", f"{_title(entry)}: {error.message}", entry.span_of(error.field), notes=notes, help=error.help
        )

    def _tensor(self, port: Port) -> Tensor:
        if port.vertex in self.spec.inputs:
            return self.spec.inputs[port.vertex].tensor
        return self.vertices[port.vertex].gives[port.output]

    def _span(self, name: str) -> Span:
        return self.spec.inputs[name].span if name in self.spec.inputs else self.entries[name].type_span

    def _port_name(self, port: Port) -> str:
        if port.output == 0:
            return port.vertex
        return f"{port.vertex}.{self.vertices[port.vertex].output_names[port.output]}"

    def _resolve(self, reference: Reference, previous: str) -> Port | None:
        """The port that a reference means; None after telling what is wrong, or where it is broken already."""
        text = previous if reference.text == "_" else reference.text
        if text in self.spec.inputs or text in self.vertices or text in self.broken:
            return Port(text)
        vertex, _, output = text.rpartition(".")
        if vertex in self.broken:
            return Port(vertex)
        if vertex in self.vertices:
            return self._output_of(self.vertices[vertex], output, reference)
        self._unknown(reference)
        return None

    def _output_of(self, vertex: Vertex, output: str, reference: Reference) -> Port | None:
        names = vertex.output_names
        if output in names:
            return Port(vertex.name, names.index(output))
        if output.isdecimal() and int(output) < len(vertex.gives):
            return Port(vertex.name, int(output))
        self.findings.error(
            "unknown-name",
            f"{vertex.kind} {vertex.name} has no output '{output}'",
            reference.span,
            help=_outputs_help(vertex, output),
        )
        return None

    def _unknown(self, reference: Reference) -> None:
        name = reference.text.split(".")[0]
        if name in self.later:
            self._later(reference, self.later[name])
            return
        known = [*self.spec.inputs, *self.entries]
        self.findings.error(
            "unknown-name",
            f"no layer or input above is named '{reference.text}'{_odd_letter(reference.text)}",
            reference.span,
            help=did_you_mean(reference.text, known) or "give a layer a name with `name:` beside it",
        )

    def _later(self, reference: Reference, entry: Entry) -> None:
        if reference in entry.sources:
            self.findings.error(
                "later-name",
                f"{_title(entry)} takes its own output: that is a cycle",
                reference.span,
                help="take what stands above it; a recurrent layer (RNN, LSTM, GRU) remembers by itself",
            )
            return
        self.findings.error(
            "later-name",
            f"'{reference.text}' stands further down: a layer takes only what stands above it",
            reference.span,
            notes=[Note("below", _title(entry), entry.type_span)],
            help="move the layer below the ones it takes",
        )

    def _output(self, output: Output, previous: str) -> Port | None:
        port = self._resolve(output.source, previous)
        if port is None or port.vertex in self.broken:
            return None
        if output.loss:
            self._check_loss(output, port)
        return port

    def _check_loss(self, output: Output, port: Port) -> None:
        assert output.loss
        x = self._tensor(port)
        loss = type(output.loss).__name__
        span = self.spec.span_of("outputs", output.name, "loss") if "outputs" in _keys(self.spec) else output.span
        note = Note("input", f"{x} from {self._port_name(port)}", self._span(port.vertex))
        try:
            output.loss.target(x)
        except ShapeError as error:
            message = f"{loss} of {output.name}: {error.message}"
            self.findings.error("loss-shape", message, span, notes=[note], help=error.help)
            return
        if output.classes and output.loss.reads == "classes" and x.channels != len(output.classes):
            self.findings.error(
                "loss-shape",
                f"{output.name} has {len(output.classes)} classes, but gets {x.channels} scores",
                self.spec.span_of("outputs", output.name, "classes"),
                notes=[note],
                help=f"give {port.vertex} {len(output.classes)} features",
            )

    def _check_used(self, graph: Graph) -> None:
        if self.findings.errors:
            return  # what hangs on something broken is not unused
        for entry in self.spec.entries:
            if entry.name not in graph.live:
                self.findings.warn(
                    "unused-layer",
                    f"{_title(entry)} reaches no output: it is never trained and is left out of the exported file",
                    entry.type_span,
                    help="take it `from:` somewhere, or remove it",
                )
        for given in self.spec.inputs.values():
            if given.name not in graph.live:
                self.findings.warn(
                    "unused-layer", f"the input {given.name} reaches no output", given.span, help="use it, or remove it"
                )


def _outputs_help(vertex: Vertex, output: str) -> str:
    names = vertex.output_names
    if len(names) == 1:
        return f"it has one output: write `{vertex.name}`"
    return did_you_mean(output, names) or f"its outputs are {', '.join(names)}"


def _odd_letter(name: str) -> str:
    """A letter that looks like another one, told by its number."""
    odd = next((character for character in name if not character.isascii()), "")
    return f", whose {odd!r} is U+{ord(odd):04X}" if odd else ""


def _title(entry: Entry) -> str:
    kind = type(entry.layer).__name__ if entry.layer else "layer"
    return f"{kind} {entry.name}"


def _keys(spec: Spec) -> frozenset[str]:
    return frozenset(spec.root.keys)
