"""All numbers of an evaluation, in PyTorch or in onnxruntime."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from nnspec.codegen.load import evaluate as value_of
from nnspec.codegen.score import of_scores, score
from nnspec.data.targets import known
from nnspec.data.weights import place_weights
from nnspec.diagnostics import SpecError
from nnspec.evaluating.classes import classes_of
from nnspec.evaluating.evaluation import ClassResult, Evaluation, OutputResult, SliceResult
from nnspec.evaluating.rows import Rows, rows_of
from nnspec.evaluating.slices import slices_of
from nnspec.evaluating.subject import Said, Subject, open_subject
from nnspec.exporting.verify import of_yes
from nnspec.objectives import METRICS, Metric
from nnspec.prepare import FittedOutput
from nnspec.prepare.fitted import apply
from nnspec.pycode import name as code_name
from nnspec.spec.spec import Output
from nnspec.tables import Array

BATCH_ROWS = 512
RESAMPLES = 200
SEED = 20  # of the resamples, so that an interval can be had again
PERCENTILES = (2.5, 97.5)
USUAL: Mapping[str, tuple[str, ...]] = {  # metrics of an output that names none
    "classes": ("Accuracy",),
    "binary": ("Accuracy",),
    "values": ("MeanAbsoluteError", "R2Score"),
}


@dataclass(frozen=True, slots=True, eq=False)
class _Measurable:
    """An output with everything that is said of it and everything that is true."""

    output: Output
    fitted: FittedOutput
    answers: Array
    targets: Array
    scores: Array | None  # probabilities, where a metric reads them
    result: torch.Tensor | None
    weights: Array | None  # what each row counts in the loss

    def loss(self, rows: Array) -> float | None:
        """The loss over some rows at once; None where it cannot be known."""
        if self.result is None:
            return None
        assert self.output.loss
        target = np.ascontiguousarray(apply(self.fitted.steps, self.targets[rows]))
        given = {"output": self.result[torch.from_numpy(rows)], "target": torch.from_numpy(target)}
        names = code_name("output"), code_name("target")
        if self.weights is None and not self.fitted.class_weights and known(target).all():
            return float(value_of(self.output.loss.code(*names), given))
        row_weights = None if self.weights is None else self.weights[rows]
        weights = place_weights(self.output, self.fitted, target, row_weights)
        code = self.output.loss.weighted(*names, code_name("weights"))
        return float(value_of(code, {**given, "weights": torch.from_numpy(weights)})) if weights.any() else None

    def metrics(self, rows: Array) -> dict[str, float]:
        """Every metric over some rows."""
        scores = self.scores[rows] if self.scores is not None else None
        classes = self.fitted.classes or self.output.classes
        return score(self.output, classes, self.answers[rows], self.targets[rows], scores)

    def measured(self, rows: Array) -> OutputResult:
        return OutputResult(self.loss(rows), self.metrics(rows))


def evaluate(
    path: Path | str,
    data: str | None = None,
    *,
    by: str | None = None,
    device: str = "cpu",
    resamples: int = RESAMPLES,
) -> Evaluation:
    """Measure a run (in PyTorch) or an ONNX file (in onnxruntime) on a data file; a run on its kept test rows.

    `by` names a column whose values are measured each alone; `resamples` is how often the bootstrap draws the rows
    anew for its intervals (Efron 1979), 0 for none.
    """
    subject = open_subject(Path(path), device)
    rows = rows_of(subject, data)
    measurable = _measurable(subject, rows)
    if not measurable:
        message = f"{subject.name} alone does not tell what its outputs learnt: its inputs, as they are prepared"
        raise SpecError.of("model-file", message, help="evaluate the run folder that it was exported from")
    everything = np.arange(len(rows))
    found = {name: _whole(each, everything, resamples) for name, each in measurable.items()}
    slices = {}
    if by is not None:
        for value, picked in slices_of(rows.column(by)).items():
            slices[value] = SliceResult(len(picked), {name: x.measured(picked) for name, x in measurable.items()})
    return Evaluation(subject.name, subject.engine, rows.source, len(rows), found, by, slices)


def _measurable(subject: Subject, rows: Rows) -> dict[str, _Measurable]:
    """What is said of all rows, batch by batch, beside what is true of them."""
    batches: list[dict[str, Said]] = []
    for start in range(0, len(rows), BATCH_ROWS):
        batches.append(subject.say({name: array[start : start + BATCH_ROWS] for name, array in rows.raw.items()}))
    found = {}
    for name, targets in rows.targets.items():
        output = _with_metrics(subject.spec.outputs[name])
        found[name] = _joined(output, subject.outputs[name], [batch[name] for batch in batches], targets, rows.weights)
    return found


def _joined(
    output: Output, fitted: FittedOutput, said: Sequence[Said], targets: Array, weights: Array | None
) -> _Measurable:
    numbers, indices = (_concatenated(getattr(each.answered, part) for each in said) for part in ("numbers", "index"))
    answers = numbers if indices is None else indices
    assert answers is not None
    scores = of_yes(output, numbers, answers) if of_scores(output) and numbers is not None else None
    results = [each.result for each in said if each.result is not None]
    return _Measurable(output, fitted, answers, targets, scores, torch.cat(results) if results else None, weights)


def _concatenated(parts: Iterator[Array | None]) -> Array | None:
    found = [part for part in parts if part is not None]
    return np.concatenate(found) if found else None


def _with_metrics(output: Output) -> Output:
    """The output with its metrics, or the usual ones where it has none."""
    if output.metrics or not output.loss:
        return output
    kinds = [METRICS.get(name) for name in USUAL[output.loss.reads]]
    usual: tuple[Metric, ...] = tuple(kind() for kind in kinds if kind)
    return replace(output, metrics=usual)


def _whole(each: _Measurable, rows: Array, resamples: int) -> OutputResult:
    classes, confusion = _classes(each)
    return OutputResult(each.loss(rows), each.metrics(rows), _intervals(each, resamples), classes, confusion)


def _classes(each: _Measurable) -> tuple[dict[str, ClassResult], tuple[tuple[int, ...], ...]]:
    if not each.output.loss or each.output.loss.reads == "values":
        return {}, ()
    answers, targets = _there(each.answers, each.targets)
    return classes_of(answers, targets, each.fitted.classes or each.output.classes, each.fitted.labels)


def _there(answers: Array, targets: Array) -> tuple[Array, Array]:
    """Those places that have a target; whole rows where each has several yes or no."""
    there = known(targets)
    if there.all():
        return answers, targets
    if answers.ndim > 1 and targets.dtype.kind == "f":
        there = np.asarray(there.reshape(len(there), -1).all(axis=1))
    return answers.reshape(targets.shape)[there], targets[there]


def _intervals(each: _Measurable, resamples: int) -> dict[str, tuple[float, float]]:
    """For each metric the middle 95 % of what it is on rows drawn anew, with replacement."""
    random, rows = np.random.default_rng(SEED), len(each.targets)
    drawn = [each.metrics(random.integers(0, rows, rows)) for _ in range(resamples)] if rows > 1 else []
    if not drawn:
        return {}
    found = {metric: np.array([draw[metric] for draw in drawn]) for metric in drawn[0]}
    known = {metric: values[np.isfinite(values)] for metric, values in found.items()}
    return {metric: _middle(values) for metric, values in known.items() if len(values)}


def _middle(values: Array) -> tuple[float, float]:
    low, high = np.percentile(values, PERCENTILES)
    return float(low), float(high)
