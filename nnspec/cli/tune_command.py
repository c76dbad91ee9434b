"""The arguments of `nnspec tune`."""

import argparse
import re
from collections.abc import Callable

from nnspec.cli.reading import add_reading

EXAMPLE = """nnspec tune net.yaml --trials 50
  nnspec tune net.yaml --metric Accuracy --time 10m --jobs 2 --study studies/net

a spec says what is looked for, in the place of the value:
  optimizer: {AdamW: {lr: {$search: {log: [1e-5, 1e-1]}}}}
  params: {width: {$search: {log_int: [8, 256]}}, activation: {$search: [ReLU, GELU]}}
  - Dropout: {$search: {uniform: [0, 0.5], step: 0.1}}"""
UNITS = {"s": 1, "m": 60, "h": 3600}


def add_tune_command(command: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    """`nnspec tune SPEC`."""
    tune = command("tune", "look for the best values of a spec, in many trainings", EXAMPLE)
    tune.add_argument("spec", metavar="SPEC", help="a spec with `$search` in it")
    tune.add_argument("--trials", type=_count, default=50, metavar="N", help="how many trainings in all (50)")
    tune.add_argument("--time", type=_duration, metavar="T", help="begin no trial after so long: 90s, 10m, 2h")
    tune.add_argument("--metric", default="loss", metavar="NAME", help="loss, or a metric as Accuracy; of validation")
    tune.add_argument("--study", metavar="DIR", help="folder of the study; one that is there goes on")
    tune.add_argument("--sampler", choices=["tpe", "random", "grid"], default="tpe", help="how values are chosen (tpe)")
    tune.add_argument(
        "--pruner",
        choices=["median", "none"],
        default="median",
        help="median ends a trial that is worse than most were by then (median)",
    )
    tune.add_argument("--jobs", type=_count, default=1, metavar="N", help="so many processes at a time (1)")
    tune.add_argument(
        "--population",
        type=_count,
        metavar="N",
        help="train so many trials at a time as one, where they differ in lr, weight_decay, p of Dropout or seed alone",
    )
    tune.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the choice of values (0)")
    tune.add_argument("--device", help="cpu, cuda, cuda:1, mps or auto; the spec's unless given")
    tune.add_argument("-o", "--output", metavar="FILE", help="the best spec; SPEC-best.yaml beside it unless given")
    tune.add_argument("--quiet", action="store_true", help="print errors only")
    tune.add_argument("--worker", type=int, default=0, help=argparse.SUPPRESS)  # one of --jobs
    add_reading(tune)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text[:9]) < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1, got '{text}'")
    return int(text[:9])


def _duration(text: str) -> float:
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?)([smh])", text)
    if not found or not float(found[1]):
        raise argparse.ArgumentTypeError(f"a time as 90s, 10m or 2h, got '{text}'")
    return float(found[1]) * UNITS[found[2]]
