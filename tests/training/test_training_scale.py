"""Several processes that train together: the same numbers as one, whatever they share and whoever began them."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from trainings import trained, two_kinds

from nnspec.diagnostics import SpecError, render
from nnspec.ranks import Place, place
from nnspec.runs import Run
from nnspec.training.batches import Batch
from nnspec.training.ranked import own_rows

pytest.importorskip("lightning_fabric")

LIMIT_S = 300  # that a training may take on a busy machine before it counts as hung
STARTED = ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "TORCHELASTIC_RUN_ID", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID")
# Its last batches are uneven: 120 rows in batches of 17, and a last one of a single row joins the one before.
PLAIN = ["train.batch_size=17", "train.epochs=3", "train.compile=off", "train.clip_grad_norm=1.0"]

AVERAGED = ["optimizer={SGD: {lr: 0.1, momentum: 0.9}}", "train.ema=0.9"]


def command(folder: Path, *words: str, overrides: list[str] | None = None) -> list[str]:
    options = [word for value in overrides or [] for word in ("--set", value)]
    return [sys.executable, "-m", "nnspec", "train", *words, "--device", "cpu", "--allow-path", str(folder), *options]


def run(folder: Path, *words: str, overrides: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, *words, overrides=overrides), cwd=folder, capture_output=True, text=True, timeout=LIMIT_S
    )


def measured(path: Path) -> list[tuple[float, float]]:
    return [(line["train_loss"], line["validation_loss"]) for line in Run(path).metrics()]


def metrics(path: Path) -> list[object]:
    lines = [line["metrics"] for line in Run(path).metrics()]
    return [*lines, {name: part["metrics"] for name, part in Run(path).result()["parts"].items()}]


def agree(one: Path, several: Path) -> None:
    """Losses within 1e-5, metrics the same."""
    assert len(measured(one)) == len(measured(several))
    for mine, theirs in zip(measured(one), measured(several), strict=True):
        assert theirs == pytest.approx(mine, abs=1e-5)
    assert metrics(several) == metrics(one)


def alone(folder: Path, *more: str) -> Path:
    """What one process comes to."""
    trained(two_kinds(folder, *PLAIN, *more), folder / "one", device="cpu")
    return folder / "one"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_two_processes_come_to_what_one_does(tmp_path):
    one = alone(tmp_path)
    done = run(tmp_path, "kinds.yaml", "--devices", "2", "--run", "two", overrides=PLAIN)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("ddp: 2 processes, each with 1/2 of a batch of 17\n") == 1
    assert done.stdout.count("epoch 3/3") == 1
    assert "PROVEN" in done.stdout
    agree(one, tmp_path / "two")


@pytest.mark.slow
@pytest.mark.parametrize(
    "more", [[], ["optimizer={SGD: {lr: 0.1, momentum: 0.9}}", "train.ema=0.9"]], ids=["Adam", "SGD"]
)
def test_parted_weights_come_to_the_same_and_go_on_with_one_process(tmp_path, more):
    one = alone(tmp_path, "train.epochs=5", *more)
    done = run(tmp_path, "kinds.yaml", "--devices", "2", "--strategy=fsdp", "--run=two", overrides=[*PLAIN, *more])
    assert (done.returncode, done.stderr) == (0, "")
    again = run(tmp_path, "--resume", "two", "--devices", "1", overrides=["train.epochs=5"])
    assert (again.returncode, again.stderr) == (0, "")
    agree(one, tmp_path / "two")


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_machines_of_one_process_each_come_to_the_same(tmp_path, strategy):
    one, meet = alone(tmp_path), f"127.0.0.1:{free_port()}"
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1"]
    torchrun += ["--rdzv-backend=c10d", f"--rdzv-endpoint={meet}", "--rdzv-id=kinds"]
    words = command(tmp_path, "kinds.yaml", "--nodes", "2", "--strategy", strategy, overrides=PLAIN)
    nodes = [
        subprocess.Popen([*torchrun, *words[1:]], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    said = [node.communicate(timeout=LIMIT_S)[0].decode() for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], said
    assert sum(text.count(f"{strategy}: 2 processes on 2 machines") for text in said) == 1
    (made,) = (tmp_path / "runs" / "kinds").iterdir()  # `--run` would be ambiguous to torchrun
    agree(one, made)


@pytest.mark.slow
def test_a_signal_ends_all_processes_and_two_go_on_as_if_it_had_not_come(tmp_path):
    one = alone(tmp_path, "train.epochs=60")
    begun = subprocess.Popen(
        command(tmp_path, "kinds.yaml", "--devices=2", "--run=two", overrides=[*PLAIN, "train.epochs=60"]),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert begun.stdout
    while "epoch " not in begun.stdout.readline():
        assert begun.poll() is None
    begun.send_signal(signal.SIGTERM)
    said, _ = begun.communicate(timeout=LIMIT_S)
    assert begun.returncode == 130
    assert said.count("nnspec train --resume two") == 1
    again = run(tmp_path, "--resume", "two", "--devices", "2")
    assert (again.returncode, again.stderr) == (0, "")
    agree(one, tmp_path / "two")


@pytest.mark.slow
def test_a_process_that_is_killed_ends_the_others_with_one_message(tmp_path):
    two_kinds(tmp_path)
    begun = subprocess.Popen(
        command(tmp_path, "kinds.yaml", "--devices=2", "--run=two", overrides=[*PLAIN, "train.epochs=100000"]),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert begun.stdout
    while "epoch " not in begun.stdout.readline():
        assert begun.poll() is None
    children = Path(f"/proc/{begun.pid}/task/{begun.pid}/children").read_text().split()
    os.kill(int(children[1]), signal.SIGKILL)
    _, told = begun.communicate(timeout=LIMIT_S)
    assert begun.returncode == 1
    assert told == "error[device]: process 2 of 2 was ended by SIGKILL\n"


@pytest.fixture
def nobody(monkeypatch):
    """No process of this test was started by another."""
    for name in STARTED:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_process_knows_its_place_from_torchrun_and_from_srun(nobody):
    assert place() is None
    slurm = {"SLURM_STEP_NUM_TASKS": "8", "SLURM_NTASKS": "8", "SLURM_PROCID": "5", "SLURM_NNODES": "2"}
    for name, value in slurm.items():
        nobody.setenv(name, value)
    assert place() == Place(rank=5, size=8, here=4, nodes=2, by="srun")
    torchrun = {"TORCHELASTIC_RUN_ID": "none", "RANK": "0", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2"}
    for name, value in torchrun.items():
        nobody.setenv(name, value)
    assert place() == Place(rank=0, size=4, here=2, nodes=2, by="torchrun")


def test_a_batch_script_without_srun_is_one_process(nobody):
    nobody.setenv("SLURM_NTASKS", "8")
    nobody.setenv("SLURM_PROCID", "0")
    assert place() is None


def test_shares_are_a_batch_in_its_order_and_one_without_rows_is_stood_in_for():
    x = torch.arange(3)
    shares = [own_rows(Batch(3, (x,), (x + 10,)), rank, 4) for rank in range(4)]
    assert [share.rows for share in shares] == [0, 1, 1, 1]
    assert [share.inputs[0].tolist() for share in shares] == [[0], [0], [1], [2]]
    assert [share.targets[0].tolist() for share in shares] == [[10], [10], [11], [12]]


REFUSED = {
    "LBFGS": (
        ["optimizer={LBFGS: {lr: 1.0}}"],
        "LBFGS evaluates a batch as often as it likes, which several processes cannot do together",
    ),
    "weights of classes": (
        ["outputs.kind.loss={CrossEntropyLoss: {weight: [1.0, 2.0]}}"],
        "the weights of CrossEntropyLoss count over a whole batch, of which each process sees its share",
    ),
    "accumulate": (["train.accumulate=2"], "`accumulate` is for one process, and several train together"),
    "more than were started": (
        ["train.devices=4"],
        "4 processes are asked for (devices 4, nodes 1), and torchrun started 2",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_several_processes_cannot_do_is_refused(nobody, tmp_path, name):
    for key, value in {"TORCHELASTIC_RUN_ID": "none", "RANK": "0", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}.items():
        nobody.setenv(key, value)
    overrides, message = REFUSED[name]
    with pytest.raises(SpecError) as found:
        trained(two_kinds(tmp_path, *overrides), tmp_path / "run", device="cpu")
    assert found.value.diagnostics[0].message == message
    assert not (tmp_path / "run").exists()


def test_one_process_does_not_train_for_several(nobody, tmp_path):
    with pytest.raises(SpecError) as found:
        trained(two_kinds(tmp_path, "train.devices=2"), tmp_path / "run", device="cpu")
    assert render(found.value.diagnostics[0]) == (
        "command line:1:21: error[device]: 2 processes are asked for (devices 2, nodes 1), and this one trains alone\n"
        "    1 | --set train.devices=2\n"
        "      |                     ^\n"
        "  help  `nnspec train`, torchrun and srun start several"
    )
