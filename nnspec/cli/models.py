"""Commands that run a network: train, export, verify, predict."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nnspec.cli.main import EXIT_INTERRUPTED, EXIT_USAGE, palette_of_output
from nnspec.cli.paths import shown, typed
from nnspec.cli.scale import scale_overrides
from nnspec.cli.specs import load, print_or_write, warn
from nnspec.cli.step import length_overrides, step_overrides
from nnspec.diagnostics import Span, SpecError, Text, render, some
from nnspec.ranks import Place, end_with_launcher, leads, place

if TYPE_CHECKING:
    from nnspec.graph import Network
    from nnspec.graph.start import Start
    from nnspec.runs import Run
    from nnspec.training import Progress, Result

Say = Callable[[str], None]


def train(arguments: Namespace) -> int:
    """Train, test, export and prove; then what to type next."""
    arguments.overrides += scale_overrides(arguments)
    if arguments.resume:
        return _resume(arguments)
    if not arguments.spec:
        print("nnspec train: a SPEC to train, or --resume RUN\n  help  nnspec train --help", file=sys.stderr)
        return EXIT_USAGE
    from nnspec.graph.start import find_start
    from nnspec.spec.reach import Reach

    if arguments.json and arguments.folds:
        print("nnspec train: --json is of one training, without --folds\n  help  nnspec train --help", file=sys.stderr)
        return EXIT_USAGE
    if arguments.log:
        arguments.overrides.append(f"train.log=[{', '.join(arguments.log)}]")
    arguments.overrides += [*step_overrides(arguments), *length_overrides(arguments)]
    network, here = load(arguments, arguments.spec), place()
    if here is None or here.by != "nnspec":
        warn(network.warnings, strict=arguments.strict)
    if here is None and _processes(network) > 1:
        return _launch(network, arguments)
    say = _voice(arguments, here)
    say(_headline(network))
    if start := find_start(network.spec, network.graph, Reach(network.folder, network.allowed)):
        say(_start_line(start))
    if arguments.folds:
        from nnspec.cli.folds import train_folds

        return train_folds(network, arguments, say)
    # torch takes a second to import, and a spec that is wrong should not wait for it.
    from nnspec.training import train_spec

    run, result = train_spec(
        network.spec,
        network.graph,
        network.folder,
        allowed=network.allowed,
        run_dir=arguments.run,
        seed=arguments.seed,
        device=arguments.device,
        memory=arguments.memory,
        progress=_progress(network, arguments, here),
    )
    return _finish(run, result, arguments, say) if leads(here) else _followed(result)


def _resume(arguments: Namespace) -> int:
    """Go on with a training; where it has come to its end, only what is missing after it."""
    from nnspec.runs import MODEL, RECORD, SPEC, open_run

    if arguments.run or arguments.seed is not None:
        given = "--run" if arguments.run else "--seed"
        raise SpecError.of("resume", f"a training that goes on keeps its folder and its seed: {given} begins another")
    run = open_run(Path(arguments.resume), (SPEC, RECORD))
    from nnspec.training.resume import changed_environment, finished, network_of_run, resume_run

    here = place()
    say = _voice(arguments, here)
    arguments.overrides += [*step_overrides(arguments), *length_overrides(arguments)]
    network = load(arguments, arguments.spec) if arguments.spec else _network_of(run, arguments, network_of_run)
    result = finished(run, network.spec)
    if result is None and here is None and _processes(network) > 1:
        return _launch(network, arguments)
    say(_headline(network))
    if result and not leads(here):
        return 0
    if result:
        say(f"{shown(run.path)} is finished: {_ended(result)}; `--epochs N` makes it longer")
        return 0 if run.has(MODEL) else _finish(run, result, arguments, say)
    for change in changed_environment(run.record()):
        say(f"{change}: the numbers may differ from those of a training that never ended")
    say(_from_where(run))
    result = resume_run(network, run, device=arguments.device, progress=_progress(network, arguments, here))
    return _finish(run, result, arguments, say) if leads(here) else _followed(result)


def _processes(network: "Network") -> int:
    return network.spec.train.devices * network.spec.train.nodes


def _launch(network: "Network", arguments: Namespace) -> int:
    """Begin the processes that train together."""
    from nnspec.cli.launch import launch

    if arguments.folds:
        span = network.spec.span_of("train", "devices")
        raise SpecError.of("device", "folds are trained by one process", span, help="leave --folds or --devices out")
    return launch(network.spec.train.devices, network.spec.train.nodes, arguments.words)


def _voice(arguments: Namespace, here: "Place | None") -> Say:
    """How this process speaks; of several that train together one does."""
    if here and here.by == "nnspec":
        end_with_launcher()
    return _silent if arguments.quiet or arguments.json or not leads(here) else print


def _followed(result: "Result") -> int:
    return EXIT_INTERRUPTED if result.interrupted else 0


def _network_of(run: "Run", arguments: Namespace, read: Callable[..., "Network"]) -> "Network":
    return read(run, arguments.overrides, allow_path=arguments.allow_path, max_layers=arguments.max_layers)


def _finish(run: "Run", result: "Result", arguments: Namespace, say: Say) -> int:
    """After the training: its figures, the export, its proof, and what to type next."""
    if result.interrupted:
        return _interrupted(run, result, arguments)
    say(f"\n{_result_table(result)}")
    for found in result.findings:
        say(f"\n{render(found, palette_of_output())}")
    for line in _remarks(run):
        say(line)
    _export(run, None, None, None, say)
    _report(run, say)
    say(f"\nthe run is in {shown(run.path)}; next:")
    for line in _next_steps(run, result):
        say(f"  {line}")
    if arguments.json:
        _print_result(run, result)
    return 0


def _progress(network: "Network", arguments: Namespace, here: "Place | None") -> "Progress | None":
    """What follows the training, as the command line asks."""
    from nnspec.training import JsonLines, terminal_progress

    if not leads(here):
        return None
    if arguments.json:
        return JsonLines()
    stopping = network.spec.train.early_stopping
    return None if arguments.quiet else terminal_progress(stopping.patience if stopping else None)


def _print_result(run: "Run", result: "Result") -> None:
    """The last line for programs: what the training came to, and the proof where there is one."""
    from nnspec.files import json_line
    from nnspec.runs import PROOF

    proof = run.proof() if run.has(PROOF) else None
    print(json_line({"event": "result", "run": str(run.path), **result.as_json(), "proof": proof}))


def _from_where(run: "Run") -> str:
    kept = run.checkpoints()
    if not kept:
        return "it has no checkpoint yet, and begins anew"
    return f"goes on after step {int(kept[-1].stem):,}"


def _ended(result: "Result") -> str:
    return f"{result.epochs} epochs, {result.steps:,} steps"


def export(arguments: Namespace) -> int:
    """Write a run's ONNX file and prove it."""
    from nnspec.layers.layer import OPSETS
    from nnspec.runs import open_run

    if arguments.opset is not None and arguments.opset not in OPSETS:
        text = Text("command line", (f"--opset {arguments.opset}",))
        span = Span(text, 1, 9, 1, 9 + len(str(arguments.opset)))
        message = f"opset must be from {OPSETS.start} to {OPSETS[-1]}, got {arguments.opset}"
        raise SpecError.of("wrong-value", message, span)
    output = Path(arguments.output) if arguments.output else None
    _export(open_run(Path(arguments.run)), output, arguments.opset, arguments.prepare, print)
    return 0


