"""The command that compares two specs."""

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from nnspec.cli.main import EXIT_USAGE, palette_of_output

if TYPE_CHECKING:
    from nnspec.graph import Network

EXIT_DIFFERENT = 1


def diff(arguments: Namespace) -> int:
    """What is different from one spec to another, or to itself with other values."""
    from nnspec.graph.compare import compare
    from nnspec.graph.compare.text import as_json, text

    if arguments.after is None and not arguments.overrides:
        return _usage()
    before = _network(arguments.before, [], arguments)
    after = _network(arguments.after or arguments.before, arguments.overrides, arguments)
    found = compare(before, after)
    if arguments.format == "json":
        print(json.dumps(as_json(found), ensure_ascii=False, indent=2))
    elif found.is_empty:
        print("no difference")
    else:
        print(text(found, palette_of_output()))
    return EXIT_DIFFERENT if arguments.exit_code and not found.is_empty else 0


def _usage() -> int:
    print("nnspec diff: takes two specs, or one and --set\n  help  nnspec diff --help", file=sys.stderr)
    return EXIT_USAGE


def _network(path: str, overrides: list[str], arguments: Namespace) -> "Network":
    """The network of a spec, or of the spec that a run was trained with."""
    from nnspec.graph import load_network

    file = Path(path)
    if file.is_dir():
        from nnspec.runs import SPEC, open_run

        file = open_run(file, needs=()).file(SPEC)
    return load_network(file, overrides, allow_path=arguments.allow_path, max_layers=arguments.max_layers)
