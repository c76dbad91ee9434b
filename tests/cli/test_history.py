"""`nnspec runs` and `nnspec reproduce`: what was trained, and whether it comes out the same again."""

import json
from pathlib import Path

import pytest

from nnspec.cli.main import main
from nnspec.files import locked
from nnspec.runs import RESULT, WEIGHTS, Run

NET = """nnspec: 1
name: net
data: {source: rows.csv, split: {validation: 0.25, test: 0.25}}
inputs: {point: {columns: [a, b]}}
layers: [Linear: 4, {Dropout: 0.2}, Linear: 1]
outputs: {y: {loss: MSELoss}}
optimizer: Adam
train: {epochs: 3, batch_size: 4}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)
    Path("rows.csv").write_text("a,b,y\n" + "".join(f"{i % 3},{i % 5},{i % 7}\n" for i in range(20)))
    return tmp_path


def train(run: str, *flags: str) -> Run:
    assert main(["train", "net.yaml", "--run", f"runs/{run}", "--quiet", *flags]) == 0
    return Run(Path("runs") / run)


def at(run: Run, time: str) -> None:
    run.write_record({**run.record(), "started": time})


def listed(capsys) -> list[dict]:
    capsys.readouterr()
    assert main(["runs", "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_runs_are_listed_with_the_newest_first(folder, capsys):
    for number, name in enumerate(("old", "new", "between")):
        at(train(name), f"2026-11-24T0{(1, 3, 2)[number]}:00:00+00:00")
    found = listed(capsys)
    assert [(told["run"], told["state"], told["part"], told["epochs"]) for told in found] == [
        (f"runs/{name}", "finished", "test", 3) for name in ("new", "between", "old")
    ]
    assert found[0]["loss"] == Run(Path("runs/new")).result()["parts"]["test"]["loss"]


def test_a_row_of_the_list(folder, capsys):
    run = train("one")
    at(run, "2026-11-24T01:02:03+00:00")
    capsys.readouterr()
    assert main(["runs"]) == 0
    result = run.result()
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["run", "spec", "started", "epoch", "metrics", "state"]
    assert row == (
        f"runs/one  net   2026-11-24 01:02  {result['best_epoch']} of 3  "
        f"test loss {result['parts']['test']['loss']:.4g}  finished"
    )


def test_the_state_of_a_run(folder, capsys):
    run = train("one")
    with locked(run.path):
        assert listed(capsys)[0]["state"] == "running"
    run.write_result({**run.result(), "interrupted": True})
    assert listed(capsys)[0]["state"] == "interrupted"
    run.file(RESULT).unlink()
    assert listed(capsys)[0]["state"] == "interrupted"
    for kept in run.checkpoints():
        kept.unlink()
    assert listed(capsys)[0]["state"] == "failed"
    run.file("run.json").write_text("{")
    assert listed(capsys) == [
        {
            "run": "runs/one",
            "spec": None,
            "started": None,
            "state": "damaged",
            "best_epoch": None,
            "epochs": 0,
            "part": None,
            "loss": None,
            "metrics": {},
        }
    ]


def test_where_there_are_no_runs(folder, capsys):
    assert main(["runs"]) == 1
    assert capsys.readouterr().err == (
        "error[run-folder]: there is no folder runs\n  help  `nnspec train` makes runs, below `runs`\n"
    )
    Path("runs").mkdir()
    assert main(["runs"]) == 0
    assert capsys.readouterr().out == "no run below runs; `nnspec train` makes one\n"


@pytest.mark.parametrize("flags", [[], ["--time", "0.2s"], ["--steps", "7", "--compile", "step"], ["--seed", "5"]])
def test_a_run_comes_out_the_same_again(folder, capsys, flags):
    run = train("one", *flags)
    capsys.readouterr()
    assert main(["reproduce", "runs/one", "-o", "again"]) == 0
    *_, last = capsys.readouterr().out.splitlines()
    assert last == "equal to the last bit: weights, every epoch, every part; the run is in again"
    again = Run(Path("again"))
    assert again.file(WEIGHTS).read_bytes() == run.file(WEIGHTS).read_bytes()
    assert again.record()["reproduces"] == "runs/one"


def test_a_run_that_comes_out_otherwise_is_told_with_what_differs(folder, capsys):
    run = train("one")
    run.write_record({**run.record(), "seed": 9, "versions": {**run.record()["versions"], "numpy": "0.1"}})
    capsys.readouterr()
    assert main(["reproduce", "runs/one", "-o", "again"]) == 1
    told = capsys.readouterr().out.splitlines()[-7:]
    then, here = (Run(Path(path)) for path in ("runs/one", "again"))
    assert told[0].startswith("not equal: weights differ by ")
    assert told[1] == "  the first epoch that differs is 1"
    losses = [(part, *(one.result()["parts"][part]["loss"] for one in (then, here))) for part in then.result()["parts"]]
    assert told[2:5] == [f"  loss of {part}: {old:.6g} then, {new:.6g} here" for part, old, new in losses]
    numpy = here.record()["versions"]["numpy"]
    assert told[5:] == [f"  numpy 0.1 then, {numpy} here", "  nnspec report again shows it"]


def test_other_data_are_refused(folder, capsys):
    train("one")
    rows = Path("rows.csv").read_text().replace("2,2,2\n", "2,2,3\n")
    Path("rows.csv").write_text(rows)
    assert main(["reproduce", "runs/one", "-o", "again"]) == 1
    assert capsys.readouterr().err.splitlines()[0] == (
        "error[resume]: the data are not those that runs/one was trained on"
    )


def test_a_run_that_did_not_end_is_gone_on_with_first(folder, capsys):
    run = train("one")
    run.write_result({**run.result(), "interrupted": True})
    assert main(["reproduce", "runs/one"]) == 1
    assert capsys.readouterr().err == (
        "error[resume]: runs/one did not come to its end\n  help  `nnspec train --resume runs/one` goes on with it\n"
    )
