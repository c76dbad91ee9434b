"""A series as examples: what a window sees, what it learns, and that a part is never tested on what it learnt."""

import csv
from pathlib import Path

import numpy as np
import pytest

from nnspec.cli.main import main
from nnspec.data import load_examples
from nnspec.data.examples import Examples
from nnspec.diagnostics import SpecError
from nnspec.graph import load_network

SPEC = """\
nnspec: 1
data: {source: rows.csv, window: {WINDOW}, split: {SPLIT}}
inputs: {past: INPUT}
layers: [Flatten, Linear: OUT]
outputs: {next: {column: a, loss: MSELoss}}
optimizer: {Adam: {lr: 0.01}}
train: {epochs: 2}
"""
SPLIT = "validation: 0.25, test: 0.25"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write([(time, 10 * time, "x") for time in range(20)])
    return tmp_path


def write(rows: list[tuple[object, ...]]) -> None:
    with Path("rows.csv").open("w", newline="") as file:
        written = csv.writer(file)
        written.writerow(["a", "b", "shop"])
        written.writerows(rows)


def spec(window: str, split: str = SPLIT, given: str = "{column: a, shape: [3]}", out: int = 1) -> None:
    text = SPEC.replace("WINDOW", window).replace("SPLIT", split).replace("INPUT", given).replace("OUT", str(out))
    Path("net.yaml").write_text(text)


def examples() -> Examples:
    network = load_network("net.yaml")
    return load_examples(network.spec, Path(), network.graph.output_tensors)


def test_an_example_sees_so_many_rows_and_learns_the_next():
    spec("length: 3")
    found = examples()
    assert found.train.raw["past"][:2].tolist() == [[0, 1, 2], [1, 2, 3]]
    assert found.train.targets["next"][:2].tolist() == [[3], [4]]
    assert [len(part) for part in (found.train, found.validation, found.test)] == [9, 4, 4]
    assert found.test.raw["past"][-1].tolist() == [16, 17, 18]
    assert found.test.targets["next"][-1].tolist() == [19]


def test_a_horizon_is_learnt_whole_and_in_one_part_only():
    spec("length: 3, horizon: 3", out=3)
    found = examples()
    assert found.train.targets["next"][0].tolist() == [3, 4, 5]
    learnt = [set(part.targets["next"].ravel().tolist()) for part in (found.train, found.validation, found.test)]
    assert all(not one & other for one, other in ((learnt[0], learnt[1]), (learnt[1], learnt[2])))


def test_a_stride_leaves_rows_between():
    spec("length: 3, stride: 4")
    assert examples().train.raw["past"][:, 0].tolist() == [0, 4, 8]


def test_columns_stand_side_by_side():
    spec("length: 3", given="{columns: [a, b], shape: [3, 2]}")
    assert examples().train.raw["past"][0].tolist() == [[0, 0], [1, 10], [2, 20]]


def test_no_example_reaches_from_one_series_into_another():
    write([(100 * number + time, 0, shop) for time in range(12) for number, shop in enumerate("xy")])
    spec("length: 3, by: shop")
    found = examples()
    rows = np.concatenate([part.raw["past"] for part in (found.train, found.validation, found.test)])
    assert len(rows) == 2 * 9
    assert {tuple(np.diff(row).tolist()) for row in rows} == {(1.0, 1.0)}
    assert {int(row[0]) // 100 for row in found.test.raw["past"]} == {0, 1}


def test_windows_can_be_divided_by_a_column():
    write([(time, 0, f"2024-01-{time + 1:02}") for time in range(20)])
    spec("length: 3", split=f"{SPLIT}, time: shop")
    assert examples().test.targets["next"].tolist() == [[16], [17], [18], [19]]


@pytest.mark.parametrize(
    ("window", "split", "says"),
    [
        (
            "length: 30",
            SPLIT,
            "net.yaml:2:34: error[data-shape]: rows.csv has 20 rows, and an example takes 31: 30 to look at "
            "and 1 to learn from",
        ),
        (
            "length: 3",
            f"{SPLIT}, stratify: true",
            "net.yaml:2:54: error[split]: windows are divided as they stand, the earliest for training: stratify "
            "has no say",
        ),
        (
            "length: 18",
            SPLIT,
            "net.yaml:2:55: error[split]: the series has 2 rows, so a share of 0.25 leaves none for test",
        ),
    ],
)
def test_a_series_that_cannot_be_cut_is_told(window, split, says):
    spec(window, split, given="{column: a, shape: [T]}")
    Path("net.yaml").write_text(Path("net.yaml").read_text().replace("Flatten, ", "Mean: {dim: 1, keepdim: true}, "))
    with pytest.raises(SpecError) as caught:
        examples()
    assert str(caught.value).splitlines()[0] == says


def test_a_gap_in_the_series_is_told():
    write([("" if time == 7 else time, 0, "x") for time in range(20)])
    spec("length: 3")
    with pytest.raises(SpecError) as caught:
        examples()
    assert "lack" in str(caught.value)


def test_training_prediction_and_evaluation_see_the_same_windows(capsys):
    spec("length: 3", given="{columns: [a, b], shape: [3, 2]}")
    assert main(["train", "net.yaml", "--run", "run", "--quiet"]) == 0
    assert main(["predict", "run/model.onnx", "rows.csv", "-o", "out.csv"]) == 0
    lines = Path("out.csv").read_text().splitlines()
    assert len(lines) == 1 + 18  # the last one is of what comes after the last row
    capsys.readouterr()
    for subject in ("run", "run/model.onnx"):
        assert main(["evaluate", subject, "--data", "rows.csv"]) == 0
    one, other = capsys.readouterr().out.split("run/model.onnx")
    assert one.splitlines()[1:] == other.splitlines()[1:]


def test_too_few_rows_to_predict_from_are_told(capsys):
    spec("length: 3", given="{columns: [a, b], shape: [3, 2]}")
    assert main(["train", "net.yaml", "--run", "run", "--quiet"]) == 0
    write([(1, 2, "x"), (2, 3, "x")])
    assert main(["predict", "run/model.onnx", "rows.csv"]) == 1
    assert capsys.readouterr().err == (
        "error[data-shape]: rows.csv has 2 rows, and the model looks at 3 in a row\n"
        "  help  give the rows before them too\n"
    )
