"""The commands that run a network, as a user types them."""

import shlex
from pathlib import Path

import pytest

from nnspec.cli.main import main

NET = """nnspec: 1
data: {source: rows.csv, split: {validation: 0.25, test: 0.25}}
inputs: {point: {columns: [a, b]}}
layers: [Linear: 1]
outputs: {y: {loss: MSELoss}}
optimizer: SGD
train: {epochs: 2, batch_size: 8}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)
    Path("rows.csv").write_text("a,b,y\n" + "".join(f"{i % 3},{i % 5},{i % 7}\n" for i in range(20)))
    return tmp_path


def proposed(capsys, *arguments: str) -> list[str]:
    """Train, and what the last lines propose to type next."""
    assert main(["train", "net.yaml", "--run", "a run", *arguments]) == 0
    *_, predict, verify = capsys.readouterr().out.splitlines()
    return [predict.strip(), verify.strip()]


def test_what_a_training_proposes_can_be_typed(folder, capsys):
    commands = proposed(capsys)
    assert commands == [
        "nnspec predict 'a run/model.onnx' 'a run/examples.npz'",
        "nnspec verify 'a run/model.onnx' --run 'a run'",
    ]
    assert [main(shlex.split(command)[1:]) for command in commands] == [0, 0]


def test_without_test_rows_it_proposes_a_file_of_your_own(folder, capsys):
    predict, _ = proposed(capsys, "--set", "data.split={validation: 0, test: 0}")
    assert predict == "nnspec predict 'a run/model.onnx' rows.csv"
    assert main(shlex.split(predict)[1:]) == 0
