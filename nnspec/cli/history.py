"""Commands that look back at trainings: which there are, and whether one comes out the same again."""

import json
import os
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnspec.cli.main import EXIT_WRONG
from nnspec.cli.paths import shown, typed
from nnspec.diagnostics import SpecError
from nnspec.files import locked
from nnspec.runs import CHECKPOINTS, RECORD, RESULT, SPEC, Run

if TYPE_CHECKING:
    from nnspec.training.reproduce import Comparison

HEADER = ("run", "spec", "started", "epoch", "metrics", "state")
MAX_RUNS = 10_000


def runs(arguments: Namespace) -> int:
    """The runs below a folder, the newest first."""
    folder = Path(arguments.folder)
    if not folder.is_dir():
        raise SpecError.of("run-folder", f"there is no folder {folder}", help="`nnspec train` makes runs, below `runs`")
    found = sorted((_told(run) for run in _below(folder)), key=lambda told: str(told["started"]), reverse=True)
    if arguments.format == "json":
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    rows = [HEADER, *(_row(told) for told in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows if found else ():
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    if not found:
        print(f"no run below {folder}; `nnspec train` makes one")
    return 0


def reproduce(arguments: Namespace) -> int:
    """Train a run again and compare; 1 where it comes out otherwise."""
    from nnspec.training import terminal_progress
    from nnspec.training.reproduce import network_to_reproduce
    from nnspec.training.reproduce import reproduce as train_again
    from nnspec.training.resume import changed_environment

    run = Run(Path(arguments.run))
    network = network_to_reproduce(run, tuple(map(Path, arguments.allow_path)))
    folder = Path(arguments.output) if arguments.output else None
    progress = None if arguments.quiet else terminal_progress()
    again, found = train_again(network, run, folder=folder, progress=progress)
    if not arguments.quiet:
        print("\n".join(_compared(again, found, changed_environment(run.record()))))
    return 0 if found.equal else EXIT_WRONG


def _compared(again: Run, found: "Comparison", changes: Sequence[str]) -> Iterator[str]:
    if found.equal:
        yield f"\nequal to the last bit: weights, every epoch, every part; the run is in {shown(again.path)}"
        return
    yield f"\nnot equal: weights differ by {found.weights:.2g} at most; the run is in {shown(again.path)}"
    if found.first_epoch:
        yield f"  the first epoch that differs is {found.first_epoch}"
    yield from (f"  loss of {part}: {old:.6g} then, {new:.6g} here" for part, (old, new) in found.parts.items())
    yield from (f"  {change}" for change in changes)
    if not changes:
        yield "  versions and kind of machine are the same; another processor or GPU may still round otherwise"
    yield f"  nnspec report {typed(again.path)} shows it"


def _below(folder: Path) -> Iterator[Run]:
    """Every folder with a record, in no order; checkpoints are not looked into."""
    count = 0
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != CHECKPOINTS]
        if SPEC in files and RECORD in files and count < MAX_RUNS:
            count += 1
            yield Run(Path(path))


def _told(run: Run) -> dict[str, Any]:
    """What is known of a run; of a damaged one that it is."""
    told: dict[str, Any] = {"run": str(run.path), "spec": None, "started": None}
    try:
        record, result = run.record(), run.result() if run.has(RESULT) else {}
        told |= {"spec": run.spec().get("name"), "started": record.get("started"), "state": _state(run, result)}
        lines = [line for line in run.metrics() if line.get("better")]
        part = next((part for part in ("test", "validation", "train") if part in result.get("parts", {})), None)
        if part:
            measured = result["parts"][part]
        else:
            part, measured = "validation", _of_line(lines[-1]) if lines else {}
        epochs = {"best_epoch": lines[-1]["epoch"] if lines else None, "epochs": len(run.metrics())}
        return {**told, **epochs, "part": part, "loss": measured.get("loss"), "metrics": measured.get("metrics", {})}
    except (SpecError, KeyError, TypeError, AttributeError):
        return {**told, "state": "damaged", "best_epoch": None, "epochs": 0, "part": None, "loss": None, "metrics": {}}


def _of_line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {"loss": line.get("validation_loss"), "metrics": line.get("metrics", {})}


def _state(run: Run, result: Mapping[str, Any]) -> str:
    with locked(run.path) as free:
        if not free:
            return "running"
    if result:
        return "interrupted" if result.get("interrupted") else "finished"
    return "interrupted" if run.checkpoints() else "failed"


def _row(told: Mapping[str, Any]) -> tuple[str, ...]:
    epoch = f"{told['best_epoch']} of {told['epochs']}" if told["best_epoch"] else ""
    several = len(told["metrics"]) > 1
    loss = [] if told["loss"] is None else [f"{told['part']} loss {told['loss']:.4g}"]
    metrics = [
        f"{f'{output}.' if several else ''}{metric} {value:.4g}"
        for output, found in told["metrics"].items()
        for metric, value in found.items()
        if value is not None
    ]
    started = str(told["started"] or "")[:16].replace("T", " ")
    return shown(Path(told["run"])), told["spec"] or "", started, epoch, ", ".join([*loss, *metrics]), told["state"]
