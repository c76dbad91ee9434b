"""Follows a training from outside: looks now and then, tells each kind of finding once, and keeps all of it."""

import time
from collections.abc import Callable, Iterable, Iterator

from nnspec.data import Examples as Data
from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.runs import Run
from nnspec.training.batches import Feed
from nnspec.training.evaluate import Judge
from nnspec.training.fit import Epoch
from nnspec.training.health.chance import chance
from nnspec.training.health.curves import Course, diagnose_course
from nnspec.training.health.data import diagnose_data
from nnspec.training.health.layers import diagnose_layers, typical_update
from nnspec.training.health.look import Look, drawn, look
from nnspec.training.health.words import headline
from nnspec.training.learner import Learner

LOOKS_SHARE = 0.02  # of a training's time may go into looks
LOOK_STEPS = 5  # that take as long as a look
UNNOTICED_S = 0.01  # a first look that takes no longer is never too dear, in however short a training

Tell = Callable[[str], None]  # a finding in one line


class Monitor:
    """What is known of how a training goes, from its begin or from the state that it goes on from."""

    def __init__(self, learner: Learner, judge: Judge, training: Feed, run: Run, tell: Tell) -> None:
        self.learner, self.judge, self.run, self.tell = learner, judge, run, tell
        self.training, self.batch = training, drawn(training, learner.batch_size)
        self.chance = chance(judge.spec, judge.graph, training, judge.weighted)
        self.findings: list[Diagnostic] = []
        self.told = {str(found["code"]) for found in run.findings()}
        self.epochs = [Epoch.from_json(line) for line in run.metrics()]
        self.last: Look | None = None
        self.spent_s, self.start, self.first_step = 0.0, time.perf_counter(), learner.steps

    def begin(self, data: Data) -> None:
        """Look at the examples themselves."""
        self._add(diagnose_data(self.judge.spec, self.judge.graph, data, self.training))
        self.start = time.perf_counter()

    def advance(self) -> None:
        """Some steps were done: look, if looks have taken little of the time."""
        if self._affords_look:
            self._look()

    def followed(self, epochs: Iterator[Epoch]) -> Iterator[Epoch]:
        """The same epochs, each judged after it was used. An error that ends them takes along what was found."""
        try:
            for epoch in epochs:
                yield epoch
                self.epochs.append(epoch)
                self.advance()
                self._judge_course(ended=False)
        except SpecError as error:
            self._look()
            raise SpecError([*error.diagnostics, *self.findings]) from None
        if self.epochs and not self.learner.here:  # else it was stopped within an epoch
            self._judge_course(ended=True)

    @property
    def _affords_look(self) -> bool:
        passed_s, steps = time.perf_counter() - self.start, self.learner.steps - self.first_step
        if self.last:
            return self.spent_s + self.last.seconds < LOOKS_SHARE * passed_s
        return steps > 0 and LOOK_STEPS * passed_s / steps < max(UNNOTICED_S, LOOKS_SHARE * passed_s)

    def _look(self) -> None:
        if self.judge.team:  # whose weights a single process may not have
            return
        start = time.perf_counter()
        self.last = look(self.learner, self.judge, self.batch, len(self.epochs))
        self.run.add_health(self.last.as_json())
        self._add(diagnose_layers(self.judge.spec, self.judge.graph, self.last))
        self.spent_s += time.perf_counter() - start

    def _judge_course(self, *, ended: bool) -> None:
        if self._course(ended):
            self._look()  # a layer may be the reason, and is told in place of what follows from it
            self._add(self._course(ended))

    def _course(self, ended: bool) -> list[Diagnostic]:
        """What the losses tell that was not told before."""
        update = typical_update(self.last) if self.last else None
        course = Course(self.judge.spec, self.epochs, self.chance, update, frozenset(self.told), ended)
        return [found for found in diagnose_course(course) if found.code not in self.told]

    def _add(self, found: Iterable[Diagnostic]) -> None:
        """Tell and keep the first of each kind."""
        for one in found:
            if one.code in self.told:
                continue
            self.told.add(one.code)
            self.findings.append(one)
            self.run.add_finding({"epoch": len(self.epochs), **one.as_json()})
            self.tell(headline(one, len(self.epochs)))
