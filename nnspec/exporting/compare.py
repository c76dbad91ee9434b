"""The answers of PyTorch and onnxruntime for the same rows: how far apart, and where first too far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnspec.exporting.proof import Failure, OutputProof, Tolerance

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Answered:
    """What one side says of some rows."""

    numbers: Array | None  # probabilities, or values in their own units
    index: Array | None  # of classes
    class_axis: int = 1  # of the probabilities


@dataclass(slots=True)
class Tally:
    """What has been seen of one output so far."""

    name: str
    classes: tuple[Any, ...]
    tolerance: Tolerance
    examples: int = 0
    max_abs: float | None = None
    max_rel: float | None = None
    other_classes: int | None = None
    ties: int = 0
    failure: Failure | None = None

    def add(self, case: str, start: int, torch_side: Answered, ort_side: Answered) -> None:
        """Compare one batch, whose first row is row `start` of the case."""
        rows = torch_side.numbers if torch_side.numbers is not None else torch_side.index
        assert rows is not None
        self.examples += len(rows)
        if torch_side.numbers is not None and ort_side.numbers is not None:
            self._add_numbers(case, start, torch_side.numbers, ort_side.numbers)
        if torch_side.index is not None and ort_side.index is not None:
            self._add_classes(case, start, torch_side, ort_side.index)

    def proof(self, metrics: Mapping[str, tuple[float, float]]) -> OutputProof:
        return OutputProof(
            self.name,
            self.examples,
            self.max_abs,
            self.max_rel,
            self.other_classes,
            self.ties,
            metrics,
            self.tolerance,
            self.failure,
        )

    def _add_numbers(self, case: str, start: int, wanted: Array, given: Array) -> None:
        if given.shape != wanted.shape:
            self._fail("gives another shape", case, start, (), wanted.shape, given.shape)
            return
        if not wanted.size:
            return
        wanted, given = wanted.astype(np.float64), given.astype(np.float64)
        # Not finite and alike counts as equal; not finite on one side alone is infinitely far apart.
        alike = (wanted == given) | (np.isnan(wanted) & np.isnan(given))
        with np.errstate(invalid="ignore"):
            difference = np.where(alike, 0.0, np.nan_to_num(np.abs(given - wanted), nan=np.inf))
        size = np.abs(wanted)
        large = np.isfinite(size) & (size > self.tolerance.atol)
        self.max_abs = max(self.max_abs or 0.0, float(difference.max()))
        relative = difference[large] / size[large]
        self.max_rel = max(self.max_rel or 0.0, float(relative.max()) if relative.size else 0.0)
        allowed = self.tolerance.atol + self.tolerance.rtol * np.where(np.isfinite(size), size, 0.0)
        outside = difference > allowed
        if outside.any():
            place = np.unravel_index(int(outside.argmax()), outside.shape)
            self._fail(
                "gives other numbers", case, start, place, float(wanted[place]), float(given[place]), self.tolerance
            )

    def _add_classes(self, case: str, start: int, torch_side: Answered, given: Array) -> None:
        assert torch_side.index is not None
        wanted = torch_side.index
        self.other_classes = self.other_classes or 0
        if given.shape != wanted.shape:
            self._fail("gives another shape", case, start, (), wanted.shape, given.shape)
            return
        other = wanted != given
        if not other.any():
            return
        tie = other & self._undecided(torch_side)
        self.other_classes += int(other.sum())
        self.ties += int(tie.sum())
        wrong = other & ~tie
        if wrong.any():
            place = np.unravel_index(int(wrong.argmax()), wrong.shape)
            self._fail("names another class", case, start, place, self._class(wanted[place]), self._class(given[place]))

    def _undecided(self, side: Answered) -> Array:
        """Where the two best probabilities are within the tolerance of one another."""
        assert side.index is not None
        if side.numbers is None:
            return np.zeros(side.index.shape, bool)
        if side.numbers.shape == side.index.shape:  # yes or no, each with the probability of yes
            best, second = np.maximum(side.numbers, 1 - side.numbers), np.minimum(side.numbers, 1 - side.numbers)
        else:
            second, best = np.moveaxis(np.sort(side.numbers, axis=side.class_axis), side.class_axis, 0)[-2:]
        return np.asarray(best - second <= self.tolerance.atol + self.tolerance.rtol * best)

    def _class(self, index: Any) -> Any:
        position = int(index)
        known = 0 <= position < len(self.classes)
        if known:
            return self.classes[position]
        return "no class of the network's" if self.classes else position

    def _fail(
        self,
        fault: str,
        case: str,
        start: int,
        place: Sequence[Any],
        wanted: Any,
        given: Any,
        tolerance: Tolerance | None = None,
    ) -> None:
        """Keep the first failure; `place` is an index into the batch."""
        if self.failure is None:
            row, *rest = [int(index) for index in place] or [0]
            self.failure = Failure(self.name, fault, case, start + row, tuple(rest), wanted, given, tolerance)
