"""Cross-validation: a training for each fold, and what all of them came to."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nnspec.data import load_folds
from nnspec.graph import Graph
from nnspec.graph.start import find_start
from nnspec.runs import RUNS, Run, create, fold_name
from nnspec.spec.reach import Reach
from nnspec.spec.resolve import resolve
from nnspec.spec.spec import Spec
from nnspec.training.augmenting import check_augmentations
from nnspec.training.engine import choose_device, choose_seed
from nnspec.training.memory import check_memory
from nnspec.training.needs import check_batches, check_trainable
from nnspec.training.progress import Progress
from nnspec.training.result import PartResult, Result
from nnspec.training.train import train


@dataclass(frozen=True, slots=True)
class Spread:
    """What the folds' test parts came to: the mean, and the sample's standard deviation from it."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class FoldsResult:
    """The results of all folds that came to their end."""

    folds: tuple[Result, ...]
    interrupted: bool

    @property
    def tests(self) -> list[PartResult]:
        return [fold.parts["test"] for fold in self.folds]

    @property
    def loss(self) -> Spread:
        return spread([part.loss for part in self.tests])

    @property
    def metrics(self) -> dict[str, dict[str, Spread]]:
        """Of each output, each metric's."""
        return {
            output: {metric: spread([part.metrics[output][metric] for part in self.tests]) for metric in found}
            for output, found in self.tests[0].metrics.items()
        }

    def as_json(self) -> dict[str, Any]:
        """Each fold's result, and the spread of their tests."""
        metrics: Mapping[str, Any] = {
            output: {metric: asdict(each) for metric, each in found.items()} for output, found in self.metrics.items()
        }
        return {
            "folds": [fold.as_json() for fold in self.folds],
            "test": {"loss": asdict(self.loss), "metrics": metrics},
        }


def spread(values: Sequence[float]) -> Spread:
    """Mean and deviation of some values; no deviation of one alone."""
    return Spread(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0)


def train_folds(
    spec: Spec,
    graph: Graph,
    base: Path,
    count: int,
    *,
    allowed: Sequence[Path] = (),
    run_dir: Path | str | None = None,
    seed: int | None = None,
    device: str | None = None,
    progress: Progress | None = None,
    begin: Callable[[int, int, int], None] | None = None,
) -> tuple[Run, FoldsResult]:
    """Train a network for each fold, in a run folder of its own below a new one; every fold has the same seed.

    `begin` is told a fold's number and the rows that it learns from and is tested on.
    """
    check_trainable(spec, graph)
    check_augmentations(spec, graph)
    chosen, seed = choose_device(spec, device), choose_seed(spec, seed)
    check_memory(spec, graph, chosen)
    start = find_start(spec, graph, Reach(base, tuple(allowed)))
    text, resolved = "\n".join(spec.root.span.text.lines) + "\n", resolve(spec)
    results: list[Result] = []
    whole: Run | None = None
    loaded = load_folds(spec, base, graph.output_tensors, graph.lookups, count, allowed=allowed)
    for number, data in enumerate(loaded, start=1):
        check_batches(spec, graph, len(data.train))
        # Only here: data that cannot be used leave no folder behind.
        whole = whole or create(RUNS, spec.name, resolved, text=text, folder=Path(run_dir) if run_dir else None)
        run = create(whole.path, spec.name, resolved, text=text, folder=whole.file(fold_name(number)))
        if begin:
            begin(number, len(data.train), len(data.test))
        result = train(spec, graph, data, run, seed=seed, device=chosen, start=start, progress=progress)
        if result.interrupted:
            return whole, FoldsResult(tuple(results), True)
        results.append(result)
    assert whole, "there are at least two folds"
    found = FoldsResult(tuple(results), False)
    whole.write_folds(found.as_json())
    return whole, found
