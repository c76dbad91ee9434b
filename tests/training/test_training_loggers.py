"""Where else a training is told."""

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from nnspec.cli.main import main
from nnspec.runs import Run

NET = """nnspec: 1
data: sklearn:iris
inputs: {flower: {column: data, shape: [4]}}
layers: [Linear: 3]
outputs: {species: {column: target, loss: CrossEntropyLoss, metrics: [Accuracy]}}
optimizer: SGD
train: {epochs: 3, batch_size: 16}
"""


@pytest.fixture
def net(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)
    return tmp_path


def test_tensorboard_reads_what_metrics_jsonl_has(net):
    assert main(["train", "net.yaml", "--run", "run", "--quiet", "--log", "tensorboard"]) == 0
    events = EventAccumulator("run/tensorboard")
    events.Reload()
    lines = Run(Path("run")).metrics()
    assert sorted(events.Tags()["scalars"]) == ["loss/train", "loss/validation", "lr", "species/Accuracy"]
    found = [(event.step, event.value) for event in events.Scalars("loss/train")]
    assert found == [(line["epoch"], pytest.approx(line["train_loss"])) for line in lines]


def test_a_logger_that_is_not_there_is_told_before_anything_is_read(net, capsys):
    Path("net.yaml").write_text(NET.replace("batch_size: 16", "batch_size: 16, log: [tensorbord]"))
    assert main(["train", "net.yaml", "--run", "run", "--quiet"]) == 1
    assert capsys.readouterr().err == (
        "net.yaml:7:41: error[wrong-value]: no logger is named 'tensorbord'\n"
        "    7 | train: {epochs: 3, batch_size: 16, log: [tensorbord]}\n"
        "      |                                         ^^^^^^^^^^^^\n"
        "  help  did you mean 'tensorboard'?\n"
    )
    assert not Path("run").exists()
