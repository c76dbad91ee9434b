"""A network looked at before it is trained: one real batch forward and backward, and a few examples learnt by heart."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from nnspec.codegen.load import explained, load
from nnspec.codegen.write import write
from nnspec.data import load_examples
from nnspec.diagnostics import Diagnostic
from nnspec.graph import Graph
from nnspec.spec.spec import Spec
from nnspec.training.batches import Batch
from nnspec.training.engine import choose_device, choose_seed
from nnspec.training.evaluate import Judge
from nnspec.training.health.chance import chance
from nnspec.training.health.data import diagnose_data
from nnspec.training.health.layers import LAYER_DIAGNOSES
from nnspec.training.health.look import Look, drawn, look
from nnspec.training.health.words import number
from nnspec.training.learner import Learner
from nnspec.training.needs import check_batches, check_trainable
from nnspec.training.objective import compile_objective
from nnspec.training.train import feed_of, make_learner

BY_HEART = 8  # examples that any network that learns can learn by heart
STEPS = 200
LEARNT = 0.5  # of what chance gives, or of the first loss
TOO_BAD = 3.0  # times chance, before any training
SOURCE = "net.py"  # what the generated module is called in tracebacks; nothing is written


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found before a training."""

    look: Look
    chance: float | None
    by_heart: tuple[float, float]  # the loss of a few examples before and after so many steps on them
    findings: tuple[Diagnostic, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "loss": self.look.loss,
            "chance": self.chance,
            "by_heart": {"examples": BY_HEART, "steps": STEPS, "before": self.by_heart[0], "after": self.by_heart[1]},
            "look": self.look.as_json(),
            "findings": [found.as_json() for found in self.findings],
        }


def examine(
    spec: Spec,
    graph: Graph,
    base: Path,
    *,
    allowed: Sequence[Path] = (),
    seed: int | None = None,
    device: str | None = None,
) -> Examination:
    """Look at a network with its first weights, on its own data. Writes nothing."""
    check_trainable(spec, graph)
    chosen, seed = choose_device(spec, device), choose_seed(spec, seed)
    data = load_examples(spec, base, graph.output_tensors, graph.lookups, allowed=allowed)
    check_batches(spec, graph, len(data.train))
    source, places = write(graph), {vertex.name: vertex.span for vertex in graph}
    with explained(source, SOURCE, places):
        torch.manual_seed(seed)
        net = load(source, SOURCE, places).to(chosen)
        judge = Judge(spec, graph, compile_objective(spec), data.preparation.outputs)
        feed = feed_of(spec, graph, data, "train", chosen)
        learner = make_learner(spec, net, judge, feed.rows, seed)
        guess = chance(spec, graph, feed)
        seen = look(learner, judge, drawn(feed, learner.batch_size), 0)
        by_heart = _learn_by_heart(learner, drawn(feed, BY_HEART))
    findings = [*diagnose_data(spec, graph, data, feed), *_layers(spec, graph, seen)]
    findings += _start_loss(spec, seen, guess)
    if not findings:  # else it is known why
        findings += _cannot_fit(spec, by_heart)
    return Examination(seen, guess, by_heart, tuple(findings))


def _layers(spec: Spec, graph: Graph, seen: Look) -> Iterator[Diagnostic]:
    """All that the look tells; of gradients that are 0 because the last layer begins so, nothing."""
    if seen.gradient:
        for diagnose in LAYER_DIAGNOSES:
            yield from diagnose(spec, graph, seen)


def _start_loss(spec: Spec, seen: Look, guess: float | None) -> Iterator[Diagnostic]:
    if guess and seen.loss > TOO_BAD * guess:
        yield Diagnostic(
            "start-loss",
            f"the loss begins at {number(seen.loss)}, and knowing nothing gives {number(guess)}",
            next(iter(spec.outputs.values())).span,
            help="smaller weights at the start, or prepared inputs and targets",
            severity="warning",
        )


def _learn_by_heart(learner: Learner, batch: Batch) -> tuple[float, float]:
    learner.net.train()
    losses = [float(learner.step(batch)) for _ in range(STEPS)]
    return losses[0], min(losses[-10:])


def _cannot_fit(spec: Spec, by_heart: tuple[float, float]) -> Iterator[Diagnostic]:
    before, after = by_heart
    if before > 0 and not (math.isfinite(after) and after <= LEARNT * before):
        yield Diagnostic(
            "cannot-fit",
            f"{STEPS} steps on {BY_HEART} examples take their loss from {number(before)} to {number(after)} only",
            spec.span_of("optimizer"),
            help="another learning rate, 10 times larger or smaller; an answer that can take the target's values",
            severity="warning",
        )
