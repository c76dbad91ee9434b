"""Which form of a step is fastest here, found by trying each on the same batches."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import cycle, islice
from typing import Any

import torch
from torch import Tensor

from nnspec.training.batches import Batch
from nnspec.training.compiled.program import UncompilableError
from nnspec.training.layout import lie
from nnspec.training.learner import Learner
from nnspec.training.step import PlainStep, Step

STEPS = 20  # that each form goes through; the training takes as many plain ones, wherever it was interrupted
WARM = 5  # of them are not timed: a program is recorded, memory is taken
WORTH = 10  # so many times the steps of a trial have to follow it
GAIN = 0.97  # of the plain step's time that another has to stay below
TOLERANCE = 1e-5  # by which losses may differ, relative to those above 1
BAND = 2e-2  # the same where a form multiplies in bfloat16


@dataclass(frozen=True, slots=True)
class Form:
    """A way to do what the plain step does."""

    make: Callable[[PlainStep], Step]
    layout: torch.memory_format = torch.contiguous_format  # of the weights
    bf16: bool = False

    def of(self, learner: Learner) -> Step:
        """The step, on weights that lie as it wants them."""
        lie(learner.plain, self.layout)
        return self.make(replace(learner.plain, bf16=True) if self.bf16 else learner.plain)

    @property
    def tolerance(self) -> float:
        """By how much its losses may differ from the plain step's."""
        return BAND if self.bf16 else TOLERANCE


Forms = Mapping[str, Form]  # by name
PLAIN = Form(lambda plain: plain)


@dataclass(frozen=True, slots=True)
class Choice:
    """The form that was chosen, and what was seen of all."""

    form: str  # off where it is the plain one
    step_us: Mapping[str, float]  # microseconds of a step, by form
    differs: Mapping[str, float]  # largest difference of a form's losses from the plain step's
    refused: Mapping[str, str]  # why a form could not be tried
    known: bool = False  # whether this was found by an earlier training
    since: int = 0  # so many plain steps come before it

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def in_words(self) -> str:
        """`compile: step, 231 µs a step against 417 µs`."""
        times = [f"{name} {_time(us)}" for name, us in self.step_us.items() if name != self.form]
        if self.form in self.step_us:
            against = f" against {', '.join(times)}" if times else ""
            times = [f"{_time(self.step_us[self.form])} a step{against}"]
        before = ["as an earlier training found"] if self.known else []
        reasons = [f"no {name}: {reason}" for name, reason in self.refused.items()]
        return "; ".join([", ".join([f"compile: {self.form}", *times, *before]), *reasons])


class Trial:
    """Goes the training's first steps plainly; then the same ones in each form, and on with the fastest.

    The training itself is the plain one until then. So it is the same whether it was interrupted before or not.
    """

    def __init__(self, learner: Learner, forms: Forms, chosen: Callable[[Choice], None]) -> None:
        self.learner, self.forms, self.chosen = learner, forms, chosen
        self.start: dict[str, Any] = {}
        self.batches: list[Batch] = []
        self.numbers: list[list[dict[str, Any]]] = []  # the optimizer's, in each step
        self.losses: list[Tensor] = []
        self.times_s: list[float] = []

    def __call__(self, batch: Batch) -> Tensor:
        """A step of the training."""
        over = self.learner.steps >= STEPS
        if not over or not self.batches:
            self._note(batch)
        if over:
            self.learner.update = self._fastest()
            return self.learner.update(batch)
        self.losses.append(self._timed(self.learner.plain, batch, self.times_s))
        return self.losses[-1]

    def anew(self) -> "Trial":
        """Where others are trained before its end, its steps are no measure of those to come."""
        self.forms = {}
        return self

    def _note(self, batch: Batch) -> None:
        self.start = self.start or self.learner.state()
        self.batches.append(batch)
        self.numbers.append([dict(group) for group in self.learner.optimizer.param_groups])

    def _fastest(self) -> Step:
        """The best form, at work on the training as it stands."""
        learner, end = self.learner, self.learner.state()
        if len(self.losses) < STEPS:  # some were taken before an interruption: what is left makes a trial of its own
            self.losses, self.times_s = self._gone_through(PLAIN)
        best = "off"
        times, differs, refused = {"off": _typical(self.times_s)}, dict[str, float](), dict[str, str]()
        for form, kind in self.forms.items():
            try:
                losses, times_s = self._gone_through(kind)
            except UncompilableError as error:
                refused[form] = str(error)
                continue
            times[form], differs[form] = _typical(times_s), self._differ(losses)
            if not differs[form] <= kind.tolerance:
                refused[form] = f"its losses differ by {differs[form]:.1g}"
            elif times[form] < times[best] * (GAIN if best == "off" else 1):
                best = form
        # Made anew: a program holds the weights where they lay, and forms that were tried since have moved them.
        step = self.forms.get(best, PLAIN).of(learner)
        learner.go_back(end)
        step_us = {form: round(time_s * 1e6, 1) for form, time_s in times.items()}
        self.chosen(Choice(best, step_us, differs, refused, since=STEPS))
        return step

    def _gone_through(self, form: Form) -> tuple[list[Tensor], list[float]]:
        """A form's losses and times on the trial's batches."""
        self.learner.go_back(self.start)
        step, losses, times = form.of(self.learner), [], list[float]()
        for batch, numbers in islice(cycle(zip(self.batches, self.numbers, strict=True)), STEPS):
            for group, then in zip(self.learner.optimizer.param_groups, numbers, strict=True):
                group.update(then)
            losses.append(self._timed(step, batch, times))
        return losses, times

    def _differ(self, losses: list[Tensor]) -> float:
        """By how much a loss differs from the plain step's, at most."""
        pairs = zip(torch.stack(losses).tolist(), torch.stack(self.losses).tolist(), strict=True)
        differences: list[float] = [abs(a - b) / max(1.0, abs(b)) for a, b in pairs]
        return max(differences)

    def _timed(self, step: Step, batch: Batch, times_s: list[float]) -> Tensor:
        start = time.perf_counter()
        loss = step(batch)
        if loss.device.type == "cuda":
            torch.cuda.synchronize(loss.device)
        times_s.append(time.perf_counter() - start)
        return loss


def is_worth(steps: int, forms: Forms) -> bool:
    """Whether a training is long enough for a trial."""
    return steps >= WORTH * STEPS * len(forms)


def _typical(times_s: list[float]) -> float:
    return statistics.median(times_s[WARM:])


def _time(microseconds: float) -> str:
    return f"{microseconds:.0f} µs" if microseconds < 1000 else f"{microseconds / 1000:.3g} ms"
