"""The page of a run: whole, safe, small, and with what each kind of task needs."""

import json

import numpy as np
import pytest
from pages import Reader, read_page, trained

from nnspec.report import write_report
from nnspec.runs import METRICS, RESULT, Run, create

IRIS = """
nnspec: 1
name: iris
data: sklearn:iris
inputs: {flower: {column: data, shape: [4], prepare: [Standardize]}}
layers: [Linear: 8, Tanh, Linear: 3]
outputs: {species: {column: target, loss: CrossEntropyLoss, metrics: [Accuracy]}}
optimizer: {Adam: {lr: 3e-2}}
train: {epochs: 3, batch_size: 16}
"""

DIABETES = """
nnspec: 1
name: diabetes
data: sklearn:diabetes
inputs: {measurements: {column: data, shape: [10], prepare: [Standardize]}}
layers: [Linear: 1]
outputs: {progression: {column: target, loss: MSELoss, metrics: [R2Score], prepare: [Standardize]}}
optimizer: {SGD: {lr: 1e-2}}
train: {epochs: 2, batch_size: 64}
"""

CANCER = """
nnspec: 1
name: cancer
data: sklearn:breast_cancer
inputs: {measurements: {column: data, shape: [30], prepare: [Standardize]}}
layers: [Linear: 1]
outputs: {benign: {column: target, loss: BCEWithLogitsLoss, metrics: [Accuracy]}}
optimizer: {SGD: {lr: 1e-2}}
train: {epochs: 2, batch_size: 64}
"""

DIGITS = """
nnspec: 1
name: digits
data: sklearn:digits
inputs: {image: {column: image, shape: [1, 8, 8], prepare: [{Scale: 16}]}}
layers: [Flatten, Linear: 10]
outputs: {digit: {column: target, loss: CrossEntropyLoss}}
optimizer: {SGD: {lr: 1e-2}}
train: {epochs: 1, batch_size: 64}
"""

AUTOENCODER = """
nnspec: 1
name: squeeze
data: sklearn:digits
inputs: {image: {column: image, shape: [8, 8], prepare: [{Scale: 16}]}}
layers: [Flatten, Linear: 8, ReLU, Linear: 64, {Unflatten: {dim: 1, unflattened_size: [8, 8]}}]
outputs: {again: {column: image, loss: MSELoss, prepare: [{Scale: 16}]}}
optimizer: {SGD: {lr: 1e-2}}
train: {epochs: 1, batch_size: 64}
"""

COMMON = ["Results", "Learning curves"]
ENDS = ["Network", "Data", "Preparation", "Spec", "Environment", "Files"]


@pytest.mark.parametrize(
    ("spec", "output", "cards"),
    [
        (IRIS, "species", ["Confusion matrix", "Each class", "Calibration"]),
        (CANCER, "benign", ["Confusion matrix", "Each class", "Calibration"]),
        (DIABETES, "progression", ["Answers and truth", "Residuals"]),
        (DIGITS, "digit", ["Confusion matrix", "Each class", "Calibration"]),
        (AUTOENCODER, "again", ["Answers and truth", "Residuals"]),
    ],
    ids=["classes", "binary", "values", "images", "many values"],
)
def test_the_page_of_every_kind_of_task_is_whole_and_loads_nothing(tmp_path, spec, output, cards):
    run = trained(tmp_path, spec)
    text, page = read_page(run)
    health = ["Health"] if run.health() else []  # a training of few slow steps affords no look
    assert page.headings == [*COMMON, *health, f"Answers: {output}", f"Examples: {output}", *ENDS]
    assert [card for card in cards if f"<h3>{card}</h3>" in text] == cards
    assert [link for link in page.links if not link.startswith("data:image/png;base64,")] == [
        name for name in page.links if run.has(name)
    ]
    assert page.handlers == []
    assert page.scripts == 3
    assert len(set(page.ids)) == len(page.ids)
    assert len(text) < 400_000


def test_names_and_texts_of_a_spec_stay_text(tmp_path):
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    (tmp_path / "rows.csv").write_text(
        "\n".join([f'a,"{evil}"', *(f'{i}.5,"{evil if i % 2 else "fine"}"' for i in range(40))]) + "\n"
    )
    run = trained(
        tmp_path,
        f"""
nnspec: 1
name: evil
description: "{evil}"
data: rows.csv
inputs: {{x: {{column: a, shape: [1]}}}}
layers: [Linear: 2]
outputs: {{y: {{column: "{evil}", loss: CrossEntropyLoss}}}}
optimizer: {{SGD: {{lr: 1e-2}}}}
train: {{epochs: 1, batch_size: 8}}
""",
    )
    text, page = read_page(run)
    assert page.scripts == 3
    assert page.handlers == []
    assert "alert(1)" in "".join(page.text)
    assert "<script>alert" not in text
    assert "onerror=alert(2)>" not in text.replace("onerror=alert(2)&gt;", "")


