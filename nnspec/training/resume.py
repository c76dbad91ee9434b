"""A training that goes on where it ended, in its own run folder."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from nnspec import source
from nnspec.data import Examples, load_examples
from nnspec.diagnostics import Findings, Note, SpecError
from nnspec.graph import Network
from nnspec.graph.network import network_of
from nnspec.graph.start import find_start
from nnspec.runs import RESULT, SPEC, Run, environment
from nnspec.spec.compose import compose
from nnspec.spec.document import TrainSection
from nnspec.spec.length import Length
from nnspec.spec.reach import Reach
from nnspec.spec.resolve import resolve
from nnspec.spec.spec import Spec
from nnspec.training.progress import Progress
from nnspec.training.result import PartResult, Result
from nnspec.training.team import all_or_none, gathered, leads
from nnspec.training.train import train

FREE = (
    "name",
    "description",
    *(f"train.{key}" for key in ("epochs", "steps", "time", "device", "nodes", "strategy")),
    "train.checkpoint",
    "export",
    "budget",
)
DECIDING = ("python", "machine", "versions")  # of the environment: what numbers hang on


def network_of_run(
    run: Run,
    overrides: Iterable[str] = (),
    *,
    allow_path: Iterable[Path | str] = (),
    max_layers: int | None = None,
) -> Network:
    """The network that a run trains, as its resolved spec has it. Its data stand beside the spec that it came from."""
    findings, allowed = Findings(), tuple(map(Path, allow_path))
    path = Path(run.record()["spec"]).parent / SPEC
    root = compose(source.read(run.file(SPEC)), path, overrides, allow_path=allowed, findings=findings)
    return network_of(root, path, findings, allowed, max_layers, start=False)


def finished(run: Run, spec: Spec) -> Result | None:
    """What a training that has come to its end came to; None where there is more to do."""
    result: dict[str, Any] = run.result() if run.has(RESULT) else {"interrupted": True}
    come = result.get("epochs", 0), result.get("steps", 0), result.get("seconds", 0.0)
    if result["interrupted"] or (_length(run).over(*come) and not spec.train.length.over(*come)):
        return None
    parts = {part: PartResult(**found) for part, found in result["parts"].items()}
    return Result(**{**result, "parts": parts})


def check_same_spec(run: Run, spec: Spec) -> None:
    """Refuse a spec that would train otherwise than the run's."""
    was, asked = run.spec(), resolve(spec)
    changed = [path for path, *_ in _differences(was, asked) if not path.startswith(FREE)]
    if changed:
        told = [Note(path, f"{old} then, {new} here") for path, old, new in _differences(was, asked) if path in changed]
        message = f"the spec is not the one that {run.path} was trained with"
        help = "only how long it trains may change (`train.epochs`, `steps` and `time`); train anew for anything else"
        raise SpecError.of("resume", message, notes=told, help=help)
    before, asked_length = _length(run), spec.train.length
    if spec.scheduler and asked_length != before and spec.scheduler.spans_training:
        kind = type(spec.scheduler).__name__
        raise SpecError.of(
            "resume",
            f"{kind} spans the whole training, which was of {before}: it cannot be of {asked_length}",
            help=f"begin a training of {asked_length}, from its weights with `weights: {{load: ...}}`",
        )


def resume_run(network: Network, run: Run, *, device: str | None = None, progress: Progress | None = None) -> Result:
    """Go on with a training from its last checkpoint; from its begin where it has none."""
    spec, graph = network.spec, network.graph
    check_same_spec(run, spec)
    record = run.record()
    with gathered(spec, graph, device or _same_kind(record["device"], spec)) as (chosen, team):
        data = all_or_none(team, lambda: load_recorded(network, record))
        start = None if run.checkpoints() else find_start(spec, graph, Reach(network.folder, network.allowed))
        if leads(team):
            run.file(RESULT).unlink(missing_ok=True)
            run.write_spec(resolve(spec))
        going_on = partial(train, spec, graph, data, run, seed=record["seed"], device=chosen, start=start)
        return going_on(progress=progress, before=record, team=team)


def load_recorded(network: Network, record: Mapping[str, Any]) -> Examples:
    """The data with the memory that they had: how much is streamed, and so the order of examples, hangs on it."""
    spec, graph = network.spec, network.graph
    allowed, memory = network.allowed, record.get("memory")
    return load_examples(spec, network.folder, graph.output_tensors, graph.lookups, allowed=allowed, memory=memory)


def changed_environment(record: Mapping[str, Any]) -> list[str]:
    """What decides numbers and is another than it was: `torch 2.9.0 then, 2.10.0 here`."""
    here = environment()
    was, now = ({key: place.get(key) for key in DECIDING} for place in (record, here))
    return [f"{path.removeprefix('versions.')} {old} then, {new} here" for path, old, new in _differences(was, now)]


def _length(run: Run) -> Length:
    """How long a run was to be."""
    return TrainSection.model_validate(run.spec()["train"]).length


def _same_kind(device: str, spec: Spec) -> str:
    """The device of a run by its record; where several processes go on each takes one of its own."""
    name = device.split()[0]
    return name.split(":")[0] if spec.train.devices > 1 else name


def _differences(was: Any, now: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every place where two values differ: its path and both, None where there is nothing."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*was, *now]):
            yield from _differences(was.get(key), now.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for index, (old, new) in enumerate(zip(was, now, strict=True)):
            yield from _differences(old, new, f"{path}[{index}]")
    elif was != now:
        yield path, was, now
