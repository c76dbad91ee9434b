"""Cross-validation on the terminal: a line for each fold, then means and deviations."""

from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nnspec.cli.main import EXIT_INTERRUPTED
from nnspec.cli.paths import shown, typed

if TYPE_CHECKING:
    from nnspec.graph import Network
    from nnspec.training import FoldsResult

Say = Callable[[str], None]


def train_folds(network: "Network", arguments: Namespace, say: Say) -> int:
    """Train a network for each fold, and say what their tests came to."""
    from nnspec.training import terminal_progress
    from nnspec.training import train_folds as cross_validate

    run, found = cross_validate(
        network.spec,
        network.graph,
        network.folder,
        arguments.folds,
        allowed=network.allowed,
        run_dir=arguments.run,
        seed=arguments.seed,
        device=arguments.device,
        progress=None if arguments.quiet else terminal_progress(),
        begin=lambda number, train, test: say(
            f"\nfold {number} of {arguments.folds}: learns from {train:,} rows, is tested on {test:,}"
        ),
    )
    if found.interrupted:
        print(f"\ninterrupted after {len(found.folds)} of {arguments.folds} folds, which are kept in {shown(run.path)}")
        return EXIT_INTERRUPTED
    say(f"\n{_table(found)}")
    say(f"\nthe folds are runs in {shown(run.path)}; next:")
    say(f"  nnspec evaluate {typed(run.path / 'fold-1')}")
    return 0


def _table(found: "FoldsResult") -> str:
    """Each fold's test, and below them mean ± deviation."""
    metrics = [(output, metric) for output, each in found.metrics.items() for metric in each]
    several = len(found.metrics) > 1
    titles = [f"{output}.{metric}" if several else metric for output, metric in metrics]
    rows = [["test of", "examples", "loss", *titles]]
    for number, part in enumerate(found.tests, start=1):
        values = [part.loss, *(part.metrics[output][metric] for output, metric in metrics)]
        rows.append([f"fold {number}", f"{part.examples:,}", *(f"{value:.4g}" for value in values)])
    spreads = [found.loss, *(found.metrics[output][metric] for output, metric in metrics)]
    rows.append(["mean", "", *(f"{each.mean:.4g} ± {each.deviation:.2g}" for each in spreads)])
    return "\n".join(_aligned(rows))


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *cells in rows:
        numbers = (f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
        lines.append("  ".join([f"{first:<{widths[0]}}", *numbers]).rstrip())
    return lines
