"""The arguments of the command that editors start."""

from argparse import ArgumentParser
from collections.abc import Callable

HELP = "the language server that editors start: mistakes, shapes, completion, documentation (needs nnspec[lsp])"


def add_lsp_command(command: Callable[[str, str, str], ArgumentParser]) -> None:
    """Add it to the parser; `command` takes its name, what it does and an example."""
    lsp = command("lsp", HELP, "nnspec lsp")
    lsp.add_argument(
        "--tcp", type=int, metavar="PORT", help="listen for one editor on this machine; standard streams unless given"
    )
