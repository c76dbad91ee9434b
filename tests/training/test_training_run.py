"""A whole training: from a spec file and its data to the run folder, and what ends it early."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from trainings import TWO_KINDS, trained, two_kinds

from nnspec.codegen.load import load, load_weights
from nnspec.codegen.write import write
from nnspec.diagnostics import SpecError
from nnspec.graph import load_network, parse_network
from nnspec.runs import RESULT, TRAINED, WEIGHTS, open_run
from nnspec.training.interrupt import stoppable
from nnspec.training.progress import Silent

SPECS = Path(__file__).parents[2] / "specs"


def test_a_training_learns_iris(tmp_path):
    _, result = trained(load_network(SPECS / "mlp.yaml"), tmp_path / "run")
    assert {name: part.examples for name, part in result.parts.items()} == {"train": 99, "validation": 21, "test": 30}
    assert result.parts["test"].metrics["species"]["Accuracy"] >= 0.9
    assert result.parts["train"].loss < 0.15
    assert 1 <= result.best_epoch == result.epochs - 20 * (result.epochs < 100)
    assert result.steps == 7 * result.epochs
    assert not result.interrupted


def test_a_run_holds_all_that_later_stages_need(tmp_path):
    network = two_kinds(tmp_path, "export.verify.examples=30")
    made, result = trained(network, tmp_path / "run")
    run = open_run(made.path)
    assert all(run.has(name) for name in TRAINED)
    assert run.spec()["train"]["epochs"] == 10
    assert run.spec_text().startswith("\nnnspec: 1\nname: kinds\n")
    assert "class Kinds(nn.Module):" in run.source()
    assert run.preparation().outputs["kind"].classes == ("high", "low")
    rows = run.examples()
    assert {name: (array.shape, array.dtype.name) for name, array in rows.items()} == {
        "point": ((30, 2), "float32"),
        "kind": ((30,), "int64"),
    }
    assert run.result() == json.loads(json.dumps(result.as_json()))
    record = run.record()
    assert (record["spec"], record["seed"], record["device"]) == ("kinds.yaml", 0, "cpu")
    assert record["threads"] == torch.get_num_threads()
    assert record["versions"]["torch"] == torch.__version__


def test_each_epoch_leaves_a_line(tmp_path):
    run, result = trained(two_kinds(tmp_path, "train.device=cpu"), tmp_path / "run")
    lines = run.metrics()
    assert [line["epoch"] for line in lines] == list(range(1, 11))
    assert [line["step"] for line in lines] == [8 * epoch for epoch in range(1, 11)]
    assert set(lines[0]) == {
        "epoch",
        "step",
        "train_loss",
        "validation_loss",
        "lr",
        "seconds",
        "examples_per_second",
        "metrics",
        "better",
    }
    assert set(lines[0]["metrics"]["kind"]) == {"Accuracy"}
    best = min(lines, key=lambda line: line["validation_loss"])
    assert best["epoch"] == result.best_epoch
    assert best["validation_loss"] == pytest.approx(result.parts["validation"].loss)


def test_the_weights_in_the_run_are_the_best_ones(tmp_path):
    network = two_kinds(tmp_path, "optimizer.Adam.lr=0.3", "train.epochs=15")
    run, result = trained(network, tmp_path / "run")
    assert result.best_epoch < 15
    net = load(write(network.graph), "net.py", {}).eval()
    load_weights(net, run.file(WEIGHTS))
    rows, steps = run.examples(), run.preparation().inputs["point"]
    with torch.no_grad():
        scores = net(torch.from_numpy(steps[0].step.apply(rows["point"], steps[0].state)))
    right = float(np.mean(scores.argmax(1).numpy() == rows["kind"]))
    assert right == pytest.approx(result.parts["test"].metrics["kind"]["Accuracy"])


def test_the_same_seed_gives_the_same_run(tmp_path):
    network = two_kinds(tmp_path)
    files = [
        trained(network, tmp_path / str(n), seed=seed)[0].file(WEIGHTS).read_bytes() for n, seed in enumerate((5, 5, 6))
    ]
    assert files[0] == files[1] != files[2]


def test_a_target_is_measured_in_its_own_units(tmp_path):
    _, result = trained(load_network(SPECS / "linear_regression.yaml", ["train.epochs=100"]), tmp_path / "run")
    metrics = result.parts["test"].metrics["progression"]
    assert 35 < metrics["MeanAbsoluteError"] < 55
    assert 0.4 < metrics["R2Score"] < 0.6


def test_a_training_without_validation_or_test_rows_ends_well(tmp_path):
    run, result = trained(two_kinds(tmp_path, "data.split.validation=0", "data.split.test=0"), tmp_path / "run")
    assert list(result.parts) == ["train"]
    assert result.best_epoch == 10
    assert run.metrics()[0]["validation_loss"] is None
    assert len(run.examples()["point"]) == 0


NEEDS = {
    "": (
        "spec.yaml: error[not-trainable]: the spec cannot be trained: it has no data, no loss and no optimizer\n"
        "  add  data: {source: rows.csv}\n"
        "  add  loss: CrossEntropyLoss\n"
        "  add  optimizer: {Adam: {lr: 1e-3}}"
    ),
    "data: rows.csv\nloss: MSELoss": (
        "spec.yaml: error[not-trainable]: the spec cannot be trained: it has no optimizer\n"
        "  add  optimizer: {Adam: {lr: 1e-3}}"
    ),
}


@pytest.mark.parametrize("more", NEEDS)
def test_a_spec_that_cannot_be_trained_is_told_what_to_add(tmp_path, more):
    network = parse_network(f"nnspec: 1\ninputs: {{x: [4]}}\nlayers: [Linear: 1]\n{more}")
    with pytest.raises(SpecError) as error:
        trained(network, tmp_path / "run")
    assert str(error.value) == NEEDS[more]
    assert not (tmp_path / "run").exists()


def test_a_network_without_weights_is_refused(tmp_path):
    text = "nnspec: 1\ninputs: {x: [4]}\nlayers: [Softmax]\ndata: rows.csv\nloss: MSELoss\noptimizer: Adam"
    network = parse_network(text)
    with pytest.raises(SpecError) as error:
        trained(network, tmp_path / "run")
    assert str(error.value) == (
        "spec.yaml: error[not-trainable]: the spec cannot be trained: no layer that reaches an output has weights\n"
        "  help  add a layer that learns, as in `- Linear: 10`"
    )


def test_a_batch_of_one_is_refused_where_batchnorm_cannot_learn_from_it(tmp_path):
    text = TWO_KINDS.replace("layers: [", "layers: [BatchNorm1d, ").replace("batch_size: 16", "batch_size: 1")
    two_kinds(tmp_path)
    (tmp_path / "kinds.yaml").write_text(text.lstrip())
    network = load_network(tmp_path / "kinds.yaml")
    with pytest.raises(SpecError) as error:
        trained(network, tmp_path / "run")
    assert str(error.value).replace(f"{tmp_path}/", "") == (
        "kinds.yaml:8:33: error[wrong-value]: BatchNorm1d learns from several examples at a time, and a batch has one\n"
        "    8 | train: {epochs: 10, batch_size: 1}\n"
        "      |                                 ^\n"
        "  layer  BatchNorm1d batchnorm1d_1, kinds.yaml:5\n"
        "  help   give `train: {batch_size: 32}`, or take LayerNorm"
    )


def test_a_training_that_breaks_keeps_the_best_weights_so_far(tmp_path):
    network = two_kinds(tmp_path, "optimizer={SGD: {lr: 1e6}}", "train.batch_size=full")
    with pytest.raises(SpecError) as error:
        trained(network, tmp_path / "run")
    assert "error[not-finite]: " in str(error.value)
    run = open_run(tmp_path / "run")
    net = load(write(network.graph), "net.py", {})
    load_weights(net, run.file(WEIGHTS))
    assert not run.has(RESULT)


PROGRAM = """
import sys
from pathlib import Path
from nnspec.graph import load_network
from nnspec.training import train_spec
from nnspec.training.progress import Lines
network = load_network(Path(sys.argv[1]), ["train.epochs=1000000", "outputs.kind.metrics=[]"])
_, result = train_spec(network.spec, network.graph, network.folder, run_dir=sys.argv[2], progress=Lines())
print(f"interrupted={result.interrupted} epochs={result.epochs} parts={list(result.parts)}")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_training_with_its_best_weights(tmp_path, number, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    two_kinds(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "kinds.yaml"), str(tmp_path / "run")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline().startswith("epoch       1/1000000  loss ")
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    run = open_run(tmp_path / "run")
    epochs = len(run.metrics())
    assert out.splitlines()[-1] == f"interrupted=True epochs={epochs} parts=['train', 'validation', 'test']"
    assert run.result()["interrupted"]
    load_weights(load(write(load_network(tmp_path / "kinds.yaml").graph), "net.py", {}), run.file(WEIGHTS))


class StopInFirstEpoch(Silent):
    """Sends Ctrl-C before the first step."""

    def start(self, epochs: int | None, steps: int) -> None:
        signal.raise_signal(signal.SIGINT)


def test_a_training_that_is_stopped_in_its_first_epoch_leaves_no_weights(tmp_path):
    run, result = trained(two_kinds(tmp_path), tmp_path / "run", StopInFirstEpoch())
    assert (result.interrupted, result.best_epoch, result.steps, dict(result.parts)) == (True, 0, 1, {})
    assert not run.has(WEIGHTS)
    assert run.result()["interrupted"]


def test_a_second_signal_is_no_request():
    with pytest.raises(KeyboardInterrupt), stoppable() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.asked
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_killed_training_has_lost_little(tmp_path):
    two_kinds(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "kinds.yaml"), str(tmp_path / "run")], stdout=subprocess.DEVNULL
    )
    weights = tmp_path / "run" / WEIGHTS  # the last that an epoch writes
    deadline = time.monotonic() + 30
    while not weights.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    run = open_run(tmp_path / "run")
    assert run.metrics()
    load_weights(load(write(load_network(tmp_path / "kinds.yaml").graph), "net.py", {}), weights)


def test_a_training_leaves_the_processor_as_it_was(tmp_path):
    tiny = np.full(1000, 2.0**-1060)
    trained(two_kinds(tmp_path, "train.epochs=1"), tmp_path / "run")
    assert (tiny * 2.0**100 > 0).all()
