"""The arguments of the commands that write a spec anew."""

import argparse
from collections.abc import Callable

from nnspec.cli.reading import add_limits


def add_rewrite_commands(command: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    """Add fmt and annotate; `command` adds one by its name, its help and an example."""
    fmt = command(
        "fmt",
        "write specs in their one canonical form, comments kept",
        "nnspec fmt specs/*.yaml\n  nnspec fmt --check --diff net.yaml   what would change; exit code 1 if anything",
    )
    fmt.add_argument("specs", nargs="+", metavar="SPEC", help="a YAML or JSON file; - reads stdin and prints")
    _add_check(fmt)

    annotate = command(
        "annotate",
        "keep each layer's output shape and parameters as a comment behind it",
        "nnspec annotate net.yaml   gives lines such as `- Linear: 10  # → 10 · 1.29k`",
    )
    annotate.add_argument("specs", nargs="+", metavar="SPEC", help="a YAML file; - reads stdin and prints")
    annotate.add_argument("-o", "--output", metavar="FILE", help="where to write it, - to print it; SPEC unless given")
    annotate.add_argument("--remove", action="store_true", help="take these comments off again")
    _add_check(annotate)
    add_limits(annotate)


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 and a line if it would change")
    parser.add_argument("--diff", action="store_true", help="write nothing; print what would change")
