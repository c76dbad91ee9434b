"""`nnspec tune`: trials until there are enough, a line for each, then the best spec and a picture."""

import math
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from nnspec.cli.main import EXIT_INTERRUPTED
from nnspec.diagnostics import Findings, SpecError
from nnspec.source.node import Scalar

if TYPE_CHECKING:
    from nnspec.tuning import Tuned
    from nnspec.tuning.study import Study, Trial

WORKER_SEEDS = 1_000_003  # between the seeds of processes, so that none chooses what another does


def tune(arguments: Namespace) -> int:
    """Look for the best values; then what they are and what to type next."""
    from nnspec.graph.network import network_of
    from nnspec.spec.compose import read_document
    from nnspec.spec.search import find_searches

    path = Path(arguments.spec)
    root = read_document(path, arguments.overrides, allow_path=arguments.allow_path)
    found = find_searches(root)
    allowed = tuple(map(Path, arguments.allow_path))
    network = network_of(root, path, Findings(), allowed, arguments.max_layers)
    if not found:
        help = "write `{$search: {log: [1e-5, 1e-1]}}` in the place of a value, as of `lr`"
        raise SpecError.of("not-trainable", "the spec looks for no value", network.spec.root.span, help=help)
    # torch takes a second to import, and a spec that is wrong should not wait for it.
    from nnspec.tuning import Tuned
    from nnspec.tuning.goal import find_goal

    goal = find_goal(network.spec, arguments.metric)
    tuned = Tuned(root, found, path, goal, device=arguments.device, allowed=allowed, max_layers=arguments.max_layers)
    return _tune(arguments, tuned, network.spec.name)


def _tune(arguments: Namespace, tuned: "Tuned", name: str) -> int:
    from nnspec.tuning import tune as run
    from nnspec.tuning.folder import open_study
    from nnspec.tuning.population import check_alike, tune_together
    from nnspec.tuning.study import Study, grid_size

    if arguments.population:
        check_alike(tuned)
    folder = open_study(arguments.study, name, tuned, arguments.overrides)
    seed = arguments.seed + WORKER_SEEDS * arguments.worker
    study = Study(
        folder, tuned.searches, tuned.goal.direction, sampler=arguments.sampler, pruner=arguments.pruner, seed=seed
    )
    trials = min(arguments.trials, grid_size(tuned.searches)) if arguments.sampler == "grid" else arguments.trials
    lines = _Lines(trials, tuned.goal.name, quiet=arguments.quiet or bool(arguments.worker))
    lines.say(f"{name}: {len(tuned.searches)} values, {trials} trials, study {folder}")
    workers = [_worker(arguments, folder, number) for number in range(1, arguments.jobs)]
    until = time.monotonic() + arguments.time if arguments.time else math.inf
    try:
        if arguments.population:
            finished = tune_together(tuned, study, arguments.population, trials, lines, until)
        else:
            finished = run(tuned, study, folder, trials, lines, until=until)
    finally:
        codes = [worker.wait() for worker in workers]
    if arguments.worker:
        return 0
    written = _write(arguments, tuned, study, folder)
    lines.result(study, written, folder)
    return 0 if finished and not any(codes) else EXIT_INTERRUPTED


def _worker(arguments: Namespace, folder: Path, number: int) -> "subprocess.Popen[bytes]":
    """Another process of the same study, which says nothing."""
    words = ["tune", arguments.spec, "--study", str(folder), "--worker", str(number)]
    for name in ("trials", "time", "metric", "sampler", "pruner", "population", "seed", "device", "max_layers"):
        value = getattr(arguments, name)
        unit = "s" if name == "time" else ""
        words += [f"--{name.replace('_', '-')}", f"{value}{unit}"] if value is not None else []
    for option, values in (("--set", arguments.overrides), ("--allow-path", arguments.allow_path)):
        words += [word for value in values for word in (option, value)]
    return subprocess.Popen([sys.executable, "-m", "nnspec", *words], stdout=subprocess.DEVNULL)


def _write(arguments: Namespace, tuned: "Tuned", study: "Study", folder: Path) -> Path | None:
    """The picture and the best spec; where the latter went."""
    from nnspec.files import write_text
    from nnspec.tuning.best import best_text
    from nnspec.tuning.folder import PICTURE
    from nnspec.tuning.plot import plot

    trials, best = study.trials(), study.best()
    write_text(folder / PICTURE, plot(trials, tuned.searches, tuned.goal, study.importances()))
    if best is None:
        return None
    headline = f"the best of {len(trials)} trials: {tuned.goal.name} {best.figure:.5g}"
    text = best_text(tuned.path, tuned.searches, best.values, headline)
    if text is None:
        return None
    path = Path(arguments.output or tuned.path.with_name(f"{tuned.path.stem}-best{tuned.path.suffix}"))
    write_text(path, text)
    return path


class _Lines:
    """A line a trial, and what it came to."""

    def __init__(self, trials: int, goal: str, *, quiet: bool) -> None:
        self.trials, self.goal, self.quiet = trials, goal, quiet

    def say(self, text: str) -> None:
        if not self.quiet:
            print(text, flush=True)

    def begin(self, number: int, values: Mapping[str, Scalar]) -> None: ...

    def end(self, trial: "Trial", best: "Trial | None", seconds: float) -> None:
        width = len(str(self.trials))
        figure = f"{trial.figure:<9.4g}" if trial.figure is not None else f"{'failed':<9}"
        early = f"ended after epoch {trial.epochs}" if trial.state == "pruned" else trial.note
        mark = "best" if best and best.number == trial.number else ""
        values = "  ".join(f"{_short(name)} {_shown(value)}" for name, value in trial.values.items())
        parts = [f"trial {trial.number + 1:>{width}}/{self.trials}", figure, f"{mark:<4}", f"{seconds:>6.1f} s", values]
        self.say("  ".join([*parts, early]).rstrip())

    def result(self, study: "Study", written: Path | None, folder: Path) -> None:
        from nnspec.tuning.folder import PICTURE

        best = study.best()
        if best is None:
            self.say("\nno trial came to its end")
            return
        shares = study.importances()
        self.say(f"\nthe best is trial {best.number + 1}: {self.goal} {best.figure:.5g}")
        width = max(map(len, best.values))
        for name, value in best.values.items():
            share = f"   explains {shares[name]:.0%} of the difference" if name in shares else ""
            self.say(f"  {name:<{width}}  {_shown(value):<10}{share}".rstrip())
        self.say(f"\na picture is in {folder / PICTURE}" + (", next:" if written else ""))
        if written:
            self.say(f"  nnspec train {written}")


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _shown(value: Scalar) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
