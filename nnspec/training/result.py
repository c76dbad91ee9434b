"""What a training came to."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from nnspec.diagnostics import Diagnostic

Metrics = Mapping[str, Mapping[str, float]]  # by output, then by metric


@dataclass(frozen=True, slots=True)
class PartResult:
    """A part's examples, its mean loss, and the metrics of each output that has some."""

    examples: int
    loss: float
    metrics: Metrics = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """How the best weights do on each part that has rows, and how long it took to find them."""

    parts: Mapping[str, PartResult]  # train, validation, test
    best_epoch: int  # 0 where no epoch came to its end; then there are no weights and no parts
    epochs: int  # that came to their end
    steps: int
    seconds: float  # of the training, without reading data and without the final evaluation
    examples_per_second: float
    interrupted: bool  # whether Ctrl-C or SIGTERM ended it
    findings: tuple[Diagnostic, ...] = ()  # what went wrong and was not told before; they have a file of their own

    def as_json(self) -> dict[str, Any]:
        values = asdict(replace(self, findings=()))
        del values["findings"]
        return values


def metric_texts(metrics: Metrics) -> list[str]:
    """`Accuracy 0.9815`; with its output's name where several have metrics."""
    several = len(metrics) > 1
    return [
        f"{f'{output}.' if several else ''}{metric} {value:.4g}"
        for output, found in metrics.items()
        for metric, value in found.items()
    ]
