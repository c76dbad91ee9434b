"""Commands that look at rows: evaluate, data."""

import json
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from nnspec.diagnostics import Span, Text

if TYPE_CHECKING:
    from nnspec.profiling import Profile
    from nnspec.tables import Table

SPECS = (".yaml", ".yml", ".json")


def evaluate(arguments: Namespace) -> int:
    """Losses, metrics, classes and slices of a run or a file."""
    # torch takes a second to import, and --help needs none of it.
    from nnspec.evaluating import evaluate as measure
    from nnspec.evaluating import render

    found = measure(
        arguments.subject,
        arguments.data,
        by=arguments.by,
        device=arguments.device,
        resamples=arguments.bootstrap,
    )
    print(json.dumps(found.as_json(), ensure_ascii=False, indent=2) if arguments.format == "json" else render(found))
    return 0


def data(arguments: Namespace) -> int:
    """What the data of a spec, or of a file, hold."""
    from nnspec.profiling import page, render

    found = _profiled(arguments)
    if arguments.html:
        from nnspec.cli.specs import write

        write(arguments.html, page(found).encode())
        return 0
    print(json.dumps(found.as_json(), ensure_ascii=False, indent=2) if arguments.format == "json" else render(found))
    return 0


def _profiled(arguments: Namespace) -> "Profile":
    """A spec's data where the file is a spec, the file itself otherwise."""
    from nnspec.profiling import profile_spec, profile_table

    if Path(arguments.subject).suffix.lower() not in SPECS:
        return profile_table(read_given(arguments.subject), arguments.target)
    from nnspec.cli.specs import load

    network = load(arguments, arguments.subject)
    return profile_spec(network.spec, network.folder, network.allowed)


def read_given(name: str) -> "Table":
    """The table of a file, a folder or a set that the command line names."""
    from nnspec.data.sources import read_source
    from nnspec.spec.cells import SKLEARN
    from nnspec.spec.reach import Reach
    from nnspec.tables import read_folder, read_table

    span = Span(Text(name))
    if name.startswith(SKLEARN):
        return read_source(name, Reach(Path()), span)
    path = Path(name)
    return read_folder(path, name, span) if path.is_dir() else read_table(path)
