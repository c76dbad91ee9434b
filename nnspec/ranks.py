"""Which of several processes that train one network this one is, as those who started them say in the environment."""

import os
import threading
from dataclasses import dataclass

from nnspec.diagnostics import SpecError


@dataclass(frozen=True, slots=True)
class Place:
    """A process among those that train together."""

    rank: int  # from 0, over all machines
    size: int  # how many there are
    here: int  # how many of them are on this machine
    nodes: int
    by: str  # who started them: torchrun, srun, or nnspec itself


def place() -> Place | None:
    """This process's place; None where it trains alone. SpecError where the environment contradicts itself."""
    if "TORCHELASTIC_RUN_ID" in os.environ:
        by = "nnspec" if os.environ["TORCHELASTIC_RUN_ID"] == "nnspec" else "torchrun"
        return _place(by, "RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", None)
    # In a batch script without srun there is one process, whatever SLURM_NTASKS says.
    if os.environ.get("SLURM_STEP_NUM_TASKS", "1") != "1" and "SLURM_PROCID" in os.environ:
        return _place("srun", "SLURM_PROCID", "SLURM_NTASKS", None, "SLURM_NNODES")
    return None


def leads(here: Place | None) -> bool:
    """Whether a process speaks and writes: one that trains alone does, and the first of several."""
    return here is None or here.rank == 0


def end_with_launcher() -> None:
    """End this process as soon as the one that began it has gone: its standard input is open so long."""

    def watch() -> None:
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _place(by: str, rank: str, size: str, here: str | None, nodes: str | None) -> Place | None:
    count = _number(by, size)
    if count == 1:
        return None
    machines = _number(by, nodes) if nodes else count // _number(by, here or size)
    if count % machines:
        message = f"{by} started {count} processes on {machines} machines, which is not the same number on each"
        raise SpecError.of("device", message, help="start as many on each, as with `--ntasks-per-node`")
    return Place(_number(by, rank), count, count // machines, machines, by)


def _number(by: str, name: str) -> int:
    text = os.environ.get(name, "")
    if not text.isdecimal() or (int(text) == 0 and not name.endswith(("RANK", "PROCID"))):
        raise SpecError.of("device", f"{by} started this process, and {name} is no number of processes: {text!r}")
    return int(text)
