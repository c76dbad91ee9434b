"""The processes of a training on this machine: begun together, ended together."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from nnspec.cli.main import EXIT_INTERRUPTED
from nnspec.diagnostics import SpecError

POLL_S = 0.05
GRACE_S = 5.0  # that the others have after one has failed
AT_NODES = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK")
PARTED = "processes that train together has ended"  # what those say that another one has left
LAUNCHED = "nnspec"  # what TORCHELASTIC_RUN_ID says of processes begun here


@dataclass(frozen=True, slots=True)
class _Rank:
    process: "subprocess.Popen[bytes]"
    errors: IO[bytes]

    def said(self) -> str:
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")


def launch(devices: int, nodes: int, words: Sequence[str]) -> int:
    """Run a command line in as many processes as there are devices; the exit code of the first that failed, or 0."""
    most = os.cpu_count() or 1
    if devices > most:
        message = f"{devices} processes are asked for, and this machine has {most} processors"
        raise SpecError.of("device", message, help=f"`--devices {most}` at most")
    meeting = _meeting(devices, nodes)
    with contextlib.ExitStack() as files:
        ranks = []
        for local in range(devices):
            errors = files.enter_context(tempfile.TemporaryFile())
            ranks.append(_Rank(_begin(local, devices, nodes, meeting, words, errors), errors))
        with _forwarded([rank.process for rank in ranks]):
            failed = _first_failed(ranks)
            _end(ranks, GRACE_S if failed else None)
        told = _telling(ranks, failed)
        code: int = told.process.returncode
        if code < 0:
            which = f"process {ranks.index(told) + 1} of {devices}"
            raise SpecError.of("device", f"{which} was ended by {signal.Signals(-code).name}")
        print(told.said(), end="", file=sys.stderr)
    return code


def _meeting(devices: int, nodes: int) -> Mapping[str, str]:
    """Where the processes meet, and which machine this is."""
    if nodes == 1:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1]), "NODE_RANK": "0"}
    given = {name: os.environ.get(name, "") for name in AT_NODES}
    if all(given.values()) and given["NODE_RANK"].isdecimal() and int(given["NODE_RANK"]) < nodes:
        return given
    raise SpecError.of(
        "device",
        f"{nodes} machines are asked for, and {', '.join(AT_NODES)} do not say where they meet and which one this is",
        help="set them on each machine, or begin with "
        f"torchrun --nnodes {nodes} --nproc-per-node {devices} --rdzv-backend c10d --rdzv-endpoint HOST:29500 "
        "-m nnspec train ..., or with srun",
    )


def _begin(
    local: int, devices: int, nodes: int, meeting: Mapping[str, str], words: Sequence[str], errors: IO[bytes]
) -> "subprocess.Popen[bytes]":
    """One process. It has a session of its own, so that Ctrl-C comes to it from here alone, and once."""
    rank = int(meeting["NODE_RANK"]) * devices + local
    numbers = {
        "RANK": rank,
        "LOCAL_RANK": local,
        "GROUP_RANK": meeting["NODE_RANK"],
        "WORLD_SIZE": devices * nodes,
        "LOCAL_WORLD_SIZE": devices,
        "TORCHELASTIC_RUN_ID": LAUNCHED,
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", max(1, (os.cpu_count() or 1) // devices)),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "nnspec", *words],
        env={**os.environ, **meeting, **{name: str(value) for name, value in numbers.items()}},
        stdin=subprocess.PIPE,  # its end tells a process that this one has gone
        stdout=None if rank == 0 else subprocess.DEVNULL,
        stderr=errors,
        start_new_session=True,
    )


@contextlib.contextmanager
def _forwarded(processes: "Sequence[subprocess.Popen[bytes]]") -> Iterator[None]:
    """While it lasts, Ctrl-C and SIGTERM go on to the processes, which end by them."""

    def forward(number: int, frame: object) -> None:
        for process in processes:
            if process.poll() is None:
                process.send_signal(number)

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _first_failed(ranks: Sequence[_Rank]) -> _Rank | None:
    """Wait until all are done, or one has failed."""
    while any(rank.process.poll() is None for rank in ranks):
        failed = [rank for rank in ranks if rank.process.poll() not in (None, 0, EXIT_INTERRUPTED)]
        if failed:
            return failed[0]
        time.sleep(POLL_S)
    return next((rank for rank in ranks if rank.process.returncode not in (0, EXIT_INTERRUPTED)), None)


def _end(ranks: Sequence[_Rank], grace_s: float | None) -> None:
    """Wait for all; those that are still there after the grace are killed, since they wait for one that has gone."""
    until = time.monotonic() + (grace_s or 0)
    for rank in ranks:
        try:
            rank.process.wait(None if grace_s is None else max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            rank.process.kill()
            rank.process.wait()


def _telling(ranks: Sequence[_Rank], failed: _Rank | None) -> _Rank:
    """The one whose errors are told: who failed by itself, not by the going of another."""
    if failed is None:
        return ranks[0]
    return failed if failed.process.returncode < 0 or PARTED not in failed.said() else _culprit(ranks, failed)


def _culprit(ranks: Sequence[_Rank], victim: _Rank) -> _Rank:
    """Who left first, where one that only heard of it was quicker to end."""
    others = [rank for rank in ranks if rank.process.returncode not in (0, EXIT_INTERRUPTED)]
    return next((rank for rank in others if PARTED not in rank.said()), victim)
