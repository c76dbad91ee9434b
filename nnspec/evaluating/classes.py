"""Each class by itself: what is found of it, and what is taken for it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnspec.evaluating.evaluation import ClassResult
from nnspec.tables import Array

Confusion = tuple[tuple[int, ...], ...]


def classes_of(
    answers: Array, targets: Array, names: Sequence[Any], labels: Sequence[str] = ()
) -> tuple[dict[str, ClassResult], Confusion]:
    """Precision, recall, F1 and rows of each class, and the confusion of classes; both are indices.

    Where each row has several yes or no, each is measured alone, as a class of its own, and nothing is confused.
    """
    answers, targets = answers.astype(np.int64), targets.astype(np.int64)
    if answers.ndim > 1 and len(names) == 2 and answers.size > len(answers):
        return _labels(answers.reshape(len(answers), -1), targets.reshape(len(targets), -1), labels), ()
    count = len(names) or int(max(answers.max(), targets.max())) + 1
    pairs = targets.reshape(-1) * count + answers.reshape(-1)
    confusion = np.bincount(pairs, minlength=count * count).reshape(count, count)
    found = {str(name): _result(confusion, index) for index, name in enumerate(names or range(count))}
    return found, tuple(tuple(row) for row in confusion.tolist())


def _result(confusion: Array, index: int) -> ClassResult:
    return _rated(*(int(x) for x in (confusion[index, index], confusion[:, index].sum(), confusion[index].sum())))


def _labels(answers: Array, targets: Array, labels: Sequence[str]) -> dict[str, ClassResult]:
    both, said, true = (answers & targets).sum(axis=0), answers.sum(axis=0), targets.sum(axis=0)
    names = labels or [str(index) for index in range(len(both))]
    return {names[i]: _rated(int(both[i]), int(said[i]), int(true[i])) for i in range(len(both))}


def _rated(right: int, said: int, true: int) -> ClassResult:
    """As scikit-learn has it: 0 where nothing is there to divide by."""
    precision, recall = right / said if said else 0.0, right / true if true else 0.0
    return ClassResult(precision, recall, 2 * right / (said + true) if said + true else 0.0, true)
