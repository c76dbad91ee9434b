"""The arguments that decide how a spec is read: its values, what it may read, how large its network may be."""

import argparse
from collections.abc import Callable

SET_HELP = "override a value of the spec, as in train.epochs=5 or layers[0].Linear=64; may be repeated"


def add_reading(parser: argparse.ArgumentParser, help: str = SET_HELP) -> None:
    """All of them; `help` is that of --set."""
    add_set(parser, help)
    add_limits(parser)


def add_set(parser: argparse.ArgumentParser, help: str = SET_HELP) -> None:
    """Values that take the place of the spec's."""
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=help,
    )


def add_limits(parser: argparse.ArgumentParser) -> None:
    """What a spec may read, and how large its network may be."""
    parser.add_argument(
        "--allow-path",
        dest="allow_path",
        action="append",
        default=[],
        metavar="DIR",
        help="let the spec read files below this folder too, beside those below its own; may be repeated",
    )
    parser.add_argument(
        "--max-layers",
        dest="max_layers",
        type=at_least(1),
        metavar="N",
        help="refuse a network of more layers, with each block and repeat written out; 100,000 unless given",
    )


def at_least(least: int) -> Callable[[str], int]:
    """Reads a whole number of at least so much."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or int(text[:18]) < least:
            raise argparse.ArgumentTypeError(f"a whole number of at least {least}, got '{text}'")
        return int(text[:18])

    return read
