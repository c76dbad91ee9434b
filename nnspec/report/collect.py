"""All that a run's files tell, read once. What an older or a broken off run lacks is None or empty."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nnspec.graph import Network
from nnspec.graph.network import parse_network
from nnspec.runs import DATA, PREDICTIONS, PREPARATION, PROOF, RECORD, RESULT, SPEC, SPEC_TEXT, Run

Array = np.ndarray[Any, np.dtype[Any]]

MAX_LAYERS = 100_000
PARTS = ("train", "validation", "test")
HELD_OUT = ("test", "validation")


@dataclass(frozen=True, slots=True)
class Answered:
    """What one output said of rows that were not learnt from."""

    name: str
    part: str
    classes: tuple[str, ...]  # none: values, or yes and no
    answer: Array
    target: Array
    confidence: Array | None  # the probability of the answer
    truth: Array | None  # the probability of the target

    @property
    def is_classes(self) -> bool:
        return self.confidence is not None

    @property
    def names(self) -> tuple[str, ...]:
        """What stands for each class index."""
        return self.classes or ("no", "yes")


@dataclass(frozen=True, slots=True)
class Shown:
    """Raw rows of a few examples: the worst, then the best."""

    output: str
    rows: Array  # within the part
    worst: int  # how many of them are worst
    inputs: Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Story:
    """A run, read."""

    run: Run
    spec: Mapping[str, Any]
    text: str
    epochs: list[dict[str, Any]]
    result: Mapping[str, Any]
    record: Mapping[str, Any]
    proof: Mapping[str, Any]
    data: Mapping[str, Any]
    preparation: Mapping[str, Any]
    arrays: Mapping[str, Array]
    health: list[dict[str, Any]]  # a line for each look at the layers
    findings: list[dict[str, Any]]  # what went wrong

    @property
    def name(self) -> str:
        return str(self.spec.get("name") or self.run.path.name)

    @cached_property
    def network(self) -> Network:
        return parse_network(json.dumps(self.spec), str(self.run.file(SPEC)), json=True, max_layers=MAX_LAYERS)

    @property
    def best_epoch(self) -> int:
        """That of the weights which are kept; 0 where there are none."""
        found = [line["epoch"] for line in self.epochs if line.get("better")]
        return int(self.result.get("best_epoch") or (found[-1] if found else 0))

    @cached_property
    def answered(self) -> dict[str, Answered]:
        """Each output's answers, on the test part where it has rows and on the validation part otherwise."""
        found: dict[str, Answered] = {}
        for name in self.preparation.get("outputs", {}):
            part = next((part for part in HELD_OUT if f"{part}/{name}/answer" in self.arrays), None)
            if part:
                found[name] = self._answered(part, name)
        return found

    @cached_property
    def shown(self) -> dict[str, Shown]:
        """The examples to look at, by output."""
        return {name: self._shown(name) for name in self.answered if f"shown/{name}/rows" in self.arrays}

    def _answered(self, part: str, name: str) -> Answered:
        arrays = {key: self.arrays.get(f"{part}/{name}/{key}") for key in ("answer", "target", "confidence", "truth")}
        answer, target = arrays["answer"], arrays["target"]
        assert answer is not None and target is not None
        classes = tuple(map(str, self.preparation["outputs"][name].get("classes", ())))
        return Answered(name, part, classes, answer, target, arrays["confidence"], arrays["truth"])

    def _shown(self, name: str) -> Shown:
        begin = f"shown/{name}/inputs/"
        inputs = {key.removeprefix(begin): rows for key, rows in self.arrays.items() if key.startswith(begin)}
        return Shown(name, self.arrays[f"shown/{name}/rows"], int(self.arrays[f"shown/{name}/worst"]), inputs)


def collect(run: Run) -> Story:
    """Read a run; SpecError where a file is not what it should be."""
    has = run.has
    return Story(
        run,
        run.spec(),
        run.spec_text() if has(SPEC_TEXT) else "",
        run.metrics(),
        run.result() if has(RESULT) else {},
        run.record() if has(RECORD) else {},
        run.proof() if has(PROOF) else {},
        run.data() if has(DATA) else {},
        run.preparation().as_json() if has(PREPARATION) else {},
        run.predictions() if has(PREDICTIONS) else {},
        run.health(),
        run.findings(),
    )


def title(path: Path) -> str:
    """What a run is called among others: its folder's name."""
    return path.resolve().name
