"""Weights of rows and classes, targets that are missing: in each form of a step, in evaluation, in what is kept."""

import json

import numpy as np
import pytest
import torch

from nnspec import verbs
from nnspec.diagnostics import SpecError
from nnspec.evaluating import evaluate
from nnspec.graph import load_network, parse_network
from nnspec.runtime import open_session
from nnspec.training import train_spec
from nnspec.training.batches import Examples
from nnspec.training.objective import compile_objective
from nnspec.training.progress import Silent

torch.set_num_threads(1)

CLASSES = """\
nnspec: 1
name: two
data: {source: rows.csv, split: {validation: 0.2, test: 0.2, stratify: true}MORE}
inputs: {x: {columns: [a, b]}}
layers: [{Linear: 3}]
outputs: {y: {loss: LOSS, metrics: [Accuracy]BALANCE}}
optimizer: {SGD: {lr: 0.1}}
train: {epochs: 2, batch_size: 16, compile: COMPILE}
"""


def write_rows(folder, gaps=()):
    """300 rows of three classes of very different sizes."""
    random = np.random.default_rng(0)
    label = np.repeat([0, 1, 2], [240, 45, 15])
    x = random.normal(size=(300, 2)) + label[:, None]
    lines = ["a,b,y,w"]
    for row, (point, kind) in enumerate(zip(x, label, strict=True)):
        lines.append(f"{point[0]:.6f},{point[1]:.6f},{'' if row in gaps else kind},{1 + row % 3}")
    (folder / "rows.csv").write_text("\n".join(lines) + "\n")


def trained(folder, *, loss="CrossEntropyLoss", balance="", more="", compile="off"):
    text = CLASSES.replace("LOSS", loss).replace("BALANCE", balance).replace("MORE", more).replace("COMPILE", compile)
    (folder / "two.yaml").write_text(text)
    network = load_network(folder / "two.yaml")
    return train_spec(network.spec, network.graph, folder, run_dir=folder / f"run{compile}", device="cpu")


def told(folder, **given):
    with pytest.raises(SpecError) as error:
        trained(folder, **given)
    return str(error.value).replace(f"{folder}/", "")


def kept(run):
    """The kept test rows, and what each class is said to be likely by the exported file."""
    verbs.export(run)
    rows = np.load(run.path / "examples.npz")
    return rows, open_session(run.path / "model.onnx").run({"x": rows["x"]})["y_probabilities"]


def test_balanced_weights_are_scikit_learns(tmp_path):
    from sklearn.utils.class_weight import compute_class_weight

    write_rows(tmp_path)
    run, _ = trained(tmp_path, balance=", balance: weights")
    found = run.preparation().outputs["y"].class_weights
    labels = np.repeat([0, 1, 2], [144, 27, 9])
    assert found == pytest.approx(compute_class_weight("balanced", classes=np.array([0, 1, 2]), y=labels))
    assert json.loads((run.path / "data.json").read_text())["outputs"]["y"]["class_weights"] == list(found)


@pytest.mark.parametrize("more", ["", ", weight: w", ", on_missing: skip"])
@pytest.mark.parametrize("balance", ["", ", balance: weights"])
def test_a_compiled_step_weights_as_the_plain_one(tmp_path, balance, more):
    write_rows(tmp_path, gaps=(3, 70, 280) if "skip" in more else ())
    plain, step = (trained(tmp_path, balance=balance, more=more, compile=form)[1] for form in ("off", "step"))
    assert step.parts["test"].loss == pytest.approx(plain.parts["test"].loss, rel=1e-6)
    assert json.loads((tmp_path / "runstep" / "run.json").read_text())["compile"]["form"] == "step"


