"""A training that ended early and goes on is one that never ended: the same weights, lines and result."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor
from trainings import trained, two_kinds

from nnspec.diagnostics import SpecError
from nnspec.graph import Network
from nnspec.runs import WEIGHTS, Run
from nnspec.training import Result, forms, trial
from nnspec.training.batches import Batch
from nnspec.training.fit import Epoch
from nnspec.training.learner import Learner
from nnspec.training.progress import Silent
from nnspec.training.resume import finished, network_of_run, resume_run
from nnspec.training.step import PlainStep, Step
from nnspec.training.trial import Form

TIMES = ("seconds", "examples_per_second")


class StopAfter(Silent):
    """Sends Ctrl-C when an epoch has come to its end; one more step is done then."""

    def __init__(self, epoch: int) -> None:
        self.last = epoch

    def epoch(self, epoch: Epoch) -> None:
        if epoch.number == self.last:
            signal.raise_signal(signal.SIGINT)


def told(run: Run) -> tuple[bytes, list[dict], dict]:
    """What a training leaves, less its times."""
    lines = [{key: value for key, value in line.items() if key not in TIMES} for line in run.metrics()]
    result = {key: value for key, value in run.result().items() if key not in TIMES}
    return run.file(WEIGHTS).read_bytes(), lines, result


def going_on(run: Run, folder: Path, *overrides: str) -> Result:
    """Resume, with the data beside the spec as they are below its folder."""
    record = run.record()
    run.write_record({**record, "spec": str(folder / "kinds.yaml")})
    return resume_run(network_of_run(run, overrides), run)


KINDS = {
    "Adam": [],
    "by the step, with momentum": [
        "optimizer={SGD: {lr: 0.1, momentum: 0.9}}",
        "scheduler={OneCycleLR: {max_lr: 0.1}}",
    ],
    "by the step, cyclic": [
        "optimizer={SGD: {lr: 0.1, momentum: 0.9}}",
        "scheduler={CyclicLR: {base_lr: 0.01, max_lr: 0.1, step_size_up: 7}}",
    ],
    "by the epoch": ["scheduler={CosineAnnealingLR: {}}"],
    "by milestones": ["scheduler={MultiStepLR: {milestones: [2, 4]}}"],
    "by the loss": ["scheduler={ReduceLROnPlateau: {patience: 0, threshold: 0.5}}"],
    "one after another": [
        "scheduler={SequentialLR: {milestones: [2], schedulers: [{LinearLR: {}}, {ExponentialLR: {gamma: 0.5}}]}}"
    ],
    "at the same time": ["scheduler={ChainedScheduler: [{LinearLR: {}}, {ExponentialLR: {gamma: 0.5}}]}"],
    "LBFGS": ["optimizer={LBFGS: {lr: 0.5}}", "train.batch_size=full"],
    "accumulated": ["train.accumulate=2", "train.batch_size=8", "train.clip_grad_value=0.1"],
    "unfrozen": [
        "layers=[{Linear: 8, freeze: true, name: one}, ReLU, {Linear: 8, freeze: true, name: two}, {Linear: 2}]",
        "train.unfreeze={'two.*': 2, '*': 5}",
    ],
    "unfrozen, with momentum": [
        "layers=[{Linear: 8, freeze: true, name: one}, ReLU, {Linear: 2}]",
        "train.unfreeze={'*': 5}",
        "optimizer={SGD: {lr: 0.05, momentum: 0.9}}",
    ],
    "averaged": ["train.ema=0.9", "layers=[{Linear: 8}, BatchNorm1d, ReLU, {Linear: 2}]"],
    "groups of one type": [
        "optimizer=[{match: '*.bias', AdamW: {weight_decay: 0}}, {AdamW: {lr: 1e-2}}]",
        "scheduler={CosineAnnealingLR: {}}",
    ],
    "groups of two types": ["optimizer=[{match: '*.bias', SGD: {lr: 0.1, momentum: 0.9}}, {AdamW: {lr: 1e-2}}]"],
    "Muon": ["optimizer={Muon: {lr: 0.01}}"],
    "Adagrad, clipped": ["optimizer={Adagrad: {lr: 0.05}}", "train.clip_grad_norm=0.5"],
    "slow metrics": ["outputs.kind.metrics=[F1Score]", "train.batch_size=4"],
    "compiled": ["train.compile=step"],
    "compiled, clipped": ["train.compile=step", "optimizer={SGD: {lr: 0.05, momentum: 0.9}}", "train.clip_grad_norm=1"],
    "dropout": ["layers=[{Linear: 8}, ReLU, {Dropout: 0.5}, BatchNorm1d, {Linear: 2}]"],
    "shared": ["layers=[{Linear: 2, name: one}, ReLU, {share: one}, {Linear: 2}]"],
    "tied": [
        "layers=[{Linear: 8}, ReLU, {Linear: 8, name: two}, {Linear: 8, name: three, tie: {weight: two.weight}}, "
        "{Linear: 2}]"
    ],
    "early stopping": ["train.early_stopping={patience: 3}", "optimizer={Adam: {lr: 0.3}}", "train.epochs=30"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_that_goes_on_is_one_that_never_ended(tmp_path, kind):
    network = two_kinds(tmp_path, "train.epochs=6", *KINDS[kind])
    whole, _ = trained(network, tmp_path / "whole")
    run, result = trained(network, tmp_path / "run", StopAfter(3))
    assert (result.interrupted, result.epochs) == (True, 3)
    assert not going_on(run, tmp_path).interrupted
    assert told(run) == told(whole)


def test_each_stop_may_come_in_mid_epoch(tmp_path):
    network = two_kinds(tmp_path, "train.epochs=3")
    whole, _ = trained(network, tmp_path / "whole")

    class StopAtOnce(Silent):
        def start(self, epochs: int | None, steps: int) -> None:
            signal.raise_signal(signal.SIGINT)

    run, result = trained(network, tmp_path / "run", StopAtOnce())
    run.write_record({**run.record(), "spec": str(tmp_path / "kinds.yaml")})
    parts = 1
    while result.interrupted and parts < 100:
        result = resume_run(network_of_run(run), run, progress=StopAtOnce())
        parts += 1
    assert (parts, result.epochs, result.steps) == (25, 3, 24)
    assert told(run) == told(whole)


def coarse(plain: PlainStep) -> Step:
    """A form whose rounding is its own: a training that changes to it shows where that was."""

    def step(batch: Batch) -> Tensor:
        loss = plain(batch)
        with torch.no_grad():
            for parameter in plain.net.parameters():
                parameter.mul_(1 + 2**-20)
        return loss

    return step


@pytest.mark.parametrize("stop", [1, 12, 19, 20, 21, 40])
def test_a_training_changes_the_form_of_its_steps_where_it_would_have(tmp_path, monkeypatch, stop):
    monkeypatch.setattr(trial, "GAIN", 1e9)  # whatever it takes, the other form is chosen
    monkeypatch.setitem(forms.FORMS, "step", Form(coarse))
    network = two_kinds(tmp_path, "train.epochs=26", "train.compile=auto")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "one"))
    whole, _ = trained(network, tmp_path / "whole")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "two"))
    with monkeypatch.context() as patch:
        taken = Learner.step

        def step(learner: Learner, batch: Batch) -> Tensor:
            if learner.steps == stop - 1:
                signal.raise_signal(signal.SIGINT)
            return taken(learner, batch)

        patch.setattr(Learner, "step", step)
        run, result = trained(network, tmp_path / "run")
    assert (result.interrupted, result.steps) == (True, stop)
    going_on(run, tmp_path)
    assert told(run) == told(whole)
    wanted = ("step", trial.STEPS)
    assert [(made["form"], made["since"]) for made in (each.record()["compile"] for each in (whole, run))] == [
        wanted
    ] * 2


DRIVER = """
import os, random, shutil, signal, sys
from pathlib import Path
import torch
from nnspec.diagnostics import SpecError
from nnspec.graph import load_network
from nnspec.runs import RECORD, SPEC, Run, open_run
from nnspec.training import train_spec
from nnspec.training.resume import network_of_run, resume_run

