"""Trial after trial: values are asked for, a network is trained with them, and what it came to is told."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from nnspec.diagnostics import Findings, Note, SpecError
from nnspec.graph.network import Network, network_of
from nnspec.runs import WEIGHTS
from nnspec.source import Node
from nnspec.source.node import Scalar
from nnspec.spec.search import Search, with_values
from nnspec.training import Epoch, Result, train_spec
from nnspec.tuning.goal import Goal
from nnspec.tuning.study import Asked, Study, Trial

TRIALS = "trials"
HOPELESS = 3  # trials that fail in a row, from the first on: then the spec is at fault, not their values


class Followed(Protocol):
    """Who follows the tuning."""

    def begin(self, number: int, values: Mapping[str, Scalar]) -> None:
        """A trial begins."""
        ...

    def end(self, trial: Trial, best: Trial | None, seconds: float) -> None:
        """A trial came to its end."""
        ...


@dataclass(frozen=True, eq=False)
class Tuned:
    """What is tuned: the document with its searches, and how each trial is trained."""

    root: Node
    searches: tuple[Search, ...]
    path: Path
    goal: Goal
    seed: int | None = None
    device: str | None = None
    allowed: tuple[Path, ...] = ()
    max_layers: int | None = None

    def network(self, values: Mapping[str, Scalar]) -> Network:
        """The network with these values; SpecError where they do not go together."""
        chosen = {search.path: values[search.name] for search in self.searches}
        root = with_values(self.root, chosen)
        return network_of(root, self.path, Findings(), self.allowed, self.max_layers)


class EndedEarlyError(Exception):
    """A trial that is worse than most were by then."""


@dataclass(eq=False)
class _Watch:
    """Follows one training for the study."""

    asked: Asked
    goal: Goal
    figures: list[float] = field(default_factory=list)

    def start(self, epochs: int | None, steps: int) -> None: ...

    def advance(self, steps: int) -> None: ...

    def epoch(self, epoch: Epoch) -> None:
        figure = self.goal.of_epoch(epoch)
        if figure is None:
            return
        self.figures.append(figure)
        if self.asked.report(epoch.number, figure):
            raise EndedEarlyError

    def tell(self, text: str) -> None: ...

    def end(self) -> None: ...


def tune(tuned: Tuned, study: Study, folder: Path, trials: int, followed: Followed, *, until: float = math.inf) -> bool:
    """Train until the study has so many trials, or the clock (`time.monotonic`) says `until`; False if interrupted."""
    fails = 0
    while len(study.trials()) < trials and time.monotonic() < until:
        asked = study.ask()
        if asked.number >= trials:  # another process took the last one
            asked.fail("beyond the last trial")
            break
        start = time.monotonic()
        followed.begin(asked.number, asked.values)
        interrupted, error = _trial(tuned, asked, run_of(folder, asked.number))
        trial = next(trial for trial in study.trials() if trial.number == asked.number)
        if interrupted:
            return False
        _keep_best(study, folder, trial)
        followed.end(trial, study.best(), time.monotonic() - start)
        fails = fails + 1 if error and study.best() is None else 0
        if error and fails >= HOPELESS:
            raise _hopeless(error, fails)
    return True


def run_of(folder: Path, number: int) -> Path:
    """The run folder of a trial; people count them from 1."""
    return folder / TRIALS / f"{number + 1:04}"


def _trial(tuned: Tuned, asked: Asked, folder: Path) -> tuple[bool, SpecError | None]:
    """One training; whether it was interrupted, and what went wrong with its values."""
    watch = _Watch(asked, tuned.goal)
    try:
        network = tuned.network(asked.values)
        result = _trained(tuned, network, folder, watch)
    except EndedEarlyError:
        asked.prune()
        return False, None
    except SpecError as error:
        asked.fail(error.diagnostics[0].message)
        return False, error
    except BaseException:
        asked.fail("interrupted")
        raise
    figure = tuned.goal.of_result(result)
    if result.interrupted or not math.isfinite(figure):
        asked.fail("interrupted" if result.interrupted else f"the {tuned.goal.name} is {figure}")
    else:
        asked.complete(figure)
    return result.interrupted, None


def _trained(tuned: Tuned, network: Network, folder: Path, watch: _Watch) -> Result:
    _, result = train_spec(
        network.spec,
        network.graph,
        network.folder,
        allowed=network.allowed,
        run_dir=folder,
        seed=tuned.seed,
        device=tuned.device,
        progress=watch,
    )
    return result


def _keep_best(study: Study, folder: Path, trial: Trial) -> None:
    """Only the best trial keeps its weights: a hundred large networks would fill the disk."""
    best = study.best()
    for other in study.trials():
        if best and other.number != best.number and other.state != "running" and other.number <= trial.number:
            (run_of(folder, other.number) / WEIGHTS).unlink(missing_ok=True)


def _hopeless(error: SpecError, fails: int) -> SpecError:
    first = error.diagnostics[0]
    return SpecError.of(
        first.code,
        f"the first {fails} trials all fail, the last one so: {first.message}",
        first.span,
        notes=[*first.notes, Note("values", "each trial had others, so it is not they that are at fault")],
        help=first.help,
    )
