"""Labels that torch would take in silence: told, with the file and the row."""

from pathlib import Path

import numpy as np
import pytest

from nnspec.cli.main import main
from nnspec.data import load_examples
from nnspec.data.examples import prepared
from nnspec.graph.network import load_network

NET = """nnspec: 1
data: {source: rows.csv, split: {validation: 0, test: 0}}
inputs: {point: {columns: [a, b]}}
layers: [Linear: 3]
outputs: {y: {OUTPUT}}
optimizer: SGD
train: {epochs: 1}
"""


def told(label, output, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = [f"{i},{i % 5},{i % 3}" for i in range(30)]
    rows[4] = f"4,4,{label}"
    Path("rows.csv").write_text("a,b,y\n" + "\n".join(rows) + "\n")
    Path("net.yaml").write_text(NET.replace("OUTPUT", output))
    assert main(["train", "net.yaml", "--quiet"]) == 1
    assert not Path("runs").exists()
    return capsys.readouterr().err


@pytest.mark.parametrize("label", ["-100", "-1", "3", "7"])
def test_a_label_that_is_none_of_the_classes_is_refused(label, tmp_path, monkeypatch, capsys):
    assert told(label, "classes: 3, loss: CrossEntropyLoss", tmp_path, monkeypatch, capsys) == (
        f"rows.csv:6: error[data-value]: column 'y': '{label}' is none of the classes given: 0, 1, 2\n"
        "  help  add it to `classes`, or leave the row out\n"
    )


@pytest.mark.parametrize(
    ("label", "listed", "help"),
    [
        ("-100", "-100, 0, 1, 2", "-100 mostly stands for rows without a class: leave them out of the data"),
        ("-1", "-1, 0, 1, 2", "-1 mostly stands for rows without a class: leave them out of the data"),
        ("7", "0, 1, 2, 7", "give linear_1 4 features"),
    ],
)
def test_a_label_more_than_there_are_scores_is_refused(label, listed, help, tmp_path, monkeypatch, capsys):
    assert told(label, "loss: CrossEntropyLoss", tmp_path, monkeypatch, capsys) == (
        "net.yaml:4:10: error[data-shape]: y has 4 classes in the data, but linear_1 gives 3 scores\n"
        "    4 | layers: [Linear: 3]\n"
        "      |          ^^^^^^\n"
        f"  classes  {listed} in column 'y' of rows.csv, net.yaml:2\n"
        f"  help     {help}\n"
    )


@pytest.mark.parametrize("target", [np.arange(12.0), np.arange(12.0)[:, None]])
def test_a_target_of_single_numbers_never_broadcasts(target, tmp_path):
    np.savez(tmp_path / "rows.npz", x=np.zeros((12, 2)), y=target)
    (tmp_path / "net.yaml").write_text(
        "nnspec: 1\ndata: {source: rows.npz, split: {validation: 0, test: 0}}\ninputs: {x: [2]}\n"
        "layers: [Linear: 1]\noutputs: {y: {loss: MSELoss}}\n"
    )
    net = load_network(tmp_path / "net.yaml")
    data = load_examples(net.spec, tmp_path, net.graph.output_tensors)
    assert prepared(data.preparation, data.train)["y"].shape == (12, 1)  # as the network's output has it
