"""The study: which values were tried and how they did, kept in a journal that several processes share.

All that knows optuna stands here (https://optuna.readthedocs.io).
"""

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

from nnspec.diagnostics import SpecError
from nnspec.source.node import Scalar
from nnspec.spec.search import Search

JOURNAL = "journal.log"
STARTUP = 5  # trials before any is ended early, and before what was tried says where to look

Sampler = Literal["tpe", "random", "grid"]
Pruner = Literal["median", "none"]
Values = Mapping[str, Scalar]  # by the name of the search


@dataclass(frozen=True, slots=True)
class Trial:
    """One training with values of its own."""

    number: int
    values: Values
    state: Literal["complete", "pruned", "failed", "running"]
    figure: float | None = None  # the goal's; the last one of a trial that was ended early
    note: str = ""  # why it failed
    epochs: int = 0


class Study:
    """The trials of one spec, in a folder."""

    def __init__(
        self,
        folder: Path,
        found: Sequence[Search],
        direction: str,
        *,
        sampler: Sampler = "tpe",
        pruner: Pruner = "median",
        seed: int = 0,
    ) -> None:
        self.optuna = _optuna()
        self.searches = found
        storage = self.optuna.storages.JournalStorage(_journal(folder / JOURNAL))
        self.study = self.optuna.create_study(
            study_name="nnspec", storage=storage, load_if_exists=True, direction=direction, pruner=self._pruner(pruner)
        )
        if sampler == "grid" and not self.study.trials:
            for values in product(*map(_grid, found)):
                self.study.enqueue_trial(dict(zip((search.name for search in found), values, strict=True)))
        self.study.sampler = self._sampler(sampler, seed + len(self.trials()))

    def ask(self) -> "Asked":
        """The next trial, with its values."""
        trial = self.study.ask()
        values = {search.name: search.rounded(_suggest(trial, search)) for search in self.searches}
        trial.set_user_attr("values", values)
        return Asked(self, trial, values)

    def trials(self) -> list[Trial]:
        """Every trial so far, those of other processes too."""
        return [self._read(trial) for trial in self.study.get_trials(deepcopy=False) if "values" in trial.user_attrs]

    def best(self) -> Trial | None:
        """The best of the trials that came to their end."""
        done = [trial for trial in self.trials() if trial.state == "complete" and trial.figure is not None]
        greatest = self.study.direction.name == "MAXIMIZE"
        return max(done, key=lambda trial: (trial.figure or 0) * (1 if greatest else -1), default=None)

    def importances(self) -> dict[str, float]:
        """How much of the figure's variation each value explains (fANOVA); empty where there are too few trials."""
        done = [trial for trial in self.trials() if trial.state == "complete"]
        if len(done) < 2 * STARTUP or len({trial.figure for trial in done}) < 2:
            return {}
        found = self.optuna.importance.get_param_importances(self.study)
        return {name: float(share) for name, share in found.items()}

    def _read(self, trial: Any) -> Trial:
        states = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
        last = trial.intermediate_values.get(max(trial.intermediate_values, default=0))
        return Trial(
            trial.number,
            trial.user_attrs["values"],
            states.get(trial.state.name, "running"),  # type: ignore[arg-type]
            trial.value if trial.value is not None else last,
            trial.user_attrs.get("note", ""),
            len(trial.intermediate_values),
        )

    def _pruner(self, name: Pruner) -> Any:
        if name == "none":
            return self.optuna.pruners.NopPruner()
        return self.optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=STARTUP)

    def _sampler(self, name: Sampler, seed: int) -> Any:
        samplers = self.optuna.samplers
        if name != "tpe":  # a grid's values wait to be asked for
            return samplers.RandomSampler(seed=seed)
        with warnings.catch_warnings():
            # What of optuna is experimental is ours to know, not the user's.
            warnings.simplefilter("ignore", self.optuna.exceptions.ExperimentalWarning)
            return samplers.TPESampler(seed=seed, n_startup_trials=2 * STARTUP, multivariate=True, constant_liar=True)


@dataclass(frozen=True, eq=False)
class Asked:
    """A trial that is under way."""

    study: Study
    trial: Any
    values: dict[str, Scalar]

    @property
    def number(self) -> int:
        return int(self.trial.number)

    def report(self, epoch: int, figure: float) -> bool:
        """Say how it does after an epoch; whether it should end, being worse than most were by then."""
        self.trial.report(figure, epoch)
        return bool(self.trial.should_prune())

    def complete(self, figure: float) -> None:
        self.study.study.tell(self.trial, figure)

    def prune(self) -> None:
        self.study.study.tell(self.trial, state=self.study.optuna.trial.TrialState.PRUNED)

    def fail(self, note: str) -> None:
        self.trial.set_user_attr("note", note)
        self.study.study.tell(self.trial, state=self.study.optuna.trial.TrialState.FAIL)


GRID_POINTS = 5  # of a range that has no step


def grid_size(found: Sequence[Search]) -> int:
    """How many trials a grid has."""
    size = 1
    for search in found:
        size *= len(_grid(search))
    return size


def _grid(search: Search) -> list[Scalar]:
    """The values of a range that a grid tries: every choice and every step, or five evenly between its bounds."""
    if search.kind == "choice":
        return list(search.choices)
    low, high = search.bounds
    if search.step:
        count = int((high - low) / search.step + 1e-9) + 1
        return [search.rounded(low + place * search.step) for place in range(count)]
    shares = [place / (GRID_POINTS - 1) for place in range(GRID_POINTS)]
    between = [low * (high / low) ** share if search.is_log else low + (high - low) * share for share in shares]
    return list(dict.fromkeys(map(search.rounded, between)))


def _suggest(trial: Any, search: Search) -> Any:
    if search.kind == "choice":
        return trial.suggest_categorical(search.name, list(search.choices))
    low, high = search.bounds
    if search.is_whole:
        return trial.suggest_int(search.name, int(low), int(high), log=search.is_log, step=int(search.step or 1))
    return trial.suggest_float(search.name, low, high, log=search.is_log, step=search.step)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        message = "tuning needs optuna, which is not installed"
        raise SpecError.of("missing-extra", message, help="pip install 'nnspec[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _journal(path: Path) -> Any:
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    # The default lock is a symbolic link, which Windows gives to few users.
    lock = JournalFileOpenLock(str(path)) if os.name == "nt" else None
    return JournalFileBackend(str(path), lock_obj=lock)