def verify(arguments: Namespace) -> int:
    """Prove that a file answers as a run's module does."""
    from nnspec.exporting import render, verify_model
    from nnspec.runs import open_run

    proof = verify_model(Path(arguments.model), open_run(Path(arguments.run)))
    print("\n".join(render(proof)))
    return 0


def predict(arguments: Namespace) -> int:
    """Answers for rows of raw data."""
    from nnspec.runtime import predict as run_model

    predictions = run_model(arguments.model, arguments.data, device=arguments.device, strict=arguments.strict)
    warn(predictions.warnings)
    print_or_write(predictions.csv_text(), arguments.output)
    return 0


def _export(run: "Run", output: Path | None, opset: int | None, prepare: bool | None, say: Say) -> None:
    """Export, or raise: a file that is not proven is not delivered."""
    from nnspec.exporting import export_run, render, size_of

    path, proof = export_run(run, output, opset, prepare=prepare)
    whole = run.spec().get("export", {}).get("prepare", True) if prepare is None else prepare
    takes = "takes raw inputs and gives answers" if whole else "the bare network: it takes prepared arrays"
    say(f"\n{shown(path)}, {size_of(path) / 1024:,.1f} KiB, {takes}")
    for line in render(proof):
        say(f"  {line}")


def _report(run: "Run", say: Say) -> None:
    from nnspec.report import write_report

    say(f"\n{shown(write_report(run))}, the report: open it in a browser")


