"""The arguments of the commands that look at rows."""

import argparse
from collections.abc import Callable

MAX_RESAMPLES = 100_000


def add_measuring_commands(command: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    """Add evaluate; `command` adds one by its name, its help and an example."""
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


def _resamples(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 6 or int(text) > MAX_RESAMPLES:
        raise argparse.ArgumentTypeError(f"a whole number from 0 to {MAX_RESAMPLES:,}, got '{text}'")
    return int(text)
