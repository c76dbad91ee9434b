"""A look at a training from outside: one batch forward and backward with every value in sight, and one step on trial.

All that it moves is put back, random numbers and running statistics too, so a training with looks ends in the very
weights of one without.
"""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nnspec.graph import Graph, Port, Vertex
from nnspec.graph.learning import tensor_name
from nnspec.training.batches import Batch, Feed
from nnspec.training.evaluate import Judge
from nnspec.training.layerwise import layer_by_layer, live
from nnspec.training.learner import Learner
from nnspec.training.step import loss_of_outputs

FLAT = 0.01  # this near to its ends a sigmoid has a slope of at most 0.01, and a tanh one of 0.02
RECTIFIERS = frozenset({"ReLU", "ReLU6"})
ENDS = {"Sigmoid": (0.0, 1.0), "Tanh": (-1.0, 1.0)}
RECURRENT = frozenset({"RNN", "LSTM", "GRU"})
MAX_COPIED_BYTES = 2**28  # of weights, up to which they are copied for the step on trial


@dataclass(frozen=True, slots=True)
class LayerHealth:
    """A layer as one look saw it. What a layer does not have is None."""

    name: str
    kind: str
    place: str  # file and line
    mean: float | None  # of its output's numbers
    std: float | None
    scale: float | None  # root mean square of the numbers that come in
    weight: float | None  # norm of its trained parameters
    gradient: float | None  # norm of their gradient, before any clipping
    numbers: int  # of these parameters
    gradient_to_weight: float | None
    update_to_weight: float | None  # how far a step moves them, in units of their norm
    dead: float | None  # share of a ReLU's units that are 0 for every example
    saturated: float | None  # share of a sigmoid's or tanh's numbers at its flat ends
    through_time: float | None  # of a recurrent layer: gradient at the first step of a sequence over that at the last
    idle: tuple[str, ...] = ()  # trained parameters that the loss does not depend on

    @property
    def typical(self) -> float | None:
        """Root mean square of the gradient's numbers, less what large inputs make of it."""
        if self.gradient is None or not self.numbers:
            return None
        return self.gradient / math.sqrt(self.numbers) / max(1.0, self.scale or 0.0)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look saw."""

    epoch: int
    step: int
    loss: float
    gradient: float  # norm over all parameters, before any clipping
    layers: tuple[LayerHealth, ...]
    seconds: float  # that it took

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def by_name(self) -> dict[str, LayerHealth]:
        return {layer.name: layer for layer in self.layers}


def drawn(feed: Feed, size: int, seed: int = 0) -> Batch:
    """A batch of so many examples, drawn by random numbers of its own."""
    chunks = feed.shuffled(size, torch.Generator().manual_seed(seed))
    batch = next(chunks)[0]
    # Copies, as the chunk need not stay.
    return Batch(batch.rows, tuple(x.clone() for x in batch.inputs), tuple(x.clone() for x in batch.targets))


def look(learner: Learner, judge: Judge, batch: Batch, epoch: int) -> Look:
    """Look at the network on a batch, and leave everything as it was."""
    start, net, before = time.perf_counter(), learner.net, learner.state()
    was_training, gradients = net.training, {p: p.grad for p in net.parameters()}
    net.train()
    try:
        batch = learner.changed(batch)
        seen = _Seen(judge, net, batch)
        updates = _updates(learner, batch) if _affords_trial(net) else {}
    finally:
        learner.go_back(before)
        net.train(was_training)
        for parameter, gradient in gradients.items():
            parameter.grad = gradient
    layers = tuple(_layer(seen, vertex, updates) for vertex in live(judge.graph))
    norm = _norm(seen.gradients[name] for name in seen.parameters if name in seen.gradients)
    return Look(epoch, learner.steps, float(seen.loss.detach()), norm or 0.0, layers, time.perf_counter() - start)


class _Seen:
    """Every value of a pass forward; the loss's gradients in the parameters and in what recurrent layers take."""

    def __init__(self, judge: Judge, net: nn.Module, batch: Batch) -> None:
        self.graph: Graph = judge.graph
        inputs = tuple(x.detach().requires_grad_() if x.is_floating_point() else x for x in batch.inputs)
        self.values = layer_by_layer(judge.graph, net, inputs)
        results = tuple(self.values[port] for port in judge.graph.outputs.values())
        outputs = results if len(results) > 1 else results[0]
        self.loss = loss_of_outputs(judge.objective, outputs, batch.targets, batch.mixed)
        self.parameters = {name: p for name, p in net.named_parameters() if p.requires_grad}
        sequences = [port for port in _sequences(judge.graph) if self.values[port].requires_grad]
        keys: list[str | Port] = [*self.parameters, *sequences]
        wanted = [*self.parameters.values(), *(self.values[port] for port in sequences)]
        found = torch.autograd.grad(self.loss, wanted, allow_unused=True)
        self.gradients: dict[str | Port, Tensor] = {
            key: gradient for key, gradient in zip(keys, found, strict=True) if gradient is not None
        }


