"""The charts of a training: losses, metrics, learning rate."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from nnspec.report.chart import Chart, Curve, Value
from nnspec.report.collect import Story

Line = dict[str, Any]


def charts(story: Story) -> Iterator[Chart]:
    """Loss first, then each metric, then the learning rate; by epoch, with the best one marked."""
    lines = [line for line in story.epochs if isinstance(line.get("epoch"), int)]
    if not lines:
        return
    best = story.best_epoch or None
    losses = [Curve("train", column(lines, "train_loss"), 0), Curve("validation", column(lines, "validation_loss"), 1)]
    yield _chart("Loss", lines, losses, best)
    for output, metric, name in metric_names(lines):
        yield _chart(name, lines, [Curve("validation", measured(lines, output, metric), 1)], best)
    rate = _chart("Learning rate", lines, [Curve("learning rate", column(lines, "lr"), 2)], None)
    yield replace(rate, linear=True)


def metric_names(lines: Sequence[Line]) -> list[tuple[str, str, str]]:
    """Output, metric and what to call it; the output stands in it where several have metrics."""
    found = dict.fromkeys(
        (output, metric)
        for line in lines
        for output, values in (line.get("metrics") or {}).items()
        for metric in values
    )
    several = len({output for output, _ in found}) > 1
    return [(output, metric, f"{output}.{metric}" if several else metric) for output, metric in found]


def column(lines: Sequence[Line], key: str) -> list[Value]:
    """A number of each epoch; None where there is none."""
    return [_number(line.get(key)) for line in lines]


def measured(lines: Sequence[Line], output: str, metric: str) -> list[Value]:
    """A metric of each epoch; None where it was not computed."""
    return [_number((line.get("metrics") or {}).get(output, {}).get(metric)) for line in lines]


def _chart(title: str, lines: Sequence[Line], curves: Sequence[Curve], best: int | None) -> Chart:
    known = [curve for curve in curves if any(value is not None for value in curve.values)]
    epochs = [float(line["epoch"]) for line in lines]
    return Chart(title, epochs, known, "epoch", best, f"best epoch {best}").thinned()


def _number(value: Any) -> Value:
    return float(value) if isinstance(value, int | float) else None
