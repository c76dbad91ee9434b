"""What is evaluated: a run's module in PyTorch, or a file in onnxruntime. Both say the same of the same rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nnspec.codegen.load import evaluate
from nnspec.diagnostics import SpecError
from nnspec.exporting.answers import Answer, answer_of
from nnspec.exporting.compare import Answered
from nnspec.exporting.export import MAX_LAYERS, open_trained
from nnspec.exporting.verify import Trained, file_says, run_network, torch_says
from nnspec.graph.network import parse_network
from nnspec.prepare import FittedOutput
from nnspec.prepare.fitted import FittedStep, apply, inside, outside
from nnspec.pycode import name as code_name
from nnspec.runs import open_run
from nnspec.runtime import Session, open_session
from nnspec.runtime.columns import columns_of, steps_before
from nnspec.runtime.session import model_error
from nnspec.tables import Array

Columns = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What is said of an output's rows: the answers, and the network's numbers for the loss where they are known."""

    answered: Answered
    result: torch.Tensor | None


class Module:
    """A run's module in PyTorch."""

    engine = "PyTorch"

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.trained: Trained = open_trained(open_run(path))
        self.spec, self.graph = self.trained.spec, self.trained.graph
        preparation = self.trained.preparation
        self.outputs, self.columns = preparation.outputs, preparation.columns
        self.before = {name: outside(steps) for name, steps in preparation.inputs.items()}
        self.inside = {name: inside(steps) for name, steps in preparation.inputs.items()}

    def say(self, rows: Mapping[str, Array]) -> dict[str, Said]:
        found = run_network(self.trained, rows)
        return {name: Said(torch_says(self.trained, name, result), result) for name, result in found.items()}


class File:
    """An exported file in onnxruntime. Losses are computed from its probabilities, or its values."""

    engine = "onnxruntime"

    def __init__(self, path: Path, device: str) -> None:
        self.name = str(path)
        self.session = open_session(path, device)
        text = self.session.metadata.get("nnspec.spec")
        if text is None:
            help = "nnspec evaluates what it exported, or a run folder"
            message = f"{path} says nothing of its losses and metrics: nnspec did not write it"
            raise SpecError.of("model-file", message, help=help)
        network = parse_network(text, self.name, json=True, max_layers=MAX_LAYERS)
        self.spec, self.graph = network.spec, network.graph
        self.outputs = {name: _fitted(self.session, value) for name, value in self.session.described_outputs.items()}
        self.columns = {name: tuple(columns_of(self.session, name)) for name in self.session.inputs}
        self.before = {name: steps_before(self.session, name) for name in self.session.inputs}
        # What else prepares an input stands in the file's nodes alone.
        self.inside: dict[str, tuple[FittedStep, ...]] = {
            name: () for name in self.session.inputs if all(step.outside for step in self.spec.inputs[name].steps)
        }
        self._answers = {name: self._answer(name) for name in self.outputs}

    def say(self, rows: Mapping[str, Array]) -> dict[str, Said]:
        found = self.session.run({name: rows[name] for name in self.session.inputs})
        return {name: self._said(answer, file_says(answer, found)) for name, answer in self._answers.items()}

    def _answer(self, name: str) -> Answer:
        tensors = self.graph.exported.output_tensors
        if name not in tensors or name not in self.session.outputs:
            raise model_error(self.session.name, f"its metadata nnspec.outputs name an output {name} that it lacks")
        return answer_of(self.spec.outputs[name], self.outputs[name], tensors[name])

    def _said(self, answer: Answer, answered: Answered) -> Said:
        loss, numbers = self.spec.outputs[answer.name].loss, answered.numbers
        if loss is None or numbers is None:
            return Said(answered, None)
        if answer.reads == "binary" and answer.classes:
            numbers = numbers[:, 1].reshape(len(numbers), *[1] * (self.graph.output_tensors[answer.name].rank - 1))
        values = torch.from_numpy(np.ascontiguousarray(apply(self.outputs[answer.name].steps, numbers)))
        return Said(answered, evaluate(loss.from_answer(code_name("answer")), {"answer": values}))


# A network with what it learnt, wherever it runs: its spec, how its outputs read, the columns that its inputs read.
Subject = Module | File


def open_subject(path: Path, device: str) -> Subject:
    """A run folder's module, or an ONNX file."""
    return Module(path) if path.is_dir() or path.suffix != ".onnx" else File(path, device)


def _fitted(session: Session, value: Mapping[str, Any]) -> FittedOutput:
    try:
        steps = tuple(FittedStep.from_json(step) for step in value.get("prepare", ()))
        json.dumps(value["classes"])
        weights, labels = map(float, value.get("class_weights", ())), map(str, value.get("labels", ()))
        classes = value.get("label_classes", value["classes"])
        return FittedOutput(tuple(classes), steps, tuple(weights), tuple(labels))
    except (KeyError, TypeError, ValueError, AttributeError, AssertionError) as error:
        raise model_error(session.name, f"its metadata nnspec.outputs are not what nnspec writes: {error}") from None
