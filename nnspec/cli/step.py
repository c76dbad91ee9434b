"""The arguments that say how long a training is and how its steps run; each stands in place of the spec's value."""

from argparse import ArgumentParser, Namespace


def add_step(parser: ArgumentParser) -> None:
    """How a step runs, and what it multiplies in."""
    parser.add_argument(
        "--compile",
        choices=["auto", "off", "step", "inductor"],
        help="how a step runs: as one program (step), through torch.compile (inductor), as plain PyTorch (off), or "
        "whichever a trial finds fastest (auto); the spec's unless given",
    )
    parser.add_argument(
        "--precision",
        choices=["float32", "bf16", "auto"],
        help="what a step multiplies in; auto tries bf16 where the processor has units for it; the spec's unless given",
    )


def add_length(parser: ArgumentParser) -> None:
    """Where a training ends; what is given replaces the spec's length, and the first of several ends it."""
    parser.add_argument("--epochs", metavar="N", help="passes over the training rows; the spec's length unless given")
    parser.add_argument("--steps", metavar="N", help="steps in all; the first of --epochs, --steps and --time ends it")
    parser.add_argument("--time", metavar="T", help="how long it may take, as in 90s, 10m or 2h")


def length_overrides(arguments: Namespace) -> list[str]:
    """The length that was given, as --set takes it; the rest of the spec's goes."""
    given = {key: getattr(arguments, key) for key in ("epochs", "steps", "time")}
    return [f"train.{key}={value or 'null'}" for key, value in given.items()] if any(given.values()) else []


def step_overrides(arguments: Namespace) -> list[str]:
    """The values that were given, as --set takes them."""
    given = {key: getattr(arguments, key) for key in ("compile", "precision")}
    return [f"train.{key}={value}" for key, value in given.items() if value]