def test_a_run_that_was_broken_off_before_its_first_epoch_has_a_page(tmp_path):
    whole = trained(tmp_path, IRIS)
    run = create(tmp_path, "iris", whole.spec(), folder=tmp_path / "begun")
    _, page = read_page(run)
    assert page.headings == ["Network", "Files"]


def test_a_page_stays_small_however_many_epochs_and_classes_there_are(tmp_path):
    run = trained(tmp_path, IRIS)
    line = run.metrics()[0]
    lines = [json.dumps({**line, "epoch": number}) + "\n" for number in range(1, 50_001)]
    run.file(METRICS).write_text("".join(lines))
    classes = [f"class {index}" for index in range(1000)]
    preparation = json.loads(run.file("preparation.json").read_text())
    preparation["outputs"]["species"]["classes"] = classes
    run.file("preparation.json").write_text(json.dumps(preparation))
    random = np.random.default_rng(0)
    answers = random.integers(0, 1000, 5000)
    run.write_predictions(
        {
            "test/species/answer": answers,
            "test/species/target": np.roll(answers, 1),
            "test/species/confidence": random.random(5000, np.float32),
            "test/species/truth": random.random(5000, np.float32),
        }
    )
    text, page = read_page(run)
    assert "Most confused" in text
    assert "The 50 of 1,000 classes with the lowest recall." in page.text
    assert len(text) < 700_000


def test_losses_that_are_no_number_leave_a_gap(tmp_path):
    run = trained(tmp_path, IRIS)
    run.add_metrics({"epoch": 4, "train_loss": float("nan"), "validation_loss": None, "lr": 0.03})
    text, _ = read_page(run)
    begin = text.index('id="charts">') + len('id="charts">')
    charts = json.loads(text[begin : text.index("</script>", begin)])
    assert [chart["x"] for chart in charts[:3]] == [[1, 2, 3, 4]] * 3
    assert charts[0]["curves"][0]["values"][3] is None


def test_the_health_of_layers_and_what_went_wrong_stand_in_the_page(tmp_path):
    run = trained(tmp_path, IRIS)
    for step in (7, 14):
        layers = [
            {"name": "linear_1", "kind": "Linear", "gradient": 1e-6 * step, "update_to_weight": 1e-3, "std": 0.5},
            {"name": "tanh_1", "kind": "Tanh", "gradient": None, "saturated": 0.25, "std": 0.9},
        ]
        run.add_health({"epoch": 1, "step": step, "loss": 1.0, "gradient": 0.1, "layers": layers})
    notes = [{"label": "why", "text": "Sigmoid"}]
    place = {"file": "net.yaml", "line": 6}
    run.add_finding({"epoch": 1, "message": "<b>vanishing</b>", **place, "notes": notes, "help": "use ReLU"})
    text, page = read_page(run)
    assert page.headings[:3] == ["Results", "Learning curves", "Health"]
    start = page.text.index("<b>vanishing</b>")
    assert page.text[start : start + 4] == ["<b>vanishing</b>", "net.yaml:6, after epoch 1", "why: Sigmoid", "use ReLU"]
    assert [
        title for title in ("Gradient norm by layer", "Update to weight by layer") if f"<h3>{title}</h3>" in text
    ] == [
        "Gradient norm by layer",
        "Update to weight by layer",
    ]
    assert '<td class="num">1.4e-05</td>' in text
    assert '<td class="num">25 %</td>' in text


def test_an_interrupted_run_says_so(tmp_path):
    run = trained(tmp_path, IRIS)
    run.write_result({**run.result(), "interrupted": True})
    _, page = read_page(run)
    assert "The training was interrupted: these are the best weights until then." in page.text
    assert run.has(RESULT)


def test_a_report_can_stand_elsewhere(tmp_path):
    run = trained(tmp_path, IRIS)
    path = write_report(Run(run.path), tmp_path / "elsewhere.html")
    assert path == tmp_path / "elsewhere.html"
    assert Reader(path.read_text(encoding="utf-8")).headings[0] == "Results"
