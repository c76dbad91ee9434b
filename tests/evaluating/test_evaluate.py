"""An evaluation's numbers against scikit-learn's, and PyTorch's against onnxruntime's."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from nnspec.cli.main import main
from nnspec.codegen.load import evaluate as value_of
from nnspec.diagnostics import SpecError
from nnspec.evaluating import evaluate
from nnspec.evaluating.classes import classes_of
from nnspec.evaluating.slices import slices_of
from nnspec.objectives import LOSSES
from nnspec.pycode import name

BOTH = """nnspec: 1
name: pets
data: {source: pets.csv, split: {validation: 0, test: 0.5}}
inputs: {sizes: {columns: [weight, height], prepare: [Standardize]}}
layers: [{Linear: 8}, {Tanh: {}, name: seen}, {Linear: 3, name: kinds}, {Linear: 1, from: seen, name: years},
  {Linear: 1, from: seen, name: asleep}]
outputs:
  kind: {from: kinds, loss: CrossEntropyLoss, metrics: [Accuracy, AUROC]}
  age: {from: years, loss: PoissonNLLLoss}
  tired: {from: asleep, loss: BCEWithLogitsLoss, metrics: [F1Score]}
optimizer: {Adam: {lr: 1e-2}}
train: {epochs: 2, batch_size: 16}
"""


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    """A folder with a trained run, its file, and its data."""
    folder = tmp_path_factory.mktemp("pets")
    random = np.random.default_rng(0)
    rows = [
        f"{random.normal(5, 2):.3f},{random.normal(30, 9):.2f},{('cat', 'dog', 'owl')[i % 3]},{random.poisson(4)},"
        f"{'yes' if random.random() < 0.4 else 'no'},{('Rome', 'Oslo')[i % 5 > 2]}"
        for i in range(120)
    ]
    (folder / "pets.csv").write_text("weight,height,kind,age,tired,city\n" + "\n".join(rows) + "\n")
    (folder / "net.yaml").write_text(BOTH)
    assert main(["train", str(folder / "net.yaml"), "--run", str(folder / "run"), "--quiet"]) == 0
    return folder


def test_a_run_and_its_file_measure_the_same(pets):
    by_torch = evaluate(pets / "run", str(pets / "pets.csv"), by="city", resamples=20).as_json()
    by_file = evaluate(pets / "run/model.onnx", str(pets / "pets.csv"), by="city", resamples=20).as_json()
    assert (by_torch["engine"], by_file["engine"]) == ("PyTorch", "onnxruntime")
    assert by_torch["slices"].keys() == {"Rome", "Oslo"}
    assert list(by_torch["outputs"]["age"]["metrics"]) == ["MeanAbsoluteError", "R2Score"]
    same = {"name", "engine"}
    assert _rounded({**by_torch, **dict.fromkeys(same)}) == _rounded({**by_file, **dict.fromkeys(same)})


def _rounded(value):
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return pytest.approx(value, abs=1e-5) if isinstance(value, float) else value


def test_kept_rows_measure_what_the_training_said(pets):
    found = evaluate(pets / "run", resamples=0)
    said = json.loads((pets / "run/result.json").read_text())["parts"]["test"]
    assert found.rows == said["examples"] == 60
    assert sum(output.loss for output in found.outputs.values()) == pytest.approx(said["loss"], abs=1e-5)
    assert found.outputs["kind"].metrics == pytest.approx(said["metrics"]["kind"])
    assert found.outputs["tired"].metrics == pytest.approx(said["metrics"]["tired"])
    assert found.outputs["age"].classes == {}


def test_kept_rows_are_sliced_by_their_classes_and_their_columns(pets):
    assert evaluate(pets / "run", by="kind", resamples=0).slices.keys() == {"cat", "dog", "owl"}
    assert [each.rows for each in evaluate(pets / "run", by="weight", resamples=0).slices.values()] == [15] * 4


def test_classes_are_scikit_learns():
    random = np.random.default_rng(3)
    answers, targets = random.integers(0, 3, 50), random.integers(0, 4, 50)
    found, confusion = classes_of(answers, targets, ("a", "b", "c", "d"))
    theirs = precision_recall_fscore_support(targets, answers, labels=range(4), zero_division=0)
    ours = zip(*((x.precision, x.recall, x.f1, x.support) for x in found.values()), strict=True)
    for mine, wanted in zip(ours, theirs, strict=True):
        assert mine == pytest.approx(tuple(wanted))
    assert confusion == tuple(map(tuple, confusion_matrix(targets, answers, labels=range(4)).tolist()))


def test_several_yes_or_no_are_measured_each_alone():
    found, confusion = classes_of(np.array([[1, 0], [1, 1]]), np.array([[1, 0], [0, 1]]), (0, 1))
    assert [(x.precision, x.recall, x.support) for x in found.values()] == [(0.5, 1.0, 1), (1.0, 1.0, 1)]
    assert confusion == ()


def test_slices_are_values_quarters_and_what_is_missing():
    assert {key: rows.tolist() for key, rows in slices_of(np.array(["b", "a", "NA", "b"])).items()} == {
        "b": [0, 3],
        "a": [1],
        "(missing)": [2],
    }
    assert {key: rows.tolist() for key, rows in slices_of(np.array([10, 9, 10])).items()} == {"9": [1], "10": [0, 2]}
    assert {key: len(rows) for key, rows in slices_of(np.arange(100.0)).items()} == {
        "0 to below 24.75": 25,
        "24.75 to below 49.5": 25,
        "49.5 to below 74.25": 25,
        "74.25 to 99": 25,
    }
    many = slices_of(np.array([f"id{i}" for i in range(60)]))
    assert len(many) == 51
    assert len(many["(others)"]) == 10


def test_it_reads_as_tables(pets, capsys):
    assert main(["evaluate", str(pets / "run"), "--by", "kind", "--bootstrap", "0"]) == 0
    text = capsys.readouterr().out
    head, numbers, classes, confusion, *_ = text.split("\n\n")
    assert head == f"{pets / 'run'} in PyTorch, on 60 rows of {pets / 'run/examples.npz'}"
    assert [line.split()[0] for line in numbers.splitlines()] == ["kind", "loss", "Accuracy", "AUROC"]
    assert classes.splitlines()[0] == "class  precision  recall      F1  support"
    assert confusion.splitlines()[0] == "true \\ answered  cat  dog  owl"
    assert (
        text.split("\n\n")[-1].splitlines()[0].split()
        == (
            "by kind rows kind.loss kind.Accuracy kind.AUROC age.loss age.MeanAbsoluteError age.R2Score "
            "tired.loss tired.F1Score"
        ).split()
    )


def test_an_interval_holds_the_value_and_comes_again(pets):
    first, second = (evaluate(pets / "run", resamples=50).outputs["kind"] for _ in range(2))
    low, high = first.intervals["Accuracy"]
    assert low < first.metrics["Accuracy"] < high
    assert first.intervals == second.intervals


@pytest.mark.parametrize(("loss", "shapes"), [(loss, key) for loss in LOSSES for key in LOSSES[loss].examples])
def test_a_loss_is_the_same_from_its_answer(loss, shapes):
    import torch

    described = LOSSES[loss](**LOSSES[loss].examples[shapes])
    if not described.compares or not (described.reads == "values" or described.probabilistic):
        return
    torch.manual_seed(0)
    sizes = [int(size) if size.isdecimal() else 5 for size in shapes.split()]
    output, target = torch.randn(sizes), torch.rand(sizes)
    if described.reads == "classes":
        axis = described.class_axis % len(sizes)
        target = torch.randint(0, sizes[axis], [*sizes[:axis], *sizes[axis + 1 :]])
        output = output.log_softmax(axis)
    if described.reads == "binary" or loss in ("KLDivLoss", "PoissonNLLLoss"):
        target = target.round()
        output = output.sigmoid() * 0.9 + 0.05
    answer = value_of(described.answer(name("output")), {"output": output})
    again = value_of(described.from_answer(name("answer")), {"answer": answer})
    code = described.code(name("output"), name("target"))
    first, second = (value_of(code, {"output": x, "target": target}) for x in (output, again))
    torch.testing.assert_close(second, first, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["run/model.onnx"],
            "error[data-file]: run/model.onnx needs rows to be evaluated on: a file keeps no rows\n"
            "  help  name some, as in --data rows.csv\n",
        ),
        (
            ["run", "--by", "kinds"],
            "command line:1:6: error[unknown-column]: run/examples.npz has no column 'kinds'\n"
            "    1 | --by kinds\n      |      ^^^^^\n  help  did you mean 'kind'?\n",
        ),
        (
            ["run", "--data", "other.csv"],
            "error[unknown-column]: other.csv has no columns 'weight', 'height', 'kind', 'age', 'tired'\n"
            "  columns  a, b\n"
            "  help     run reads its inputs and its targets from them\n",
        ),
        (
            ["runn"],
            "error[run-folder]: there is no run folder runn\n  help  `nnspec train` makes one and says its name\n",
        ),
    ],
)
def test_what_cannot_be_measured_is_told(arguments, message, pets, monkeypatch, capsys):
    monkeypatch.chdir(pets)
    Path("other.csv").write_text("a,b\n1,2\n")
    assert main(["evaluate", *arguments]) == 1
    assert capsys.readouterr().err == message


def test_a_file_from_elsewhere_is_refused(pets, monkeypatch, tmp_path):
    import onnx

    model = onnx.load(pets / "run/model.onnx")
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "bare.onnx")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError) as caught:
        evaluate("bare.onnx", str(pets / "pets.csv"))
    assert str(caught.value) == (
        "error[model-file]: bare.onnx says nothing of its losses and metrics: nnspec did not write it\n"
        "  help  nnspec evaluates what it exported, or a run folder"
    )
