"""The arguments that say how many processes train together; each stands in place of the spec's value."""

from argparse import ArgumentParser, Namespace

from nnspec.cli.reading import at_least


def add_scale(parser: ArgumentParser) -> None:
    """How many processes there are, and what they share."""
    several = parser.add_argument_group(
        "several processes",
        "begun here on one machine; on several by torchrun --nproc-per-node 2 ... -m nnspec train SPEC, or by srun",
    )
    several.add_argument(
        "--devices", type=at_least(1), metavar="N", help="processes on each machine: one on each GPU, or sharing a CPU"
    )
    several.add_argument("--nodes", type=at_least(1), metavar="N", help="machines")
    several.add_argument(
        "--strategy",
        choices=["auto", "ddp", "fsdp"],
        help="ddp keeps all weights in each process, fsdp a part of them; auto goes by what fits",
    )


def scale_overrides(arguments: Namespace) -> list[str]:
    """The values that were given, as --set takes them."""
    given = {key: getattr(arguments, key) for key in ("devices", "nodes", "strategy")}
    return [f"train.{key}={value}" for key, value in given.items() if value]
