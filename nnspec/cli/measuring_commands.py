"""The arguments of the commands that look at rows."""

import argparse
from collections.abc import Callable

from nnspec.cli.reading import add_reading

MAX_RESAMPLES = 100_000


def add_measuring_commands(command: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    """Add evaluate and data; `command` adds one by its name, its help and an example."""
    evaluate = command(
        "evaluate",
        "measure a run or an ONNX file: loss, metrics, each class, each slice",
        "nnspec evaluate runs/digits/...\n  nnspec evaluate digits.onnx --data rows.csv --by city",
    )
    evaluate.add_argument("subject", metavar="RUN|MODEL", help="a run folder, in PyTorch; an ONNX file, in onnxruntime")
    help = "a file with the raw columns and the targets, or sklearn:NAME; a run's kept test rows unless given"
    evaluate.add_argument("--data", metavar="FILE", help=help)
    evaluate.add_argument("--by", metavar="COLUMN", help="measure the rows of each of its values alone")
    evaluate.add_argument("--format", choices=["text", "json"], default="text", help="json is for scripts")
    help = "how often rows are drawn anew for the intervals of 95 %%; 200 unless given, 0 for no intervals"
    evaluate.add_argument("--bootstrap", type=_resamples, default=200, metavar="N", help=help)
    evaluate.add_argument("--device", default="cpu", help="cpu or cuda, for an ONNX file")

    data = command(
        "data",
        "show what the data hold: columns, parts, classes, leakage between parts",
        "nnspec data net.yaml\n  nnspec data rows.csv --html rows.html",
    )
    data.add_argument("subject", metavar="SPEC|FILE", help="a spec, or a data file, a folder, or sklearn:NAME")
    data.add_argument("--html", metavar="FILE", help="write a page, which needs nothing beside it")
    data.add_argument("--format", choices=["text", "json"], default="text", help="json is for scripts")
    data.add_argument("--target", metavar="COLUMN", help="of a data file: tell which columns give this one away")
    add_reading(data)


def _resamples(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 6 or int(text) > MAX_RESAMPLES:
        raise argparse.ArgumentTypeError(f"a whole number from 0 to {MAX_RESAMPLES:,}, got '{text}'")
    return int(text)
