"""The training loop."""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from nnspec.training.batches import Examples
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
    learner: Learner,
    judge: Judge,
    training: Examples,
    validation: Examples,
    best: Best,
    stop: Stop,
    advance: Advance,
) -> Iterator[Epoch]:
    """Train epoch by epoch; `best` keeps the weights to use. SpecError where a number is not finite."""
    start, kept, scoring_s = time.perf_counter(), Kept(learner), 0.0
    for number in range(1, judge.spec.train.epochs + 1):
        kept.keep(number)
        epoch_start = time.perf_counter()
        train_loss = learner.epoch(training, learner.step, stop, advance)
        if train_loss is None:
            return
        rate = training.rows / (time.perf_counter() - epoch_start)
        lr = learner.lr
        measured = Measured(train_loss)
        if validation.rows and math.isfinite(train_loss):
            affordable = number == 1 or scoring_s < METRICS_SHARE * (time.perf_counter() - start)
            measured = judge.measure(learner.net, validation, with_metrics=affordable)
            scoring_s += measured.scoring_s if number > 1 else 0.0  # the first imports torchmetrics
        if not math.isfinite(measured.loss):
            raise blame(kept, judge, training, validation, number)
        learner.end_epoch(measured.loss)
        better = best.offer(number, measured.loss, chosen=validation.rows > 0)
        seconds = time.perf_counter() - start
        validation_loss = measured.loss if validation.rows else None
        yield Epoch(number, learner.steps, train_loss, validation_loss, lr, seconds, rate, measured.metrics, better)
        if best.tired:
            return
