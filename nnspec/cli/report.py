"""The command that writes the page of a run, or of several side by side."""

import os
from argparse import Namespace
from pathlib import Path


def report(arguments: Namespace) -> int:
    """Write the page, say where it stands, and show it where that is asked for."""
    from nnspec.report import NEEDS, write_comparison, write_report
    from nnspec.runs import open_run

    runs = [open_run(Path(path), NEEDS) for path in dict.fromkeys(arguments.runs)]
    output = Path(arguments.output) if arguments.output else None
    path = write_report(runs[0], output) if len(runs) == 1 else write_comparison(runs, output)
    print(f"wrote {os.path.relpath(path)}")
    if arguments.open:
        _show(path)
    return 0


def _show(path: Path) -> None:
    import webbrowser

    if not webbrowser.open(path.resolve().as_uri()):
        print("no browser was found: open the file yourself")
