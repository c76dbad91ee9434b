"""Metrics of an output, against scikit-learn's."""

import math

import numpy as np
import pytest
from sklearn import metrics as sk

from nnspec.codegen.score import score
from nnspec.graph import parse_network

RANDOM = np.random.default_rng(0)


def output(loss: str, metrics: str, features: int = 1):
    text = f"nnspec: 1\ninputs: {{x: [4]}}\nlayers: [Linear: {features}]\n"
    return parse_network(text + f"outputs: {{y: {{loss: {loss}, metrics: {metrics}}}}}\n").spec.outputs["y"]


def test_classes():
    answers, targets = RANDOM.integers(0, 3, (2, 200))
    asked = output("CrossEntropyLoss", "[Accuracy, {F1Score: {average: macro}}]", 3)
    assert score(asked, ("a", "b", "c"), answers, targets) == {
        "Accuracy": pytest.approx(sk.accuracy_score(targets, answers)),
        "F1Score": pytest.approx(sk.f1_score(targets, answers, average="macro")),
    }


def test_yes_or_no_may_come_as_numbers_or_truth_values():
    answers, targets = RANDOM.integers(0, 2, (2, 200))
    asked = output("BCEWithLogitsLoss", "[Accuracy, F1Score]")
    wanted = {
        "Accuracy": pytest.approx(sk.accuracy_score(targets, answers)),
        "F1Score": pytest.approx(sk.f1_score(targets, answers)),
    }
    assert score(asked, (0, 1), answers, targets) == wanted
    assert score(asked, (0, 1), answers.reshape(-1, 1) > 0, targets.astype(np.float32).reshape(-1, 1)) == wanted


@pytest.mark.parametrize("columns", [1, 3])
def test_values(columns):
    answers, targets = RANDOM.normal(size=(2, 100, columns))
    asked = output("MSELoss", "[MeanAbsoluteError, MeanSquaredError, R2Score]", columns)
    assert score(asked, (), answers, targets) == {
        "MeanAbsoluteError": pytest.approx(sk.mean_absolute_error(targets, answers), rel=1e-5),
        "MeanSquaredError": pytest.approx(sk.mean_squared_error(targets, answers), rel=1e-5),
        "R2Score": pytest.approx(sk.r2_score(targets, answers), rel=1e-4),
    }


def test_too_few_rows_give_no_number():
    asked = output("MSELoss", "[MeanAbsoluteError, R2Score]")
    one = score(asked, (), np.array([[1.0]]), np.array([[3.0]]))
    assert one["MeanAbsoluteError"] == 2
    assert math.isnan(one["R2Score"])
    assert score(asked, (), np.zeros((0, 1)), np.zeros((0, 1))) == {}