def test_the_loss_of_a_part_is_its_weighted_mean(tmp_path):
    write_rows(tmp_path)
    run, result = trained(tmp_path, balance=", balance: weights", more=", weight: w")
    rows, likely = kept(run)
    weights = np.array(run.preparation().outputs["y"].class_weights)[rows["y"]] * rows["data.weight"]
    each = -np.log(likely[np.arange(len(weights)), rows["y"]])
    wanted = pytest.approx(float((weights * each).sum() / weights.sum()), rel=1e-4)
    assert result.parts["test"].loss == wanted
    assert evaluate(run.path, resamples=0).outputs["y"].loss == wanted
    assert evaluate(run.path / "model.onnx", str(tmp_path / "rows.csv"), resamples=0).outputs["y"].loss == (
        pytest.approx(evaluate(run.path, str(tmp_path / "rows.csv"), resamples=0).outputs["y"].loss, rel=1e-4)
    )


def test_rows_without_a_target_are_left_out_of_loss_and_metrics(tmp_path):
    gaps = range(0, 300, 7)
    write_rows(tmp_path, gaps=gaps)
    run, result = trained(tmp_path, more=", on_missing: skip")
    rows, likely = kept(run)
    there = rows["y"] >= 0
    assert 0 < there.sum() < len(there)
    right = likely.argmax(axis=1)[there] == rows["y"][there]
    assert result.parts["test"].metrics["y"]["Accuracy"] == pytest.approx(right.mean())
    loss = -np.log(likely[there, rows["y"][there]]).mean()
    assert result.parts["test"].loss == pytest.approx(loss, rel=1e-4)
    found = evaluate(run.path, resamples=0).outputs["y"]
    assert found.loss == pytest.approx(loss, rel=1e-4)
    assert found.metrics["Accuracy"] == pytest.approx(right.mean())
    assert sum(each.support for each in found.classes.values()) == there.sum()
    missing = json.loads((run.path / "data.json").read_text())["outputs"]["y"]["missing"]
    assert sum(missing.values()) == len(gaps)


def test_rows_without_the_only_target_are_refused(tmp_path):
    write_rows(tmp_path, gaps=(3, 70))
    assert told(tmp_path) == (
        "rows.csv:5: error[data-value]: column 'y': 2 of its 300 rows lack a value, the first is line 5\n"
        "  help  fill the gaps in, or leave those rows out: `data: {on_missing: skip}`"
    )


def test_labels_that_are_ignored_count_for_nothing(tmp_path):
    write_rows(tmp_path)
    text = (tmp_path / "rows.csv").read_text().splitlines()
    lines = [
        line if row % 5 or not row else ",".join([*line.split(",")[:2], "-1", "1"]) for row, line in enumerate(text)
    ]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    run, result = trained(tmp_path, loss="{CrossEntropyLoss: {ignore_index: -1}}")
    rows, likely = kept(run)
    there = rows["y"] >= 0
    assert 0 < there.sum() < len(there)
    assert result.parts["test"].loss == pytest.approx(-np.log(likely[there, rows["y"][there]]).mean(), rel=1e-4)


def test_a_batch_of_which_everything_is_ignored_gives_no_nan():
    spec = parse_network(
        "nnspec: 1\ninputs: {x: [2]}\nlayers: [{Linear: 3}]\nloss: {CrossEntropyLoss: {ignore_index: -1}}\n"
    ).spec
    scores = torch.randn(4, 3, requires_grad=True)
    targets = torch.full((4,), -100), torch.zeros(4)
    loss = compile_objective(spec, None, ("output",))(scores, targets)
    (gradient,) = torch.autograd.grad(loss, scores)
    assert (float(loss.detach()), float(gradient.abs().max())) == (0.0, 0.0)


def test_a_sampler_draws_each_class_equally_often(tmp_path):
    rows = torch.arange(300)
    label = (rows >= 240).long() + (rows >= 285).long()
    draw = 1.0 / torch.bincount(label)[label]
    examples = Examples((rows,), (label,), torch.device("cpu"), draw)
    order = torch.Generator().manual_seed(0)
    taken = torch.cat(
        [batch.targets[0] for _ in range(40) for chunk in examples.shuffled(50, order) for batch in chunk]
    )
    assert torch.bincount(taken) / len(taken) == pytest.approx(torch.full((3,), 1 / 3), abs=0.02)

    state = order.get_state()
    whole = [batch.inputs[0] for chunk in examples.shuffled(50, order) for batch in chunk]
    order.set_state(state)
    rest = [batch.inputs[0] for chunk in examples.shuffled(50, order, skip=2) for batch in chunk]
    assert [x.tolist() for x in whole[2:]] == [x.tolist() for x in rest]


