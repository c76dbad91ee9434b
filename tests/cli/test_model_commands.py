"""The commands that run a network, as a user types them."""

import json
import shlex
from pathlib import Path

import pytest

from nnspec.cli.main import main
from nnspec.runs import Run

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


def test_json_is_an_object_a_line_for_programs(folder, capsys):
    assert main(["train", "net.yaml", "--run", "run", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    start, *epochs, result = [line for line in lines if line["event"] != "note"]
    assert start == {"event": "start", "epochs": 2, "steps": 2}
    assert [{"event": "epoch", **line} for line in Run(Path("run")).metrics()] == epochs
    proof = {**Run(Path("run")).proof()}
    assert result == {"event": "result", "run": "run", **Run(Path("run")).result(), "proof": proof}


def test_json_goes_without_folds(folder, capsys):
    assert main(["train", "net.yaml", "--json", "--folds", "3"]) == 2
    assert capsys.readouterr().err == (
        "nnspec train: --json is of one training, without --folds\n  help  nnspec train --help\n"
    )


def test_a_report_of_one_run_and_of_two(folder, capsys):
    for seed in ("1", "2"):
        main(["train", "net.yaml", "--run", f"seed{seed}", "--seed", seed, "--quiet"])
    Path("seed1/report.html").unlink()
    assert main(["report", "seed1"]) == 0
    assert main(["report", "seed1", "seed2", "-o", "both.html"]) == 0
    assert capsys.readouterr().out == "wrote seed1/report.html\nwrote both.html\n"
    both = Path("both.html").read_text()
    assert "<h1>2 runs</h1>" in both
    assert '<th scope="row"><code>seed</code></th><td>1</td><td>2</td>' in both


def test_a_report_of_no_run_is_refused(folder, capsys):
    assert main(["report", "nowhere"]) == 1
    assert capsys.readouterr().err == (
        "error[run-folder]: there is no run folder nowhere\n  help  `nnspec train` makes one and says its name\n"
    )


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        (["--epochs", "3"], (3, 6)),
        (["--steps", "5"], (3, 5)),
        (["--epochs", "4", "--steps", "100", "--time", "1h"], (4, 8)),
    ],
)
def test_how_long_it_trains_may_be_said(folder, capsys, flags, wanted):
    assert main(["train", "net.yaml", "--run", "run", "--quiet", *flags]) == 0
    result = Run(Path("run")).result()
    assert (result["epochs"], result["steps"]) == wanted


def test_a_length_that_is_none_is_told(folder, capsys):
    assert main(["train", "net.yaml", "--time", "soon"]) == 1
    assert capsys.readouterr().err == (
        'command line:1:18: error[wrong-value]: train: time must be a time as in 90s, 10m or 2h, got "soon"\n'
        "    1 | --set train.time=soon\n"
        "      |                  ^^^^\n"
    )


def test_a_training_needs_a_spec_or_a_run(folder, capsys):
    assert main(["train"]) == 2
    assert capsys.readouterr() == ("", "nnspec train: a SPEC to train, or --resume RUN\n  help  nnspec train --help\n")


@pytest.mark.parametrize("given", [["--run", "other"], ["--seed", "3"]])
def test_a_training_that_goes_on_keeps_folder_and_seed(folder, capsys, given):
    assert main(["train", "--resume", "run", *given]) == 1
    assert capsys.readouterr() == (
        "",
        f"error[resume]: a training that goes on keeps its folder and its seed: {given[0]} begins another\n",
    )
