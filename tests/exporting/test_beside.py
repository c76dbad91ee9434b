"""A model too large for one file: its weights stand beside it, and belong to it."""

import json
from pathlib import Path

import onnx
import pytest

from nnspec.cli.main import main
from nnspec.diagnostics import SpecError
from nnspec.exporting import beside, export_run, size_of, verify_model
from nnspec.runs import open_run
from nnspec.runtime import open_session, predict

SPEC = """\
nnspec: 1
data: {source: sklearn:digits, split: {validation: 0.2, test: 0.2}}
inputs: {image: {column: image, shape: [1, 8, 8], prepare: [{Scale: 16}]}}
layers: [Flatten, Linear: 64, ReLU, Linear: 10]
outputs: {digit: {column: target, loss: CrossEntropyLoss, metrics: [Accuracy]}}
optimizer: {Adam: {lr: 0.01}}
train: {epochs: EPOCHS, batch_size: 64}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    for epochs in (1, 2):
        (folder / "net.yaml").write_text(SPEC.replace("EPOCHS", str(epochs)))
        run = ["--run", str(folder / f"run{epochs}"), "--quiet"]
        assert main(["train", str(folder / "net.yaml"), *run]) == 0
    return folder


@pytest.fixture
def model(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(beside, "MOST_INSIDE", 1000)
    path = tmp_path / "net.onnx"
    export_run(open_run(trained / "run2"), path)
    return path


def weights_of(model: Path) -> Path:
    (found,) = model.parent.glob("net.*.data")
    return found


def test_large_weights_stand_beside_the_file_and_answer_the_same(model: Path, trained: Path):
    whole = trained / "run2" / "model.onnx"
    assert sorted(path.name for path in model.parent.iterdir()) == [weights_of(model).name, "net.onnx"]
    assert size_of(model) > whole.stat().st_size > model.stat().st_size
    rows = {"image": open_run(trained / "run2").examples()["image"]}
    answers = [predict(path, rows)["digit"].probabilities for path in (model, whole)]
    assert (answers[0] == answers[1]).all()
    assert verify_model(model, open_run(trained / "run2")).proven
    told = json.loads(open_session(model).metadata["nnspec.proof"])
    assert told["outputs"]["digit"]["metrics"]


def test_a_new_export_leaves_no_old_weights(model: Path, trained: Path):
    before = weights_of(model).name
    export_run(open_run(trained / "run1"), model)
    assert weights_of(model).name != before


def test_an_export_that_fails_leaves_what_was_there(model: Path, trained: Path, monkeypatch: pytest.MonkeyPatch):
    before = {path.name: path.read_bytes() for path in model.parent.iterdir()}
    text = json.loads((trained / "run1" / "spec.json").read_text())
    text["budget"] = {"onnx": "1kB"}
    copy = model.parent.parent / "copy"
    copy.mkdir(exist_ok=True)
    for path in (trained / "run1").iterdir():
        if path.is_file():
            (copy / path.name).write_bytes(path.read_bytes())
    (copy / "spec.json").write_text(json.dumps(text))
    with pytest.raises(SpecError) as caught:
        export_run(open_run(copy), model)
    assert caught.value.diagnostics[0].code == "budget"
    assert {path.name: path.read_bytes() for path in model.parent.iterdir()} == before


def refusal(model: Path) -> str:
    with pytest.raises(SpecError) as caught:
        open_session(model, name="net.onnx")
    return str(caught.value)


def test_weights_that_are_gone_are_told(model: Path):
    name = weights_of(model).name
    weights_of(model).unlink()
    assert refusal(model) == (
        f"error[model-file]: net.onnx cannot be used: the file with its weights, {name}, does not stand beside it"
    )


def test_weights_that_are_cut_short_are_told(model: Path):
    path = weights_of(model)
    path.write_bytes(path.read_bytes()[:-4])
    assert refusal(model) == (
        f"error[model-file]: net.onnx cannot be used: its weights do not stand in {path.name}, "
        "which is another model's or cut short"
    )


def test_weights_behind_a_link_are_told(model: Path, tmp_path: Path):
    path = weights_of(model)
    elsewhere = tmp_path.parent / f"{path.name}.elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    reason = f"the file with its weights, {path.name}, is a link or no plain file"
    wanted = f"error[model-file]: net.onnx cannot be used: {reason}"
    assert refusal(model) == wanted
    path.unlink()
    path.hardlink_to(elsewhere)
    assert refusal(model) == wanted


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..", "", "a\\b"])
def test_weights_in_another_folder_are_never_opened(name: str, model: Path):
    loaded = onnx.load(str(model), load_external_data=False)
    for tensor in loaded.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = name
    model.write_bytes(loaded.SerializeToString())
    assert refusal(model) == (
        "error[model-file]: net.onnx cannot be used: its weights are kept in another folder, which nnspec does not open"
    )


@pytest.mark.parametrize("offset", ["-1", "9" * 60, "x", "99999999"])
def test_places_beyond_the_file_are_told(offset: str, model: Path):
    loaded = onnx.load(str(model), load_external_data=False)
    for tensor in loaded.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "offset":
                entry.value = offset
    model.write_bytes(loaded.SerializeToString())
    assert "its weights do not stand in net." in refusal(model)


def test_bytes_alone_have_no_weights_beside_them(model: Path):
    with pytest.raises(SpecError) as caught:
        open_session(model.read_bytes())
    assert str(caught.value) == (
        "error[model-file]: the model cannot be used: "
        "its weights are kept in other files, which bytes alone do not have"
    )