def _remarks(run: "Run") -> Iterator[str]:
    """What steps say of what they learnt."""
    for name, steps in run.preparation().inputs.items():
        for fitted in steps:
            kind = type(fitted.step).__name__
            yield from (f"{kind} of {name}: {remark}" for remark in fitted.step.remarks(fitted.state))


def _start_line(start: "Start") -> str:
    """What is taken from given weights."""
    count = len(start.takes) + len(start.anew)
    rest = f"; begin anew: {some(start.anew)}" if start.anew else ""
    return f"starts from {start.name}: {len(start.takes)} of {count} tensors{rest}"


def _headline(network: "Network") -> str:
    from nnspec.graph.cost import cost, human
    from nnspec.spec.sources import shown_source

    spec, graph = network.spec, network.graph
    layers = f"{len(graph)} layer{'s' if len(graph) != 1 else ''}"
    source = f", on {shown_source(spec.data.source or spec.data.train)}" if spec.data else ""
    line = f"{spec.name}: {layers}, {human(cost(graph).parameters)} parameters{source}"
    return "\n".join([line, *_moved_lines(network)])


def _moved_lines(network: "Network") -> list[str]:
    """Which parameters each optimizer moves, where there are several."""
    from nnspec.graph.moved import moved

    optimizer = network.spec.optimizer
    movers = moved(network.graph, optimizer) if optimizer else []
    return [f"{mover.title} with lr {mover.lr:g} moves {some(names)}" for mover, names in movers if len(movers) > 1]


def _result_table(result: "Result") -> str:
    """Each part's examples, loss and metrics; the parts stand below one another."""
    metrics = [(output, metric) for output, found in result.parts["train"].metrics.items() for metric in found]
    several = len({output for output, _ in metrics}) > 1
    header = ["part", "examples", "loss", *(f"{output}.{metric}" if several else metric for output, metric in metrics)]
    rows = [header]
    for name, part in result.parts.items():
        values = [part.metrics[output][metric] for output, metric in metrics]
        rows.append([name, f"{part.examples:,}", *(f"{value:.4g}" for value in [part.loss, *values])])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(_cells(row, widths)).rstrip() for row in rows]
    best = f"weights of epoch {result.best_epoch} of {result.epochs}"
    speed = f"{result.seconds:.1f} s, {result.examples_per_second:,.0f} examples/s"
    return "\n".join([*lines, f"{best}; {speed}"])


def _cells(row: list[str], widths: list[int]) -> list[str]:
    first, *numbers = zip(row, widths, strict=True)
    return [f"{first[0]:<{first[1]}}", *(f"{cell:>{width}}" for cell, width in numbers)]


def _interrupted(run: "Run", result: "Result", arguments: Namespace) -> int:
    """What is left of a training that was stopped, and how to go on."""
    if result.best_epoch:
        _report(run, _silent)
    if arguments.json:
        _print_result(run, result)
        return EXIT_INTERRUPTED
    go_on = f"  nnspec train --resume {typed(run.path)}"
    if not result.best_epoch:
        print(f"\ninterrupted in the first epoch, after step {result.steps:,}, which is kept; to go on:\n{go_on}")
        return EXIT_INTERRUPTED
    print(f"\ninterrupted after epoch {result.epochs}, step {result.steps:,}, which is kept; to go on, or to stay with")
    print(f"the best weights so far:\n{go_on}\n  nnspec export {typed(run.path)}")
    return EXIT_INTERRUPTED


def _next_steps(run: "Run", result: "Result") -> list[str]:
    model, folder = typed(run.path / "model.onnx"), typed(run.path)
    rows = typed(run.path / "examples.npz") if "test" in result.parts else "rows.csv"
    return [f"nnspec predict {model} {rows}", f"nnspec verify {model} --run {folder}"]


def _silent(text: str) -> None:
    """Say nothing."""