def test_what_is_drawn_by_its_class_is_learnt_better_where_it_is_seldom(tmp_path):
    write_rows(tmp_path)
    recalls = []
    for balance in ("", ", balance: sampler"):
        run, _ = trained(tmp_path, balance=balance, compile="step" if balance else "off")
        recalls.append(evaluate(run.path, str(tmp_path / "rows.csv"), resamples=0).outputs["y"].classes["2"].recall)
    assert recalls[1] > recalls[0] + 0.3


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("-1", "rows.csv:3: error[data-value]: column 'w': -1 is below 0, and no row counts less than nothing\n"
               "  help  0 leaves a row out"),
        ("inf", "rows.csv:3: error[data-value]: column 'w': 'inf' is not a finite number"),
    ],
)  # fmt: skip
def test_weights_that_are_none_are_refused(tmp_path, weights, message):
    write_rows(tmp_path)
    text = (tmp_path / "rows.csv").read_text().splitlines()
    text[2] = text[2].rpartition(",")[0] + "," + weights
    (tmp_path / "rows.csv").write_text("\n".join(text) + "\n")
    assert told(tmp_path, more=", weight: w") == message


class Heard(Silent):
    def __init__(self):
        self.told = []

    def tell(self, text):
        self.told.append(text)


HEADS = """\
nnspec: 1
name: heads
data: {source: rows.csv, split: {validation: 0.2, test: 0.2}}
inputs: {x: {columns: [a, b]}}
layers:
  - {Linear: 4, name: trunk}
  - {Linear: 2, name: kind, from: trunk}
  - {Linear: 1, name: size, from: trunk}
outputs:
  k: {from: kind, loss: CrossEntropyLoss, metrics: [Accuracy]}
  v: {from: size, loss: MSELoss, metrics: [MeanAbsoluteError, R2Score], prepare: [Standardize]}
optimizer: {Adam: {lr: 0.05}}
train: {epochs: 15, batch_size: 16, compile: off}
"""


def test_of_two_outputs_the_one_whose_target_is_missing_learns_nothing_of_the_row(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 2))
    value, kind = 50 + 10 * x[:, 0], (x[:, 1] > 0).astype(int)
    lines = [
        f"{a:.5f},{b:.5f},{'' if i % 4 == 0 else k},{'NA' if i % 5 == 0 else f'{v:.4f}'}"
        for i, ((a, b), k, v) in enumerate(zip(x, kind, value, strict=True))
    ]
    (tmp_path / "rows.csv").write_text("a,b,k,v\n" + "\n".join(lines) + "\n")
    (tmp_path / "heads.yaml").write_text(HEADS)
    network = load_network(tmp_path / "heads.yaml")
    heard = Heard()
    run, result = train_spec(
        network.spec, network.graph, tmp_path, run_dir=tmp_path / "run", device="cpu", progress=heard
    )
    metrics = result.parts["test"].metrics
    assert metrics["k"]["Accuracy"] > 0.9
    assert metrics["v"]["MeanAbsoluteError"] < 2
    assert metrics["v"]["R2Score"] > 0.95
    told = [line for line in heard.told if "missing" in line]
    assert len(told) == 6
    assert told[0].startswith("k: ")
    assert told[0].endswith("of 120 train targets are missing, and left out")
    assert verbs.export(run).proven
    found = evaluate(run.path, resamples=0).outputs
    assert found["v"].metrics == pytest.approx(metrics["v"])
    assert found["k"].metrics == pytest.approx(metrics["k"])
