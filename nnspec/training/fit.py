"""The training loop."""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from nnspec.training.batches import Feed
from nnspec.training.best import Best
from nnspec.training.evaluate import Judge, Measured
from nnspec.training.health import Kept, blame
from nnspec.training.interrupt import Stop
from nnspec.training.learner import Advance, Learner
from nnspec.training.result import Metrics

METRICS_SHARE = 0.1  # of a training's time may go into metrics on the way; the final ones are always computed


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch came to. Without validation rows it has no validation loss."""

    number: int
    step: int  # steps since the training began
    train_loss: float  # mean over the epoch's steps, each with the weights of its time
    validation_loss: float | None
    lr: float  # when the epoch ended
    seconds: float  # since the training began
    examples_per_second: float  # of this epoch's steps
    metrics: Metrics  # of the validation rows; empty where they would have held up the training
    better: bool  # whether its weights are the best so far

    def as_json(self) -> dict[str, Any]:
        values = asdict(self)
        return {"epoch": values.pop("number"), **values}


def fit(
    learner: Learner, judge: Judge, training: Feed, validation: Feed, best: Best, stop: Stop, advance: Advance
) -> Iterator[Epoch]:
    """Train epoch by epoch; `best` keeps the weights to use. SpecError where a number is not finite."""
    clock, kept = _Clock(), Kept(learner)
    for number in range(1, judge.spec.train.epochs + 1):
        kept.keep(number)
        epoch_start = time.perf_counter()
        train_loss = learner.epoch(training, learner.step, stop, advance)
        if train_loss is None:
            return
        rate = training.rows / (time.perf_counter() - epoch_start)
        lr, found = learner.lr, Measured(train_loss)
        if validation.rows and math.isfinite(train_loss):
            found = clock.count(judge.measure(learner.net, validation, with_metrics=clock.affords_metrics))
        if not math.isfinite(found.loss):
            raise blame(kept, judge, training, validation, number)
        learner.end_epoch(found.loss)
        better = best.offer(number, found.loss, chosen=validation.rows > 0)
        validation_loss = found.loss if validation.rows else None
        yield Epoch(number, learner.steps, train_loss, validation_loss, lr, clock.seconds, rate, found.metrics, better)
        if best.tired:
            return


class _Clock:
    """How long the training takes, and how much of that goes into metrics."""

    def __init__(self) -> None:
        self.start, self.scoring_s = time.perf_counter(), 0.0
        self.first = True

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.start

    @property
    def affords_metrics(self) -> bool:
        return self.first or self.scoring_s < METRICS_SHARE * self.seconds

    def count(self, measured: Measured) -> Measured:
        """Count what the metrics took, but for the first time, which may import torchmetrics."""
        self.scoring_s += 0.0 if self.first else measured.scoring_s
        self.first = False
        return measured
