"""The arguments that say how a training's steps run; each stands in place of the spec's value."""

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


def step_overrides(arguments: Namespace) -> list[str]:
    """The values that were given, as --set takes them."""
    given = {key: getattr(arguments, key) for key in ("compile", "precision")}
    return [f"train.{key}={value}" for key, value in given.items() if value]
