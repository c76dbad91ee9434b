"""The arguments of `train`."""

from argparse import ArgumentParser
from collections.abc import Callable

from nnspec.cli.reading import add_reading, at_least
from nnspec.cli.scale import add_scale
from nnspec.cli.step import add_length, add_step

EXAMPLE = """nnspec train specs/digits.yaml --epochs 5
  nnspec train specs/digits.yaml --time 10m --set optimizer.AdamW.lr=1e-2
  nnspec train specs/digits.yaml --devices 2
  nnspec train --resume runs/digits/..."""


def add_train_command(command: Callable[[str, str, str], ArgumentParser]) -> None:
    """Add it to the command line; `command` makes the parser of a command from name, help and example."""
    train = command("train", "train the network, test it, export it to ONNX and prove the export", EXAMPLE)
    train.add_argument("spec", nargs="?", metavar="SPEC", help="a YAML or JSON file; with --resume the run knows it")
    train.add_argument(
        "--resume", metavar="RUN", help="go on with the training in a run folder, as if it had not ended"
    )
    train.add_argument("--run", metavar="DIR", help="the run folder; runs/NAME/TIME-HASH unless given")
    train.add_argument("--seed", type=int, metavar="N", help="seed of weights and order; the spec's unless given")
    add_length(train)
    add_step(train)
    train.add_argument("--log", action="append", metavar="NAME", help="tell epochs to tensorboard too, or to a plugin")
    train.add_argument("--device", help="cpu, cuda, cuda:1, mps or auto; the spec's unless given")
    add_scale(train)
    train.add_argument(
        "--folds", type=at_least(2), metavar="K", help="cross-validate: K trainings, each tested on rows of its own"
    )
    train.add_argument("--memory", metavar="SIZE", help="as in 4GB; data that need more are streamed; half the machine")
    said = train.add_mutually_exclusive_group()
    said.add_argument("--quiet", action="store_true", help="print errors only")
    said.add_argument("--json", action="store_true", help="print a JSON object a line: start, each epoch, the result")
    train.add_argument("--strict", action="store_true", help="take warnings for errors")
    add_reading(train)
