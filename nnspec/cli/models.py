"""Commands that run a network: train, export, verify, predict."""

import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from nnspec.cli.main import EXIT_INTERRUPTED, EXIT_WRONG
from nnspec.cli.specs import print_or_write, warn
from nnspec.diagnostics import SpecError, Span, Text

if TYPE_CHECKING:
    from nnspec.exporting import Proof
    from nnspec.runs import Run
    from nnspec.training import Result

OPSETS = range(18, 24)


def train(arguments: Namespace) -> int:
    """Train, test, export and prove; what to type next."""
    from nnspec.graph import load_network

    network = load_network(arguments.spec, arguments.overrides)
    warn(network.warnings)
    # torch is imported only for a spec that is right.
    from nnspec.training import terminal_progress, train_spec

    run, result = train_spec(
        network.spec,
        network.graph,
        network.folder,
        run_dir=Path(arguments.run) if arguments.run else None,
        seed=arguments.seed,
        device=arguments.device,
        progress=None if arguments.quiet else terminal_progress(),
    )
    say = _silent if arguments.quiet else _say
    _tell_result(run, result, say)
    if result.interrupted:
        say(f"\nstopped early; the best weights so far are in {_shown(run.path)}")
        say(f"next  nnspec export {_shown(run.path)}")
        return EXIT_INTERRUPTED
    proof = _export(run, None, None, say)
    _tell_next(run, say)
    return 0 if proof.proven else EXIT_WRONG


def export(arguments: Namespace) -> int:
    """Write a run's ONNX file and prove it."""
    from nnspec.runs import open_run

    if arguments.opset is not None and arguments.opset not in OPSETS:
        text = Text("command line", (f"--opset {arguments.opset}",))
        span = Span(text, 1, 9, 1, 9 + len(str(arguments.opset)))
        raise SpecError.of("wrong-value", f"opset must be from 18 to 23, got {arguments.opset}", span)
    output = Path(arguments.output) if arguments.output else None
    _export(open_run(Path(arguments.run)), output, arguments.opset, _say)
    return 0


def verify(arguments: Namespace) -> int:
    """Prove that a file answers as a run's module does."""
    from nnspec.exporting import render, verify_model
    from nnspec.runs import open_run

    proof = verify_model(Path(arguments.model), open_run(Path(arguments.run)))
    print("\n".join(render(proof)))
    return 0 if proof.proven else EXIT_WRONG


def predict(arguments: Namespace) -> int:
    """Answers for rows of raw data."""
    from nnspec.runtime import predict as run_model

    predictions = run_model(arguments.model, arguments.data, device=arguments.device)
    print_or_write(predictions.csv_text(), arguments.output)
    return 0


def _export(run: "Run", output: Path | None, opset: int | None, say: "_Say") -> "Proof":
    from nnspec.exporting import export_run, render

    path, proof = export_run(run, output, opset)
    say(f"\n{_shown(path)}: {path.stat().st_size / 1024:.1f} KiB, proven against PyTorch")
    for line in render(proof):
        say(f"  {line}")
    return proof
