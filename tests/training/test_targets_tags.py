"""Rows with several labels at once, from one column of text or a column for each."""

import numpy as np
import pytest
import torch

from nnspec import verbs
from nnspec.diagnostics import SpecError
from nnspec.evaluating import evaluate
from nnspec.graph import load_network
from nnspec.runtime import predict
from nnspec.training import train_spec

torch.set_num_threads(1)

SPEC = """\
nnspec: 1
name: tags
data: {source: rows.csv, split: {validation: 0.2, test: 0.2}}
inputs: {x: {columns: [a, b]}}
layers: [{Linear: 3}]
outputs: {tag: {TARGET, loss: BCEWithLogitsLoss, metrics: [Accuracy]}}
optimizer: {Adam: {lr: 0.1}}
train: {epochs: 40, batch_size: 16, compile: off}
"""
NAMES = ("hot", "red", "wide")


def write_rows(folder, more=""):
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 2))
    true = np.stack([x[:, 0] > 0, x[:, 1] > 0, x.sum(axis=1) > 0], axis=1)
    lines = ["a,b,tags,hot,red,wide"]
    for point, row in zip(x, true, strict=True):
        said = " ; ".join(name for name, yes in zip(NAMES, row, strict=True) if yes)
        flags = ",".join("yes" if yes else "no" for yes in row)
        lines.append(f"{point[0]:.5f},{point[1]:.5f},{said},{flags}")
    (folder / "rows.csv").write_text("\n".join(lines) + "\n" + more)
    return true


def trained(folder, target):
    (folder / "tags.yaml").write_text(SPEC.replace("TARGET", target))
    network = load_network(folder / "tags.yaml")
    return train_spec(network.spec, network.graph, folder, run_dir=folder / "run", device="cpu")


@pytest.mark.parametrize("target", ['column: tags, separator: ";"', "columns: [hot, red, wide]"])
def test_each_label_is_answered_under_its_name(tmp_path, target):
    true = write_rows(tmp_path)
    run, result = trained(tmp_path, target)
    assert result.parts["test"].metrics["tag"]["Accuracy"] > 0.9
    assert run.preparation().outputs["tag"].labels == NAMES
    assert verbs.export(run).proven

    columns = predict(run.path / "model.onnx", tmp_path / "rows.csv").columns()
    assert list(columns) == [*(f"tag_{name}" for name in NAMES), *(f"tag_probability_{name}" for name in NAMES)]
    answers = np.stack([columns[f"tag_{name}"] for name in NAMES], axis=1)
    likely = np.stack([columns[f"tag_probability_{name}"] for name in NAMES], axis=1)
    assert (answers == true).mean() > 0.9
    assert ((likely > 0.5) == answers).all()

    for subject in (run.path, run.path / "model.onnx"):
        found = evaluate(subject, str(tmp_path / "rows.csv"), resamples=0).outputs["tag"]
        assert {name: each.support for name, each in found.classes.items()} == dict(
            zip(NAMES, true.sum(axis=0).tolist(), strict=True)
        )
        assert found.metrics["Accuracy"] == pytest.approx((answers == true).mean())


@pytest.mark.parametrize(
    ("target", "more", "message"),
    [
        (
            'column: tags, separator: ";", classes: [hot, red, blue]',
            "",
            "no training row has the label 'wide'; they have hot, red, blue\n"
            "  help  list all labels in the output's `classes`, or leave it out of the row",
        ),
        (
            'column: tags, separator: ";"',
            "".join(f"1,1,tag{i},yes,yes,yes\n" for i in range(9)),
            "tags.yaml:6:25: error[data-shape]: tag takes (3), the labels hot, red, ",
        ),
    ],
)
def test_labels_that_do_not_fit_are_refused(tmp_path, target, more, message):
    write_rows(tmp_path, more)
    with pytest.raises(SpecError) as error:
        trained(tmp_path, target)
    assert message in str(error.value)
