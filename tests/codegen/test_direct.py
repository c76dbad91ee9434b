"""The metrics that are computed here, against torchmetrics' own."""

import subprocess
import sys

import numpy as np
import pytest
import torch
import torchmetrics

from nnspec.codegen.direct import direct
from nnspec.codegen.load import evaluate
from nnspec.objectives import METRICS

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("columns", [(), (1,), (3,)])
@pytest.mark.parametrize(
    ("name", "fields"),
    [("MeanSquaredError", {}), ("MeanSquaredError", {"squared": False}), ("MeanAbsoluteError", {}), ("R2Score", {})],
)
def test_values_are_measured_as_torchmetrics_does(name, fields, columns):
    metric = METRICS[name](**fields)
    given, wanted = (torch.from_numpy(x.astype("float32")) for x in RANDOM.normal(3, 2, (2, 500, *columns)))
    theirs = evaluate(metric.code("values", 1), {"torchmetrics": torchmetrics})(given, wanted)
    assert direct(metric)(given, wanted) == pytest.approx(float(theirs.mean()), rel=1e-5)


@pytest.mark.parametrize("classes", [2, 5])
def test_accuracy_is_torchmetrics(classes):
    given, wanted = torch.from_numpy(RANDOM.integers(0, classes, (2, 500)))
    metric = METRICS["Accuracy"]()
    theirs = evaluate(metric.code("binary" if classes == 2 else "classes", classes), {"torchmetrics": torchmetrics})
    assert direct(metric)(given, wanted) == pytest.approx(float(theirs(given, wanted)))


@pytest.mark.parametrize(("exact", "wanted"), [(True, 1.0), (False, 0.0)])
def test_r2_of_a_constant_target_is_one_where_it_is_met_and_zero_where_not(exact, wanted):
    target = torch.full((8,), 2.0)
    assert direct(METRICS["R2Score"]())(target if exact else target + 1, target) == wanted


def test_what_only_torchmetrics_knows_is_left_to_it():
    assert direct(METRICS["Accuracy"](average="macro")) is None
    assert direct(METRICS["AUROC"]()) is None


def test_the_commonest_metrics_do_not_import_torchmetrics():
    program = """
import sys
import numpy as np
from nnspec.codegen.score import score
from nnspec.graph import parse_network
outputs = "outputs: {y: {loss: CrossEntropyLoss, metrics: [Accuracy]}}"
text = "{nnspec: 1, inputs: {x: [4]}, layers: [Linear: 3], %s}" % outputs
print(score(parse_network(text).spec.outputs["y"], "abc", np.array([0, 1, 2, 2]), np.array([0, 1, 2, 1])))
sys.exit("torchmetrics" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "{'Accuracy': 0.75}\n")
