"""What an input is stated to hold: training refuses anything else, prediction warns of it or refuses it."""

import json
from pathlib import Path

import pytest

from nnspec.cli.main import main
from nnspec.diagnostics import SpecError
from nnspec.runtime import open_session, predict

NET = """nnspec: 1
data: {source: rows.csv, split: {validation: 0.25, test: 0.25}}
inputs:
  temperature: {column: t, shape: [1], range: [-40, 60], unit: "°C", prepare: [Standardize]}
  city: {column: city, values: [Rome, Oslo], prepare: [{OneHot: 2}]}
layers:
  - Concat: {}
    from: [temperature, city]
  - Linear: 2
outputs: {y: {loss: CrossEntropyLoss}}
optimizer: SGD
train: {epochs: 1}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)
    cities = ("Rome", "Oslo", "")  # a gap is not judged
    Path("rows.csv").write_text("t,city,y\n" + "".join(f"{i},{cities[i % 3]},{i % 2}\n" for i in range(40)))
    Path("bad.csv").write_text("t,city,y\n20,Rome,1\n99,Paris,0\n")
    return tmp_path


def test_training_refuses_what_the_spec_does_not_state(folder, capsys):
    assert main(["train", "net.yaml", "--quiet", "--set", "data.source=bad.csv"]) == 1
    assert capsys.readouterr().err == (
        "bad.csv:3: error[data-value]: column 't': 99 is not in the range -40 to 60 °C, which the input temperature "
        "states\n"
        "  input  temperature, net.yaml:4\n"
        "bad.csv:3: error[data-value]: column 'city': 'Paris' is none of Rome, Oslo, which the input city states\n"
        "  input  city, net.yaml:5\n"
        "2 errors\n"
    )


def test_the_file_carries_it_and_prediction_warns_or_refuses(folder, capsys):
    assert main(["train", "net.yaml", "--run", "run", "--quiet"]) == 0
    described = json.loads(open_session("run/model.onnx").metadata["nnspec.inputs"])
    assert (described["temperature"]["range"], described["temperature"]["unit"]) == ([-40.0, 60.0], "°C")
    assert described["city"]["values"] == ["Rome", "Oslo"]
    capsys.readouterr()
    assert main(["predict", "run/model.onnx", "rows.csv", "--strict"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["predict", "run/model.onnx", "bad.csv"]) == 0
    told = (
        "bad.csv:3: {0}[data-value]: the input temperature, line 3: 99 is not in the range -40 to 60 °C: the model has "
        "learnt from no such value\n"
        "bad.csv:3: {0}[data-value]: the input city, line 3: 'Paris' is none of Rome, Oslo: the model has learnt from "
        "no such value\n"
    )
    out, err = capsys.readouterr()
    assert (len(out.splitlines()), err) == (3, told.format("warning"))
    assert main(["predict", "run/model.onnx", "bad.csv", "--strict"]) == 1
    assert capsys.readouterr().err == told.format("error") + "2 errors\n"


def test_in_python_they_are_warnings_of_the_predictions(folder):
    assert main(["train", "net.yaml", "--run", "run", "--quiet"]) == 0
    found = predict("run/model.onnx", "bad.csv")
    assert [warning.severity for warning in found.warnings] == ["warning", "warning"]
    with pytest.raises(SpecError):
        predict("run/model.onnx", "bad.csv", strict=True)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("inputs.temperature.range=[5, 1]", "input temperature: the range ends at 1, not above 5, where it begins"),
        ("inputs.city.range=[1, 2]", "input city: texts have no range"),
        ("inputs.city.values=[1]", "input city: the values are those of the column, which holds texts"),
        (
            "inputs.temperature.channels=rgb",
            "input temperature: rgb has 3 channels, and the shape says (1)",
        ),
    ],
)
def test_what_cannot_be_stated_is_told(override, message, folder, capsys):
    assert main(["check", "net.yaml", "--set", override]) == 1
    assert f"error[wrong-value]: {message}\n" in capsys.readouterr().err
