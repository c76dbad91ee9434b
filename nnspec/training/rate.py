"""A learning rate by a range test (Smith, Cyclical Learning Rates for Training Neural Networks, 2017, 3.3).

The rate grows from step to step, by the same factor each time, until the loss breaks out. The smoothed loss is lowest
shortly before; a tenth of the rate there is large and still safe.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from nnspec.objectives import Optimizer
from nnspec.training.batches import Batch, Feed
from nnspec.training.learner import Learner

STEPS = 100
BEYOND = 10.0  # times the highest usual rate is where it ends
SMOOTHING = 0.9  # of the mean of the losses stays in each step
BREAKS_OUT = 4.0  # times the lowest smoothed loss
SAFE = 0.1  # of the rate where it is lowest
FIRST = 10  # steps in which the mean settles


@dataclass(frozen=True, slots=True)
class Curve:
    """A range test, step by step, and what follows from it."""

    lr: tuple[float, ...]
    loss: tuple[float, ...]
    smoothed: tuple[float, ...]
    chosen: float
    reason: str

    def as_json(self) -> dict[str, Any]:
        steps = [
            {"lr": lr, "loss": loss, "smoothed": smoothed}
            for lr, loss, smoothed in zip(self.lr, self.loss, self.smoothed, strict=True)
        ]
        return {"chosen": self.chosen, "reason": self.reason, "steps": steps}

    def in_words(self) -> str:
        """`lr: auto takes 0.01, a tenth of 0.1, where the loss was lowest (…)`."""
        return f"lr: auto takes {self.chosen:g}, {self.reason}"


def choose_rate(learner: Learner, training: Feed, optimizer: Optimizer) -> Curve:
    """Go through a range test with a learner that is of no use afterwards."""
    assert optimizer.usual
    low, high = optimizer.usual[0], optimizer.usual[1] * BEYOND
    rates, losses, smoothed = list[float](), list[float](), list[float]()
    mean, lowest = 0.0, math.inf
    for step, batch in zip(range(STEPS), _batches(learner, training), strict=False):
        rates.append(low * (high / low) ** (step / (STEPS - 1)))
        loss = _step(learner, batch, rates[-1])
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        found = mean / (1 - SMOOTHING ** (step + 1))
        if not math.isfinite(found) or (step >= FIRST and found > BREAKS_OUT * lowest > 0):
            rates.pop()
            break
        losses.append(loss)
        smoothed.append(found)
        lowest = min(lowest, found)
    return Curve(tuple(rates), tuple(losses), tuple(smoothed), *_chosen(rates, smoothed, optimizer.lr))


def _chosen(rates: list[float], smoothed: list[float], default: float) -> tuple[float, str]:
    """The rate, and why it is that."""
    at = min(range(len(smoothed)), key=smoothed.__getitem__) if smoothed else 0
    tested = f"{len(rates)} steps from {rates[0]:.2g} to {rates[-1]:.2g}" if rates else "no step"
    if at < FIRST:
        return default, f"the optimizer's own, since the loss fell at no rate ({tested})"
    rate = float(f"{rates[at] * SAFE:.1e}")
    return rate, f"a tenth of {rates[at]:.2g}, where the loss was lowest ({tested})"


def _step(learner: Learner, batch: Batch, rate: float) -> float:
    for group in learner.optimizer.param_groups:
        group["lr"] = rate
    return float(learner.plain(learner.changed(batch)))


def _batches(learner: Learner, training: Feed) -> Iterator[Batch]:
    """Batches without end, pass after pass."""
    order = torch.Generator().manual_seed(learner.order.initial_seed())
    while True:
        for chunk in training.shuffled(learner.batch_size, order):
            yield from chunk
