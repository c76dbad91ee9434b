"""Metrics of an output, against scikit-learn's."""

import math

import numpy as np
import pytest
from scipy import special, stats
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


def test_classes_by_every_metric():
    answers, targets = RANDOM.integers(0, 3, (2, 200))
    asked = {
        "{Precision: {average: macro}}": sk.precision_score(targets, answers, average="macro"),
        "{Recall: {average: macro}}": sk.recall_score(targets, answers, average="macro"),
        "{FBetaScore: {average: macro, beta: 2.0}}": sk.fbeta_score(targets, answers, beta=2, average="macro"),
        "JaccardIndex": sk.jaccard_score(targets, answers, average="macro"),
        "HammingDistance": sk.hamming_loss(targets, answers),
        "CohenKappa": sk.cohen_kappa_score(targets, answers),
        "MatthewsCorrCoef": sk.matthews_corrcoef(targets, answers),
        "{Specificity: {average: macro}}": np.mean(
            [sk.recall_score(targets != label, answers != label) for label in range(3)]
        ),
    }
    found = score(output("CrossEntropyLoss", f"[{', '.join(asked)}]", 3), ("a", "b", "c"), answers, targets)
    assert list(found.values()) == pytest.approx(list(asked.values()), rel=1e-5)


def test_quadratic_kappa():
    answers, targets = RANDOM.integers(0, 4, (2, 200))
    found = score(output("CrossEntropyLoss", "[{CohenKappa: quadratic}]", 4), (0, 1, 2, 3), answers, targets)
    assert found == {"CohenKappa": pytest.approx(sk.cohen_kappa_score(targets, answers, weights="quadratic"), rel=1e-5)}


def test_probabilities_of_classes():
    scores, targets = special.softmax(RANDOM.normal(size=(200, 3)), axis=1), RANDOM.integers(0, 3, 200)
    asked = {
        "AUROC": sk.roc_auc_score(targets, scores, multi_class="ovr"),
        "AveragePrecision": sk.average_precision_score(np.eye(3)[targets], scores),
        "{Accuracy: {top_k: 2}}": sk.top_k_accuracy_score(targets, scores, k=2),
        "Perplexity": np.exp(sk.log_loss(targets, scores)),
    }
    loss = output("CrossEntropyLoss", f"[{', '.join(asked)}, CalibrationError]", 3)
    found = score(loss, ("a", "b", "c"), scores.argmax(1), targets, scores)
    assert 0 < found.pop("CalibrationError") < 0.5
    assert list(found.values()) == pytest.approx(list(asked.values()), rel=1e-4)


def test_probabilities_of_each_place():
    scores, targets = special.softmax(RANDOM.normal(size=(5, 3, 2, 4)), axis=1), RANDOM.integers(0, 3, (5, 2, 4))
    asked = output("CrossEntropyLoss", "[AUROC, JaccardIndex]", 3)
    found = score(asked, (0, 1, 2), scores.argmax(1), targets, scores)
    flat = np.moveaxis(scores, 1, -1).reshape(-1, 3)
    assert found == {
        "AUROC": pytest.approx(sk.roc_auc_score(targets.ravel(), flat, multi_class="ovr"), rel=1e-4),
        "JaccardIndex": pytest.approx(sk.jaccard_score(targets.ravel(), flat.argmax(1), average="macro"), rel=1e-4),
    }


def test_probabilities_of_yes():
    scores, targets = RANDOM.random((200, 1)), RANDOM.integers(0, 2, (200, 1))
    asked = output("BCEWithLogitsLoss", "[AUROC, AveragePrecision, CalibrationError, MatthewsCorrCoef]")
    found = score(asked, (0, 1), scores > 0.5, targets, scores)
    assert 0 < found.pop("CalibrationError") < 0.5
    assert found == {
        "AUROC": pytest.approx(sk.roc_auc_score(targets, scores), rel=1e-5),
        "AveragePrecision": pytest.approx(sk.average_precision_score(targets, scores), rel=1e-4),
        "MatthewsCorrCoef": pytest.approx(sk.matthews_corrcoef(targets.ravel(), scores.ravel() > 0.5), rel=1e-4),
    }


def test_rows_of_one_class_alone_rank_nothing():
    found = score(output("BCEWithLogitsLoss", "[AUROC]"), (0, 1), np.ones(5), np.ones(5), np.linspace(0, 1, 5))
    assert math.isnan(found["AUROC"])


def test_more_likeliest_than_classes_are_always_right():
    scores = np.full((4, 2), 0.5)
    asked = output("CrossEntropyLoss", "[{Accuracy: {top_k: 5}}]", 2)
    assert score(asked, (0, 1), np.zeros(4), np.ones(4), scores) == {"Accuracy": 1.0}


@pytest.mark.parametrize("columns", [1, 3])
def test_values_by_every_metric(columns):
    answers, targets = RANDOM.random((2, 100, columns)) + 0.5
    difference = answers - targets
    pairs = list(zip(answers.T, targets.T, strict=True))
    asked = {
        "MeanSquaredLogError": sk.mean_squared_log_error(targets, answers),
        "MeanAbsolutePercentageError": sk.mean_absolute_percentage_error(targets, answers),
        "SymmetricMeanAbsolutePercentageError": np.mean(2 * abs(difference) / (abs(answers) + abs(targets))),
        "ExplainedVariance": sk.explained_variance_score(targets, answers),
        "PearsonCorrCoef": np.mean([stats.pearsonr(a, b)[0] for a, b in pairs]),
        "SpearmanCorrCoef": np.mean([stats.spearmanr(a, b)[0] for a, b in pairs]),
        "LogCoshError": np.mean(np.log(np.cosh(difference))),
        "CosineSimilarity": np.mean(
            (answers * targets).sum(1) / np.linalg.norm(answers, axis=1) / np.linalg.norm(targets, axis=1)
        ),
    }
    found = score(output("MSELoss", f"[{', '.join(asked)}]", columns), (), answers, targets)
    assert list(found) == list(asked)
    assert list(found.values()) == pytest.approx(list(asked.values()), rel=1e-3)
