"""The arguments of the commands that look back at trainings: runs and reproduce."""

from argparse import ArgumentParser
from collections.abc import Callable


def add_history_commands(command: Callable[[str, str, str], ArgumentParser]) -> None:
    """Add them to the command line; `command` makes the parser of a command from name, help and example."""
    runs = command(
        "runs", "list the runs below a folder, the newest first", "nnspec runs\n  nnspec runs runs/digits --format json"
    )
    runs.add_argument("folder", nargs="?", default="runs", metavar="DIR", help="runs unless given")
    runs.add_argument("--format", choices=["text", "json"], default="text", help="json is for scripts")

    reproduce = command(
        "reproduce",
        "train a run again from its record, and compare weights and metrics",
        "nnspec reproduce runs/digits/...",
    )
    reproduce.add_argument("run", metavar="RUN", help="the folder of a finished run")
    reproduce.add_argument("-o", "--output", metavar="DIR", help="the new run folder; runs/NAME/TIME-HASH unless given")
    reproduce.add_argument(
        "--allow-path", action="append", default=[], metavar="DIR", help="a folder of data elsewhere"
    )
    reproduce.add_argument("--quiet", action="store_true", help="print errors only")