folder, kills, every = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
os.chdir(folder)
torch.set_num_threads(1)
overrides = ["train.epochs=12", "layers=[{Linear: 8}, ReLU, {Dropout: 0.3}, {Linear: 2}]"]
network = load_network("kinds.yaml", [*overrides, f"train.checkpoint={{every: {every}, keep: 2}}"])
moments = random.Random(0)

def train(run):
    if all(run.has(name) for name in (SPEC, RECORD)):
        resume_run(network_of_run(run), run)
    else:
        shutil.rmtree(run.path, ignore_errors=True)
        train_spec(network.spec, network.graph, network.folder, run_dir=run.path)

def ended(run, seconds):
    # A process of its own, which the system ends without a word after so much of the processor's time.
    child = os.fork()
    if not child:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        train(run)
        os._exit(0)
    return os.waitpid(child, 0)[1]

whole = Run(folder / "whole")
assert ended(whole, 0) == 0
killed = runs = 0
while killed < kills:
    run = Run(folder / f"run{runs}")
    status = ended(run, moments.uniform(0.001, 0.12))
    killed += os.WIFSIGNALED(status)
    assert status in (0, signal.SIGPROF), status
    runs += status == 0
assert ended(run, 0) == 0
print(killed, runs)
"""


def killed_again_and_again(folder: Path, kills: int, every: str) -> None:
    two_kinds(folder)
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(folder), str(kills), every], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout.split()[0]) == kills
    wanted = told(Run(folder / "whole"))
    for path in sorted(folder.glob("run*")):
        assert told(Run(path)) == wanted, path


@pytest.mark.parametrize("every", ["epoch", "5 steps"])
def test_a_training_that_was_killed_at_random_moments_is_one_that_never_was(tmp_path, every):
    killed_again_and_again(tmp_path, 5, every)


@pytest.mark.slow
def test_fifty_kills_change_nothing(tmp_path):
    killed_again_and_again(tmp_path, 50, "3 steps")


def refusal(action, *arguments) -> str:
    with pytest.raises(SpecError) as caught:
        action(*arguments)
    return str(caught.value)


def stopped(folder: Path, *overrides: str) -> tuple[Run, Network]:
    network = two_kinds(folder, "train.epochs=4", *overrides)
    return trained(network, folder / "run", StopAfter(2))[0], network


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty"])
def test_a_damaged_checkpoint_is_told(tmp_path, damage):
    run, _ = stopped(tmp_path)
    (path,) = run.checkpoints()
    data = bytearray(path.read_bytes())
    data[random.Random(0).randrange(len(data))] ^= 4
    path.write_bytes({"flipped": bytes(data), "cut": bytes(data[:-1]), "empty": b""}[damage])
    assert refusal(going_on, run, tmp_path).replace(f"{tmp_path}/", "") == (
        "error[run-folder]: the checkpoint run/checkpoints/000000000017.safetensors cannot be used: "
        "it is not as it was written\n"
        "  help  remove it to begin the training anew"
    )


def test_the_checkpoint_before_a_damaged_one_is_named(tmp_path):
    run, network = stopped(tmp_path, "train.checkpoint={every: 2 steps, keep: 2}")
    before, last = run.checkpoints()
    last.write_bytes(b"")
    assert refusal(going_on, run, tmp_path).endswith(f"help  remove it to go on from {before.name}")
    last.unlink()
    whole, _ = trained(network, tmp_path / "whole")
    going_on(run, tmp_path)
    assert told(run) == told(whole)


def test_another_spec_is_refused_by_name(tmp_path):
    run, _ = stopped(tmp_path)
    assert refusal(going_on, run, tmp_path, "train.batch_size=32", "optimizer.Adam.lr=0.5").replace(
        f"{tmp_path}/", ""
    ) == (
        "error[resume]: the spec is not the one that run was trained with\n"
        "  optimizer.Adam.lr  0.01 then, 0.5 here\n"
        "  train.batch_size   16 then, 32 here\n"
        "  help               only how long it trains may change (`train.epochs`, `steps` and `time`); train anew for "
        "anything else"
    )


def test_other_data_are_refused_with_their_place(tmp_path):
    run, _ = stopped(tmp_path)
    rows = tmp_path / "rows.csv"
    head, _, *rest = rows.read_text().splitlines()
    rows.write_text("\n".join([head, *rest]) + "\n")
    assert refusal(going_on, run, tmp_path).replace(f"{tmp_path}/", "") == (
        "error[resume]: the data are not those that run was trained on\n"
        "  train       point, kind (target); 120 rows then, 119 here\n"
        "  validation  point, kind (target); 40 rows\n"
        "  test        point, kind (target); 40 rows\n"
        "  help        train anew, or bring the old data back"
    )


def test_a_finished_training_may_become_longer(tmp_path):
    network = two_kinds(tmp_path, "train.epochs=6")
    whole, _ = trained(network, tmp_path / "whole")
    short = two_kinds(tmp_path, "train.epochs=4")
    run, _ = trained(short, tmp_path / "run")
    assert finished(run, short.spec)
    assert not finished(run, network.spec)
    assert going_on(run, tmp_path, "train.epochs=6").epochs == 6
    assert told(run) == told(whole)
    assert run.spec() == whole.spec()


@pytest.mark.parametrize("kind", ["Adam", "by the loss", "dropout"])
def test_a_training_of_so_many_steps_may_become_longer(tmp_path, kind):
    whole, result = trained(
        two_kinds(tmp_path, "train.epochs=null", "train.steps=40", *KINDS[kind]), tmp_path / "whole"
    )
    assert (result.interrupted, result.epochs, result.steps) == (False, 5, 40)
    run, result = trained(two_kinds(tmp_path, "train.steps=27", *KINDS[kind]), tmp_path / "run")
    assert (result.interrupted, result.epochs, result.steps) == (False, 4, 27)
    assert [(line["epoch"], line["step"]) for line in run.metrics()] == [(1, 8), (2, 16), (3, 24), (4, 27)]
    assert going_on(run, tmp_path, "train.steps=40").steps == 40
    assert told(run) == told(whole)


def test_a_training_may_end_by_time(tmp_path):
    network = two_kinds(tmp_path, "train.epochs=null", "train.time=0.2s")
    run, result = trained(network, tmp_path / "run")
    assert not result.interrupted
    assert result.seconds >= 0.2
    assert finished(run, network.spec)
    longer = two_kinds(tmp_path, "train.epochs=null", "train.time=1h")
    assert not finished(run, longer.spec)
    more = result.steps + 8
    assert going_on(run, tmp_path, f"train.steps={more}", "train.time=1h").steps == more


def test_a_schedule_of_the_whole_training_does_not_become_longer(tmp_path):
    run, _ = stopped(tmp_path, "scheduler=CosineAnnealingLR")
    assert refusal(going_on, run, tmp_path, "train.epochs=9") == (
        "error[resume]: CosineAnnealingLR spans the whole training, which was of 4 epochs: it cannot be of 9 epochs\n"
        "  help  begin a training of 9 epochs, from its weights with `weights: {load: ...}`"
    )


def test_two_trainings_never_share_a_folder(tmp_path):
    network = two_kinds(tmp_path, "train.epochs=2")

    class Another(Silent):
        message = ""

        def epoch(self, epoch: Epoch) -> None:
            if not self.message:
                self.message = refusal(resume_run, network, Run(tmp_path / "run"))

    another = Another()
    trained(network, tmp_path / "run", another)
    assert another.message.replace(f"{tmp_path}/", "") == (
        "error[resume]: another process trains in run\n  help  wait for it to end"
    )


FULL = """
import errno, os, sys
from nnspec.cli.main import main
fsync = os.fsync

def full(handle):
    if os.path.exists("run/metrics.jsonl"):
        raise OSError(errno.ENOSPC, "No space left on device")
    fsync(handle)

os.fsync = full
sys.exit(main(sys.argv[1:]))
"""


def test_a_disk_that_is_full_loses_nothing(tmp_path):
    two_kinds(tmp_path)
    small = [sys.executable, "-c", FULL, "train", "kinds.yaml", "--run", "run", "--quiet"]
    done = subprocess.run(small, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        "error[file]: cannot write run/weights.safetensors: no space left on device\n"
        "  help  once that is mended `nnspec train --resume run` goes on from its begin\n",
    )
    resumed = [sys.executable, "-m", "nnspec", "train", "--resume", "run", "--quiet"]
    done = subprocess.run(resumed, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert Run(tmp_path / "run").result()["epochs"] == 10
