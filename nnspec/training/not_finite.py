"""Where a number stopped being finite.

The loop looks at losses only now and then, when the step that broke is long past. So it keeps a state of about a second
ago; from there the same steps are gone through again, one by one, and the broken one layer by layer.
"""

import math
import time
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from nnspec.diagnostics import Note, Span, SpecError
from nnspec.graph import Port, Vertex
from nnspec.spec.spec import Spec
from nnspec.training.batches import Batch, Feed
from nnspec.training.evaluate import Judge
from nnspec.training.interrupt import Stop
from nnspec.training.layerwise import layer_by_layer, live
from nnspec.training.learner import Learner, random_state, set_random_state
from nnspec.training.objective import compile_objective, learnt, result_of

KEEP_EVERY_S = 1.0  # beside a second of steps a copy costs little


class Kept:
    """A state of the training to go back to."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self.epoch, self.time_s = 0, -math.inf
        self.state: dict[str, Any] = {}

    def keep(self, epoch: int) -> None:
        """Keep the state at the begin of an epoch, if the last one is old."""
        if time.perf_counter() - self.time_s >= KEEP_EVERY_S:
            self.state = self.learner.state()
            self.epoch, self.time_s = epoch, time.perf_counter()


def blame(kept: Kept, judge: Judge, training: Feed, validation: Feed, last: int) -> SpecError:
    """The error that names the layer, the epoch and the step where it began. The learner stands where it was kept."""
    learner = kept.learner
    learner.go_back(kept.state)
    learner.update = learner.plain  # whose lines have names
    try:
        return _gone_through(learner, kept.epoch, judge, training, validation, last)
    finally:
        learner.go_back(kept.state)


def _gone_through(learner: Learner, first: int, judge: Judge, training: Feed, validation: Feed, last: int) -> SpecError:
    """Go through some epochs once more, up to the error."""
    watch = _Watch(learner, judge)
    try:
        for watch.epoch in range(first, last + 1):
            learner.begin_epoch(watch.epoch)
            loss = learner.epoch(training, watch.step, Stop(), lambda steps: None)
            assert loss is not None
            if validation.rows:
                loss = judge.measure(learner.net, validation).loss
            if math.isfinite(loss):
                learner.end_epoch(loss)
    except SpecError as found:
        return found
    return watch.after_epoch(judge.batches(validation) if validation.rows else ())


def unfound(spec: Spec, epoch: int) -> SpecError:
    """The error of several processes, each of which saw only its share of the steps."""
    message = f"the loss is not finite in epoch {epoch}"
    help = "train with `--devices 1` to be shown the layer and the step where that begins"
    return SpecError.of("not-finite", message, spec.span_of("train"), help=help)


class _Watch:
    """Goes through the steps with open eyes."""

    def __init__(self, learner: Learner, judge: Judge) -> None:
        self.learner, self.net, self.judge = learner, learner.net, judge
        self.spec, self.graph = judge.spec, judge.graph
        self.epoch, self.loss, self.evaluating = 0, math.nan, False

    def step(self, batch: Batch) -> Tensor:
        """A step of the training; the error where it breaks."""
        before = {name: tensor.clone() for name, tensor in self.net.state_dict().items()}
        random = random_state()
        loss = self.learner.step(batch)
        if _finite(loss) and all(map(_finite, self.net.parameters())):
            self.loss = float(loss)
            return loss
        broken = [name for name, parameter in self.net.named_parameters() if not _finite(parameter)]
        self.net.load_state_dict(before)
        set_random_state(random)
        batch, random = self.learner.changed(batch), random_state()
        raise self._forward(batch) or self._backward(batch, random) or self._weights(broken)

    def after_epoch(self, batches: Iterable[Batch]) -> SpecError:
        """The error of an epoch whose steps were all in order, but not its evaluation."""
        self.net.eval()
        self.evaluating = True
        for batch in batches:
            found = self._forward(batch)
            if found:
                return found
        return self._error("the loss is not finite", None)

    @torch.no_grad()
    def _forward(self, batch: Batch) -> SpecError | None:
        for given, x in zip(self.spec.inputs.values(), batch.inputs, strict=True):
            if not _finite(x):
                way = "look at the raw rows and the steps that prepare them"
                return self._error(f"the input {given.name} holds {_fault(x)}", given.span, help=way)
        values = layer_by_layer(self.graph, self.net, batch.inputs)
        for vertex in live(self.graph):
            results = [values[Port(vertex.name, index)] for index in range(len(vertex.gives))]
            broken = [x for x in results if not _finite(x)]
            if broken:
                notes = [self._note(port, values[port]) for port in vertex.inputs]
                return self._error(f"{_title(vertex)} gives {_fault(broken[0])}", vertex.span, notes)
        return self._loss(batch, self._returned(values))

    def _loss(self, batch: Batch, results: Any) -> SpecError | None:
        for output, target in zip(learnt(self.spec), batch.targets, strict=False):  # weights follow
            loss = compile_objective(self.spec, [output], self.judge.weighted)(results, batch.targets)
            if not _finite(loss):
                kind, port = type(output.loss).__name__, self.graph.outputs[output.name]
                notes = [self._note(port, result_of(self.spec, results, output)), Note("target", _range(target))]
                return self._error(f"{kind} of {output.name} is {_fault(loss)}", output.span, notes)
        return None

    def _backward(self, batch: Batch, random: list[Tensor]) -> SpecError | None:
        """The layer that gets a finite gradient and gives one that is not, seen from the loss backwards."""
        set_random_state(random)
        values = layer_by_layer(self.graph, self.net, batch.inputs)
        loss = self.judge.objective(self._returned(values), batch.targets)
        moving = {port: x for port, x in values.items() if x.requires_grad}
        gradients = torch.autograd.grad(loss, [*moving.values()], retain_graph=True, allow_unused=True)
        found = dict(zip(moving, gradients, strict=True))
        loss.backward()  # type: ignore[no-untyped-call]
        modules = dict(self.net.named_modules())
        for vertex in reversed(live(self.graph)):
            module = modules.get(vertex.home, nn.Identity())
            reached = [*(found.get(port) for port in vertex.inputs), *(weight.grad for weight in module.parameters())]
            if not all(gradient is None or _finite(gradient) for gradient in reached):
                notes = [self._note(port, values[port]) for port in vertex.inputs]
                return self._error(f"the gradient of {_title(vertex)} is not finite", vertex.span, notes)
        return None

    def _weights(self, broken: list[str]) -> SpecError:
        for vertex in live(self.graph):
            names = [name.removeprefix(f"{vertex.name}.") for name in broken if name.startswith(f"{vertex.name}.")]
            if names:
                message = f"the step took the {' and the '.join(names)} of {_title(vertex)} beyond float32"
                return self._error(message, vertex.span)
        return self._error("the loss is not finite", None)

    def _returned(self, values: dict[Port, Tensor]) -> Any:
        """What the network's `forward` returns."""
        results = tuple(values[port] for port in self.graph.outputs.values())
        return results if len(results) > 1 else results[0]

    def _note(self, port: Port, x: Tensor) -> Note:
        span = self.spec.inputs[port.vertex].span if port.vertex in self.spec.inputs else None
        vertex = self.graph.vertices.get(port.vertex)
        return Note("input", f"{_range(x)} from {port.vertex}", vertex.span if vertex else span)

    def _error(self, message: str, span: Span | None, notes: Iterable[Note] = (), help: str = "") -> SpecError:
        where = f"in epoch {self.epoch}, step {self.learner.steps:,}"
        if self.evaluating:
            where = f"on the validation rows after epoch {self.epoch}"
        elif not math.isnan(self.loss):
            notes = [*notes, Note("loss", f"{self.loss:.3g} in the step before")]
        ways = f"lower the learning rate, which is {self.learner.lr:g}"
        if self.learner.plain.clip_grad_norm is None:
            ways += ", or limit the gradient with `train: {clip_grad_norm: 1}`"
        return SpecError.of("not-finite", f"{message} {where}", span, notes=notes, help=help or ways)


def _title(vertex: Vertex) -> str:
    return f"{vertex.kind} {vertex.name}"


def _finite(x: Tensor) -> bool:
    return bool(x.detach().isfinite().all())


def _fault(x: Tensor) -> str:
    """What stands in a tensor in place of numbers."""
    return "nan" if bool(x.isnan().any()) else "inf"


def _range(x: Tensor) -> str:
    return f"numbers up to {float(x.detach().abs().max()):.3g}"
