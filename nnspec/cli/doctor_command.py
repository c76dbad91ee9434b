"""The arguments of `nnspec doctor`."""

import argparse
from collections.abc import Callable

from nnspec.cli.reading import add_reading


def add_doctor_command(command: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    """`nnspec doctor SPEC`."""
    doctor = command(
        "doctor",
        "look at a network on its own data before it is trained, and say what is wrong; exit code 1 if anything is",
        "nnspec doctor specs/lessons/vanishing.yaml",
    )
    doctor.add_argument("spec", metavar="SPEC")
    doctor.add_argument("--json", action="store_true", help="all figures as JSON, for scripts")
    doctor.add_argument("--seed", type=int, metavar="N", help="seed of the weights; the spec's unless given")
    doctor.add_argument("--device", help="cpu, cuda, cuda:1, mps or auto; the spec's unless given")
    add_reading(doctor)
