"""The training loop."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from torch import Tensor

from nnspec.training.batches import Batch, Feed, batch_sizes
from nnspec.training.best import Best
from nnspec.training.evaluate import Judge, Measured
from nnspec.training.interrupt import Stop
from nnspec.training.learner import Advance, Learner
from nnspec.training.not_finite import Kept, blame, unfound
from nnspec.training.result import Metrics

METRICS_STEPS = 100  # from one epoch with slow metrics to the next; quick ones come in each, and all of them at the end


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
    metrics: Metrics  # of the validation rows; empty where slow ones would hold up epochs of few steps
    better: bool  # whether its weights are the best so far

    def as_json(self) -> dict[str, Any]:
        values = asdict(self)
        return {"epoch": values.pop("number"), **values}

    @staticmethod
    def from_json(line: Mapping[str, Any]) -> "Epoch":
        """The epoch of a line of `metrics.jsonl`."""
        return Epoch(**{"number" if key == "epoch" else key: value for key, value in line.items()})


@dataclass(slots=True)
class Course:
    """How far a training has come, and what its time went into."""

    epochs: int = 0  # that came to their end
    cut: bool = False  # whether the training ended within the last one
    seconds_before: float = 0.0  # of the training, where this is a later part of it
    stepping_s: float = 0.0
    scored: int | None = None  # the step after which metrics were last computed
    start: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        return self.seconds_before + time.perf_counter() - self.start

    def score(self, judge: Judge, steps: int) -> bool:
        """Whether metrics are due after so many steps. Time has no say: each run has them in the same epochs."""
        due = judge.quick or self.scored is None or steps - self.scored >= METRICS_STEPS
        self.scored = steps if due else self.scored
        return due

    def state(self) -> dict[str, Any]:
        """What a later part of the training goes on from."""
        times = {"seconds": self.seconds, "stepping_s": self.stepping_s}
        return {"epochs": self.epochs, "scored": self.scored, **times}

    def go_back(self, state: Mapping[str, Any]) -> None:
        """Put such a state back."""
        self.epochs, self.seconds_before = state["epochs"], state["seconds"]
        self.stepping_s, self.scored = state["stepping_s"], state["scored"]


def fit(
    learner: Learner,
    judge: Judge,
    training: Feed,
    validation: Feed,
    best: Best,
    stop: Stop,
    advance: Advance,
    course: Course | None = None,
    between: Callable[[], None] = lambda: None,
    cut: Callable[[], None] = lambda: None,
) -> Iterator[Epoch]:
    """Train epoch by epoch; `best` keeps the weights to use. SpecError where a number is not finite.

    `course` is how far it has come already; `between` is called before each step, `cut` where the training ends within
    an epoch, before that is judged as it stands.
    """
    course, kept, length = course or Course(), Kept(learner), judge.spec.train.length
    per_epoch, ended = len(batch_sizes(training.rows, learner.batch_size)), Stop()

    def step(batch: Batch) -> Tensor:
        between()
        loss = learner.step(batch)
        within = learner.steps < before + per_epoch - first
        ended.asked = stop.asked or (within and length.over(course.epochs, learner.steps, course.seconds))
        return loss

    while not length.over(course.epochs, learner.steps, course.seconds) and not best.tired:
        learner.begin_epoch(course.epochs + 1)
        if not judge.team:  # whose states are as many as its processes, and to keep one takes them all
            kept.keep(course.epochs + 1)
        before, first, epoch_start = learner.steps, learner.here.steps if learner.here else 0, time.perf_counter()
        train_loss = learner.epoch(training, step, ended, advance)
        seconds = time.perf_counter() - epoch_start
        course.stepping_s += seconds
        if train_loss is None and stop.asked:
            return
        if train_loss is None:
            course.cut = True
            cut()
            train_loss = learner.so_far()
        here = learner.steps - before
        rate = training.rows * here / per_epoch / seconds
        yield _judged(learner, judge, (training, validation), best, course, kept, train_loss, rate)


def _judged(
    learner: Learner,
    judge: Judge,
    parts: tuple[Feed, Feed],
    best: Best,
    course: Course,
    kept: Kept,
    train_loss: float,
    rate: float,
) -> Epoch:
    """What an epoch came to; its weights are kept where they are the best."""
    (training, validation), number, lr, found = parts, course.epochs + 1, learner.lr, Measured(train_loss)
    with learner.averaged():
        if validation.rows and math.isfinite(train_loss):
            found = judge.measure(learner.net, validation, with_metrics=course.score(judge, learner.steps))
        better = math.isfinite(found.loss) and best.offer(number, found.loss, chosen=validation.rows > 0)
    if not math.isfinite(found.loss):
        raise unfound(judge.spec, number) if judge.team else blame(kept, judge, training, validation, number)
    learner.end_epoch(found.loss)
    validation_loss = found.loss if validation.rows else None
    course.epochs = number
    return Epoch(number, learner.steps, train_loss, validation_loss, lr, course.seconds, rate, found.metrics, better)
