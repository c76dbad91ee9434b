"""`nnspec train --folds`, as a user types it."""

import json
from pathlib import Path

import pytest

from nnspec.cli.main import main

NET = """nnspec: 1
data: {source: rows.csv, split: {validation: 0.2, stratify: true}}
inputs: {point: {columns: [a, b], prepare: [Standardize]}}
layers: [Linear: 2]
outputs: {kind: {loss: CrossEntropyLoss, metrics: [Accuracy]}}
optimizer: SGD
train: {epochs: 2, batch_size: 8}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)
    Path("rows.csv").write_text("a,b,kind\n" + "".join(f"{i % 3},{i % 5},{'xy'[i % 2]}\n" for i in range(30)))
    return tmp_path


def test_each_fold_is_a_run_and_the_table_ends_with_the_mean(folder, capsys):
    assert main(["train", "net.yaml", "--folds", "3", "--run", "cv"]) == 0
    *_, header, first, second, third, mean, _, where, following = capsys.readouterr().out.rstrip().splitlines()
    assert header.split() == ["test", "of", "examples", "loss", "Accuracy"]
    assert [line.split()[:3] for line in (first, second, third)] == [["fold", str(i), "10"] for i in (1, 2, 3)]
    assert mean.split()[0] == "mean"
    assert (where, following) == ("the folds are runs in cv; next:", "  nnspec evaluate cv/fold-1")
    found = json.loads(Path("cv/folds.json").read_text())
    losses = [fold["parts"]["test"]["loss"] for fold in found["folds"]]
    assert found["test"]["loss"]["mean"] == pytest.approx(sum(losses) / 3)
    means = {
        tuple(json.loads(Path(f"cv/fold-{i}/preparation.json").read_text())["inputs"]["point"][0]["state"]["mean"])
        for i in (1, 2, 3)
    }
    assert len(means) > 1  # fitted on each fold's own training rows
    assert main(["export", "cv/fold-2"]) == 0


def test_the_same_seed_gives_the_same_folds(folder, capsys):
    for run in ("one", "two"):
        assert main(["train", "net.yaml", "--folds", "2", "--run", run, "--quiet"]) == 0
    first, second = (json.loads(Path(f"{run}/folds.json").read_text())["test"] for run in ("one", "two"))
    assert first == second


def test_the_whole_is_no_run(folder, capsys):
    assert main(["train", "net.yaml", "--folds", "2", "--run", "cv", "--quiet"]) == 0
    assert main(["export", "cv"]) == 1
    assert capsys.readouterr().err == (
        "error[run-folder]: cv is a cross-validation, whose folds are runs of their own\n"
        "  help  name one of them: cv/fold-1\n"
    )


def test_a_part_of_its_own_is_refused_before_there_is_a_folder(folder, capsys):
    assert main(["train", "net.yaml", "--folds", "2", "--run", "cv", "--set", "data.test=rows.csv"]) == 1
    assert capsys.readouterr().err == (
        "command line:1:17: error[split]: folds are drawn from one source, and data has a `test` of its own\n"
        "    1 | --set data.test=rows.csv\n"
        "      |                 ^^^^^^^^\n"
        "  help  leave it out: --set data.test=null\n"
    )
    assert not Path("cv").exists()
