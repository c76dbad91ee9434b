"""The report of a run, or of several side by side: a page of its own, from the files that the run left behind."""

from collections.abc import Sequence
from pathlib import Path

from nnspec.files import write_text
from nnspec.report.collect import collect
from nnspec.report.compare import comparison
from nnspec.report.page import page
from nnspec.runs import REPORT, SPEC, Run

NEEDS = (SPEC,)  # a run that was broken off has a page too


def write_report(run: Run, output: Path | None = None) -> Path:
    """Write a run's page, `report.html` in it unless told otherwise; where it stands."""
    path = output or run.file(REPORT)
    write_text(path, page(collect(run)))
    return path


def write_comparison(runs: Sequence[Run], output: Path | None = None) -> Path:
    """Write the page that has several runs side by side, `report.html` here unless told otherwise; where it stands."""
    path = output or Path(REPORT)
    write_text(path, comparison([collect(run) for run in runs]))
    return path


__all__ = ["NEEDS", "write_comparison", "write_report"]
