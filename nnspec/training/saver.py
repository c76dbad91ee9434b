"""When a training's state is written, and how many of its checkpoints stay."""

import time
from typing import TYPE_CHECKING, Any

from nnspec.files import sync
from nnspec.runs import METRICS, WEIGHTS, Run
from nnspec.spec.amounts import duration
from nnspec.spec.stopping import CheckpointSection
from nnspec.training import checkpoint
from nnspec.training.best import Best
from nnspec.training.fit import Course
from nnspec.training.learner import Learner
from nnspec.training.ranked import RankedStep
from nnspec.training.sharded import whole

if TYPE_CHECKING:
    from nnspec.training.scale import Team

EPOCH_EVERY_S = 1.0  # unless the spec says: the end of an epoch is written, but not more often
STEP_EVERY_S = 60.0  # and in mid-epoch so often
SHARE = 0.05  # of the time that may go into writing


class Saver:
    """Writes the state of a training into its run, as often as the spec asks."""

    def __init__(
        self,
        run: Run,
        learner: Learner,
        best: Best,
        course: Course,
        section: CheckpointSection,
        step: RankedStep | None = None,
    ) -> None:
        self.step, self.team = step, step.team if step else None
        self.run, self.learner, self.best, self.course, self.keep = run, learner, best, course, section.keep
        self.every_epoch, self.every_steps, self.every_s = _rhythm(section.every)
        self.epoch_s = 0.0 if section.every == "epoch" else EPOCH_EVERY_S
        self.steps, self.time_s, self.best_epoch = learner.steps, time.perf_counter(), best.epoch
        self.fresh = learner.steps == 0

    def between_steps(self) -> None:
        """Save where steps or time ask for it."""
        late = self.every_s is not None and time.perf_counter() - self.time_s >= self.every_s
        if self.step:
            self.step.save_wished, late = late, self.step.save_agreed
        if late or (self.every_steps is not None and self.learner.steps - self.steps >= self.every_steps):
            self.save()

    def after_epoch(self) -> None:
        """Save where the end of an epoch asks for it; the first always does."""
        late = self.fresh or time.perf_counter() - self.time_s >= self.epoch_s
        due = self.every_epoch and not self.course.cut and late
        if self.team.agree(due) if self.team else due:
            self.save()

    def at_end(self) -> None:
        """Save, unless the training ended within an epoch: then it goes on from there, before that was judged."""
        if not self.course.cut:
            self.save()

    def save(self) -> None:
        """Write a checkpoint, then the best weights if there are better ones, and remove what is too many."""
        start = time.perf_counter()
        state = whole(state_of(self.learner, self.best, self.course))
        if self.team:
            state["random"] = self.team.random_states()
        if self.run.has(METRICS):
            sync(self.run.file(METRICS))  # a checkpoint never tells of epochs that have no line
        path = self.run.checkpoint(self.learner.steps)
        path.parent.mkdir(exist_ok=True)
        if self.team is None or self.team.place.rank == 0:
            checkpoint.save(path, state)
        if self.best.epoch != self.best_epoch:
            self.best.save(self.run.file(WEIGHTS))
        for old in self.run.checkpoints()[: -self.keep]:
            old.unlink()
        self.fresh, self.steps, self.time_s = False, self.learner.steps, time.perf_counter()
        self.best_epoch = self.best.epoch
        if self.epoch_s:
            self.epoch_s = max(EPOCH_EVERY_S, (self.time_s - start) / SHARE)


def state_of(learner: Learner, best: Best, course: Course) -> dict[str, Any]:
    """All that a training goes on from."""
    return {"learner": learner.state(), "best": best.state(), "course": course.state()}


def go_back(run: Run, learner: Learner, best: Best, course: Course, team: "Team | None" = None) -> None:
    """Put back the last state that a run has, if it has one; what was told until then stays, what came later goes."""
    kept = run.checkpoints()
    kept = team.agree(kept) if team else kept
    if kept:
        state = checkpoint.read(kept[-1])
        try:
            learner.go_back(state["learner"])
            best.go_back(state["best"])
            course.go_back(state["course"])
            if team:
                team.go_back(state.get("random", ()))
        except (KeyError, ValueError, TypeError, RuntimeError, AttributeError, IndexError) as error:
            raise checkpoint.unusable(kept[-1], f"it is another network's: {str(error).splitlines()[0]}") from None
    run.cut_back(course.epochs, learner.steps)


def _rhythm(every: str | None) -> tuple[bool, int | None, float | None]:
    """Whether an epoch's end is written, after how many steps, and after how many seconds."""
    if every is None:
        return True, None, STEP_EVERY_S
    if every == "epoch":
        return True, None, None
    if "step" in every:
        return False, int(every.split()[0]), None
    return False, None, duration(every)
