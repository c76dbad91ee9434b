"""Commands that look at rows: evaluate."""

import json
from argparse import Namespace


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
