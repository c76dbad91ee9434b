"""A training that is done again from its record, and compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from nnspec.diagnostics import SpecError
from nnspec.graph import Network
from nnspec.graph.start import find_start
from nnspec.runs import RECORD, RESULT, RUNS, SPEC, WEIGHTS, Run, create, environment, open_run
from nnspec.spec.reach import Reach
from nnspec.spec.resolve import resolve
from nnspec.training.engine import choose_device
from nnspec.training.progress import Progress
from nnspec.training.record import now
from nnspec.training.resume import load_recorded, network_of_run
from nnspec.training.train import train

TIMES = ("seconds", "examples_per_second")  # that no two trainings share


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two trainings of one record."""

    weights: float  # the largest difference between two weights that belong together; 0 where all bits are equal
    first_epoch: int | None  # whose numbers differ; None where no epoch's do
    parts: Mapping[str, tuple[float, float]]  # the losses of each part, then and here

    @property
    def equal(self) -> bool:
        """Whether everything is the same to the last bit."""
        return self.weights == 0 and self.first_epoch is None and all(old == new for old, new in self.parts.values())


def network_to_reproduce(run: Run, allow_path: tuple[Path, ...] = ()) -> Network:
    """What a run trained, for as many steps as it took; SpecError where it did not come to its end."""
    result = open_run(run.path, (SPEC, RECORD, RESULT, WEIGHTS)).result()
    if result["interrupted"]:
        message, help = f"{run.path} did not come to its end", f"`nnspec train --resume {run.path}` goes on with it"
        raise SpecError.of("resume", message, help=help)
    # A time is another number of steps on each day.
    timed = run.spec()["train"].get("time") is not None
    steps = [f"train.steps={result['steps']}", "train.time=null"] if timed else []
    return network_of_run(run, steps, allow_path=allow_path)


def reproduce(
    network: Network, run: Run, *, folder: Path | None = None, progress: Progress | None = None
) -> tuple[Run, Comparison]:
    """Train again on the same data, with the same seed, threads, device and form of the steps, in a new run folder."""
    spec, graph, record = network.spec, network.graph, run.record()
    device = choose_device(spec, record["device"].split()[0])
    data = load_recorded(network, record)
    start = find_start(spec, graph, Reach(network.folder, network.allowed))
    again = create(RUNS, spec.name, resolve(spec), text=run.spec_text(), folder=folder)
    kept = {key: value for key, value in record.items() if key != "resumed"}
    before = {**kept, **environment(), "started": now(), "reproduces": str(run.path)}
    train(spec, graph, data, again, seed=record["seed"], device=device, start=start, progress=progress, before=before)
    return again, compare(run, again)


def compare(first: Run, second: Run) -> Comparison:
    """How far two runs are from each other."""
    then, here = (load_file(run.file(WEIGHTS)) for run in (first, second))
    apart = [_apart(then[name], here[name]) for name in then] if then.keys() == here.keys() else [np.inf]
    lines = [[_timeless(line) for line in run.metrics()] for run in (first, second)]
    count = max(map(len, lines))
    differing = (number for number in range(count) if lines[0][number : number + 1] != lines[1][number : number + 1])
    number = next(differing, None)
    old, new = (run.result()["parts"] for run in (first, second))
    parts = {part: (old[part]["loss"], new[part]["loss"]) for part in old if part in new}
    return Comparison(max(apart, default=0.0), None if number is None else number + 1, parts)


def _apart(then: Any, here: Any) -> float:
    if then.tobytes() == here.tobytes():
        return 0.0
    if then.shape != here.shape:
        return float("inf")
    return max(float(np.abs(then.astype("float64") - here.astype("float64")).max()), float(np.finfo("float32").tiny))


def _timeless(line: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if key not in TIMES}
