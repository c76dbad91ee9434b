"""What an evaluation found, as named numbers."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ClassResult:
    """One class: of the rows answered so the share that is right, of its rows the share that is found, both in one."""

    precision: float
    recall: float
    f1: float
    support: int  # its rows


@dataclass(frozen=True, slots=True)
class OutputResult:
    """One output: its loss and metrics over all rows, and its classes where it tells some apart."""

    loss: float | None  # None where the file gives nothing that the loss could be computed from
    metrics: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # of 95 %, by bootstrap
    classes: Mapping[str, ClassResult] = field(default_factory=dict)
    confusion: tuple[tuple[int, ...], ...] = ()  # rows by true class, columns by answer, in the order of `classes`


@dataclass(frozen=True, slots=True)
class SliceResult:
    """The rows with one value of a column: how many, and each output's loss and metrics."""

    rows: int
    outputs: Mapping[str, OutputResult]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well a network or a file does on rows."""

    name: str  # the run folder or the file
    engine: str  # PyTorch or onnxruntime
    data: str
    rows: int
    outputs: Mapping[str, OutputResult]
    by: str | None = None  # the column whose values the slices are
    slices: Mapping[str, SliceResult] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values; null for what is not a number."""
        found: dict[str, Any] = _finite(asdict(self))
        return found


def _finite(value: Any) -> Any:
    """JSON has no number for what is not finite."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
