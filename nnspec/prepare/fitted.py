"""Preparation as learnt: steps with their states, and how outputs read. Saved with the weights as JSON."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from nnspec.prepare.find import find
from nnspec.prepare.step import FitError, Rows, State, Step

Class = str | int | float | bool


@dataclass(frozen=True, slots=True)
class FittedStep:
    """A step and what it learnt."""

    step: Step
    state: State = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {type(self.step).__name__: self.step.model_dump(mode="json"), "state": dict(self.state)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "FittedStep":
        ((name, arguments),) = ((key, item) for key, item in value.items() if key != "state")
        step = find(name)
        assert step, f"the step {name} that prepared this model's data is not installed"
        return cls(step.model_validate_json(json.dumps(arguments)), value["state"])


@dataclass(frozen=True, slots=True)
class FittedOutput:
    """How an output reads: the class of each index, or the steps that its target went through.

    `class_weights` is what each class counts in the loss; empty where all count alike.
    """

    classes: tuple[Class, ...] = ()
    steps: tuple[FittedStep, ...] = ()
    class_weights: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()  # each number's own name, where a row may have several

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"classes": list(self.classes), "steps": [step.as_json() for step in self.steps]}
        more = {"class_weights": self.class_weights, "labels": self.labels}
        return {**found, **{key: list(value) for key, value in more.items() if value}}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "FittedOutput":
        weights = tuple(map(float, value.get("class_weights", ())))
        return cls(tuple(value["classes"]), _steps(value["steps"]), weights, tuple(map(str, value.get("labels", ()))))


@dataclass(frozen=True, slots=True)
class Preparation:
    """What was learnt from the training rows, for every input and output."""

    inputs: Mapping[str, tuple[FittedStep, ...]]
    outputs: Mapping[str, FittedOutput]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # that each input read, patterns written out

    def as_json(self) -> dict[str, Any]:
        return {
            "inputs": {name: [step.as_json() for step in steps] for name, steps in self.inputs.items()},
            "outputs": {name: output.as_json() for name, output in self.outputs.items()},
            "columns": {name: list(columns) for name, columns in self.columns.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Preparation":
        return cls(
            {name: _steps(steps) for name, steps in value["inputs"].items()},
            {name: FittedOutput.from_json(output) for name, output in value["outputs"].items()},
            {name: tuple(columns) for name, columns in value["columns"].items()},
        )


def fit(steps: Iterable[Step], rows: Rows) -> tuple[FittedStep, ...]:
    """Each step fitted on what the ones before it give."""
    fitted: list[FittedStep] = []
    given = 0  # steps that the rows went through: none that no other learns from
    for step in steps:
        if step.accumulator() is None:
            fitted.append(FittedStep(step))
            continue
        rows, given = apply(fitted[given:], rows), len(fitted)
        with _told(step):
            fitted.append(FittedStep(step, step.fit(rows)))
    return tuple(fitted)


def fit_chunks(steps: Iterable[Step], chunks: Callable[[], Iterable[Rows]]) -> tuple[FittedStep, ...]:
    """The same for rows that are not held at once: one pass over them for each step that learns."""
    fitted: list[FittedStep] = []
    for step in steps:
        accumulator = step.accumulator()
        if accumulator is None:
            fitted.append(FittedStep(step))
            continue
        with _told(step):
            for rows in chunks():
                accumulator.update(apply(fitted, rows))
            fitted.append(FittedStep(step, accumulator.state()))
    return tuple(fitted)


@contextmanager
def _told(step: Step) -> Iterator[None]:
    """A FitError says which step could not learn."""
    try:
        yield
    except FitError as error:
        error.step = type(step).__name__
        raise


def outside(steps: Iterable[FittedStep]) -> tuple[FittedStep, ...]:
    """The steps that are applied before the exported file sees a row."""
    return tuple(fitted for fitted in steps if fitted.step.outside)


def inside(steps: Iterable[FittedStep]) -> tuple[FittedStep, ...]:
    """The steps that the exported file holds."""
    return tuple(fitted for fitted in steps if not fitted.step.outside)


def apply(steps: Iterable[FittedStep], rows: Rows) -> Rows:
    """The rows through every step, in order."""
    for fitted in steps:
        rows = fitted.step.apply(rows, fitted.state)
    return rows


def invert(steps: Sequence[FittedStep], rows: Rows) -> Rows:
    """The rows back through every step, last first."""
    for fitted in reversed(steps):
        rows = fitted.step.invert(rows, fitted.state)
    return rows


def _steps(values: Iterable[Mapping[str, Any]]) -> tuple[FittedStep, ...]:
    return tuple(FittedStep.from_json(value) for value in values)
