"""Builds the graph of a spec: its layers, then its outputs."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from nnspec.diagnostics import Findings, Note, Span, did_you_mean, some
from nnspec.graph.body import Body, Given
from nnspec.graph.elaborate import Elaborator, TooLarge
from nnspec.graph.graph import Graph, Port, Vertex
from nnspec.graph.learning import Learning
from nnspec.graph.moved import moved
from nnspec.graph.settle import fault_of
from nnspec.graph.sizes import check_sizes
from nnspec.objectives import Optimizer
from nnspec.shapes import ShapeError
from nnspec.spec.spec import InitRule, Output, Spec


def build(spec: Spec, findings: Findings, max_layers: int | None = None) -> Graph:
    """The graph of a spec. Mistakes go to `findings`; a layer that stands on a broken one is silent.

    A network of more than `max_layers`, with each block and repeat written out, is refused; 100,000 unless given.
    """
    return _Builder(spec, findings, max_layers).build()


class _Builder:
    def __init__(self, spec: Spec, findings: Findings, max_layers: int | None) -> None:
        self.spec, self.findings = spec, findings
        self.elaborator = Elaborator(spec, findings, max_layers)

    def build(self) -> Graph:
        spec = self.spec
        inputs = {name: Given("input", name, given.span, (Port(name),)) for name, given in spec.inputs.items()}
        inputs |= {name: Given("input", name, spec.root.span) for name in spec.broken}
        body = Body(spec.entries, inputs, spec.params, home=spec.home, document=spec.params)
        try:
            last = self.elaborator.run(body, next(iter(inputs.values())) if len(inputs) == 1 else None)
        except TooLarge:
            return Graph(spec.name, {}, {}, {})
        outputs = {name: self._output(output, body, last) for name, output in spec.outputs.items()}
        tensors = {name: given.tensor for name, given in spec.inputs.items()}
        found = {name: port for name, port in outputs.items() if port}
        auxiliary = frozenset(name for name in found if not spec.outputs[name].exported)
        made = self.elaborator
        frozen = spec.weights.freeze if spec.weights else ()
        learning = Learning(made.ties, made.frozen, frozen, spec.train.unfreeze, made.inits, spec.init)
        graph = Graph(spec.name, tensors, made.vertices, found, made.scopes, made.placed, auxiliary, learning)
        check_sizes(graph, self.findings)
        self._check_used(graph, body)
        self._check_rules(graph)
        self._check_lookups(graph)
        self._check_frozen(graph)
        self._check_moved(graph)
        return graph

    def _output(self, output: Output, body: Body, last: Given | None) -> Port | None:
        given = body.resolve(output.source, last, self.findings)
        if given is None or not given.ports:
            return None
        if output.loss:
            self._check_loss(output, given.ports[0])
        return given.ports[0]

    def _check_loss(self, output: Output, port: Port) -> None:
        assert output.loss
        x = self.elaborator.tensor(port)
        loss = type(output.loss).__name__
        span = self.spec.span_of("outputs", output.name, "loss") if self.spec.root.get("outputs") else output.span
        note = self.elaborator.note(port)
        try:
            output.loss.target(x)
        except ShapeError as error:
            message = f"{loss} of {output.name}: {error.message}"
            self.findings.error("loss-shape", message, span, notes=[note], help=error.help)
            return
        given = self.spec.inputs.get(output.target)
        if given and given.tensor.shape != x.shape:
            message = f"{output.name} is to give the input {given.name} again, {given.tensor}, and gives {x}"
            note_of_input = Note("input", f"{given.name} after its steps {given.tensor}", given.span)
            self.findings.error("loss-shape", message, span, notes=[note, note_of_input])
            return
        scores = output.loss.classes_of(x) if output.loss.reads == "classes" else 0
        if output.classes and scores and scores != len(output.classes):
            self.findings.error(
                "loss-shape",
                f"{output.name} has {len(output.classes)} classes, but gets {scores} scores",
                self.spec.span_of("outputs", output.name, "classes"),
                notes=[note],
                help=f"give {port.vertex} {len(output.classes)} features",
            )

    def _check_rules(self, graph: Graph) -> None:
        """Tell of rules that fill a parameter with what does not fit its shape."""
        told: set[InitRule] = set()
        for name, shape in graph.parameters.items():
            rule = graph.learning.rule(name)
            if rule and rule not in told and (fault := fault_of(rule.initializer, name, shape)):
                told.add(rule)
                help = "a rule above it, or `init` beside the layer, takes a parameter from it"
                self.findings.error("wrong-value", fault, rule.span, help=help)

    def _check_lookups(self, graph: Graph) -> None:
        """Tell of an input whose steps give more indices than the table has that looks them up."""
        for name, (size, layer) in graph.lookups.items():
            steps = self.spec.inputs[name].steps
            count = steps[-1].indices if steps else None
            if count and count > size:
                kind = type(steps[-1]).__name__
                message = f"{layer.kind} {layer.name} has {size:,} rows, and {kind} of {name} gives {count:,} indices"
                span = self.spec.span_of("inputs", name, "prepare")
                self.findings.error(
                    "shape", message, layer.span, notes=[Note("input", name, span)], help=f"num_embeddings: {count}"
                )

    def _check_frozen(self, graph: Graph) -> None:
        """Tell of a pattern that freezes nothing."""
        for index, pattern in enumerate(graph.learning.frozen_by_name):
            if not self.findings.errors and not any(fnmatchcase(name, pattern) for name in graph.parameters):
                span = self.spec.span_of("weights", "freeze", index)
                help = did_you_mean(pattern, _patterns(graph)) or f"the parameters are {some(graph.parameters)}"
                message = f"freeze: no parameter's name matches '{pattern}'"
                self.findings.error("unknown-name", message, span, help=help)
        for pattern in graph.learning.thaws:
            if not self.findings.errors and not any(fnmatchcase(name, pattern) for name in graph.frozen):
                span = self.spec.span_of("train", "unfreeze", pattern, key=True)
                frozen = [name for name in graph.parameters if name in graph.frozen]
                help = f"frozen are {some(frozen)}" if frozen else "`freeze: true` stands beside a layer"
                message = f"unfreeze: no frozen parameter's name matches '{pattern}'"
                self.findings.error("unknown-name", message, span, help=help)

    def _check_moved(self, graph: Graph) -> None:
        """Tell of an optimizer that none of the parameters is for."""
        optimizer = self.spec.optimizer
        if not optimizer or self.findings.errors:
            return
        self._check_grouped(graph, optimizer)
        idle = [mover for mover, names in moved(graph, optimizer) if not mover.one_rate and not names]
        if not idle:
            return
        name = idle[0].title
        message = f"{name} moves the matrices of layers before the last, and this network trains none"
        help = "AdamW alone does what is left; hidden layers such as Linear have matrices"
        self.findings.error("wrong-value", message, self.spec.span_of("optimizer", name, key=True), help=help)

    def _check_grouped(self, graph: Graph, optimizer: Optimizer) -> None:
        """Tell of parameters that no group of the optimizer is for."""
        taken = {name for _, names in moved(graph, optimizer) for name in names}
        left = [name for name in graph.parameters if name not in taken and name not in graph.fixed]
        if left:
            message = f"no group of the optimizer is for {some(left)}"
            help = "end the list with a group for the rest, as in `- AdamW: {lr: 1e-3}`"
            self.findings.error("wrong-value", message, self.spec.span_of("optimizer"), help=help)

    def _check_used(self, graph: Graph, body: Body) -> None:
        if self.findings.errors:
            return  # what hangs on something broken is not unused
        told: set[str] = set()
        for entry in self.spec.entries:
            given = body.known.get(entry.name)
            if given and not any(port.vertex in graph.live for port in given.ports):
                self._warn_unused(given.title, entry.type_span)
                told.update(port.vertex for port in given.ports)
        for vertex in _dead_ends(graph):
            if vertex.name not in told:
                self._warn_unused(f"{vertex.kind} {vertex.name}", vertex.span)

    def _warn_unused(self, title: str, span: Span) -> None:
        self.findings.warn(
            "unused-layer",
            f"{title} reaches no output: it is never trained and is left out of the exported file",
            span,
            help="take it `from:` somewhere, or remove it",
        )


def _dead_ends(graph: Graph) -> Iterator[Vertex]:
    """Layers within blocks and branches that nothing takes, wherever these are used.

    What the last turn of a repeat leaves over is let be: the turns before need it.
    """
    used = {vertex.span for vertex in graph if vertex.name in graph.live}
    for vertex in graph:
        ports = (Port(vertex.name, index) for index in range(len(vertex.gives)))
        if vertex.span not in used and not any(port in graph.consumers for port in ports):
            used.add(vertex.span)
            yield vertex


def _patterns(graph: Graph) -> list[str]:
    """`encoder.*` for each module that has parameters, and their whole names."""
    modules = {name[:end] for name in graph.parameters for end, letter in enumerate(name) if letter == "."}
    return [*(f"{module}.*" for module in sorted(modules)), *graph.parameters]