def _sequences(graph: Graph) -> Iterator[Port]:
    """What goes into recurrent layers."""
    yield from dict.fromkeys(vertex.inputs[0] for vertex in live(graph) if vertex.kind in RECURRENT)


def _affords_trial(net: nn.Module) -> bool:
    return sum(parameter.nbytes for parameter in net.parameters()) <= MAX_COPIED_BYTES


def _updates(learner: Learner, batch: Batch) -> dict[str, float]:
    """How far one step on the batch moves each parameter."""
    before = {name: parameter.detach().clone() for name, parameter in learner.net.named_parameters()}
    learner.plain(batch)  # whatever form the steps of the training have
    return {name: float((p.detach() - before[name]).norm()) for name, p in learner.net.named_parameters()}


def _layer(seen: _Seen, vertex: Vertex, updates: Mapping[str, float]) -> LayerHealth:
    output = seen.values[Port(vertex.name)].detach()
    real = output.is_floating_point() and output.numel() > 0
    names = [name for own in seen.graph.own(vertex) if (name := tensor_name(vertex.name, own)) in seen.parameters]
    weight = _norm(seen.parameters[name].detach() for name in names)
    gradient = _norm(seen.gradients[name] for name in names if name in seen.gradients)
    update = math.hypot(*(updates[name] for name in names)) if updates and names else None
    return LayerHealth(
        vertex.name,
        vertex.kind,
        vertex.span.line_place,
        float(output.mean()) if real else None,
        float(output.std(correction=0)) if real else None,
        _scale(seen, vertex),
        weight,
        gradient if names else None,
        sum(seen.parameters[name].numel() for name in names),
        _ratio(gradient, weight),
        _ratio(update, weight),
        _dead(seen.graph, vertex, output) if vertex.kind in RECTIFIERS else None,
        _saturated(vertex.kind, output) if vertex.kind in ENDS else None,
        _through_time(vertex, seen) if vertex.kind in RECURRENT else None,
        tuple(name for name in names if name not in seen.gradients),
    )


def _norm(tensors: Iterator[Tensor]) -> float | None:
    norms = [float(tensor.norm()) for tensor in tensors]
    return math.hypot(*norms) if norms else None


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _scale(seen: _Seen, vertex: Vertex) -> float | None:
    x = seen.values[vertex.inputs[0]].detach()
    return float(x.square().mean().sqrt()) if x.is_floating_point() and x.numel() else None


def _dead(graph: Graph, vertex: Vertex, output: Tensor) -> float:
    """Share of the units that are 0 for every example, at every place."""
    axis = 1 if output.ndim > 3 or _after_conv(graph, vertex) else output.ndim - 1
    others = [index for index in range(output.ndim) if index != axis]
    return float((output.abs().amax(dim=others) == 0).float().mean())


def _after_conv(graph: Graph, vertex: Vertex) -> bool:
    """Whether the nearest layer with weights before it has its units on axis 1."""
    while vertex.inputs and vertex.inputs[0].vertex in graph.vertices:
        vertex = graph.vertices[vertex.inputs[0].vertex]
        if vertex.kind.startswith("Conv"):
            return True
        if graph.own(vertex) and not vertex.kind.startswith("BatchNorm"):
            return False
    return False


def _saturated(kind: str, output: Tensor) -> float:
    low, high = ENDS[kind]
    return float(((output < low + FLAT) | (output > high - FLAT)).float().mean())


def _through_time(vertex: Vertex, seen: _Seen) -> float | None:
    """The gradient at the first step over that at the last; None where the layer also answers at each step."""
    gradient = seen.gradients.get(vertex.inputs[0])
    if gradient is None or gradient.ndim != 3 or gradient.shape[1] < 2:
        return None
    first, last = float(gradient[:, 0].norm()), float(gradient[:, -1].norm())
    return first / last if last else None
