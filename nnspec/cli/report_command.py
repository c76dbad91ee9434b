"""The arguments of `report`."""

from argparse import ArgumentParser
from collections.abc import Callable


def add_report_command(command: Callable[[str, str, str], ArgumentParser]) -> None:
    """Add it to the command line; `command` makes the parser of a command from name, help and example."""
    report = command(
        "report",
        "write the page of a run, or of several side by side",
        "nnspec report runs/digits/... --open\n  nnspec report runs/digits/* -o compared.html",
    )
    report.add_argument("runs", nargs="+", metavar="RUN", help="a run folder")
    report.add_argument("-o", "--output", metavar="FILE", help="RUN/report.html, or report.html here for several")
    report.add_argument("--open", action="store_true", help="show it in a browser")
