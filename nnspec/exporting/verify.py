"""The proof: the file, alone in onnxruntime on raw rows, beside the module that was trained."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from nnspec.codegen.load import evaluate
from nnspec.codegen.score import of_scores, score
from nnspec.diagnostics import Note, SpecError
from nnspec.exporting.answers import Answer, is_single
from nnspec.exporting.cases import Array, Case, Examples, cases
from nnspec.exporting.compare import Answered, Tally
from nnspec.exporting.lower import answers_of, fitted_output, live_inputs
from nnspec.exporting.proof import Proof, Tolerance
from nnspec.graph import Graph
from nnspec.prepare import Preparation
from nnspec.prepare.fitted import apply, inside, invert
from nnspec.pycode import name as code_name
from nnspec.runtime.arrays import Slot
from nnspec.runtime.session import ORT_VERSION, Session
from nnspec.shapes import Tensor
from nnspec.spec.spec import Output, Spec

BATCH_ROWS = 512


@dataclass(frozen=True, eq=False)
class Trained:
    """A module with all that belongs to it: what a file is proven against."""

    spec: Spec
    graph: Graph
    module: nn.Module
    preparation: Preparation
    examples: Examples

    @property
    def answers(self) -> dict[str, Answer]:
        return answers_of(self.spec, self.graph, self.preparation)


def prove(session: Session, trained: Trained) -> Proof:
    """Run the file and the module on the same raw rows and compare every answer."""
    check_interface(session, trained)
    verify = trained.spec.export.verify
    tolerance = Tolerance(verify.atol, verify.rtol)
    tallies = {
        name: Tally(name, answer.classes, Tolerance(verify.atol * _unit(trained, name), verify.rtol))
        for name, answer in trained.answers.items()
    }
    titles, metrics = [], {}
    for case in cases(trained.spec, trained.graph, trained.examples, verify.examples):
        titles.append(case.title)
        batches = list(_run(session, trained, case, tallies))
        if case.is_test:
            metrics = {name: _metrics(trained, name, [batch[name] for batch in batches]) for name in tallies}
    return Proof(
        tuple(tally.proof(metrics.get(name, {})) for name, tally in tallies.items()),
        tuple(titles),
        tolerance,
        {"torch": torch.__version__, "onnxruntime": ORT_VERSION},
        session.providers,
    )


def check_interface(session: Session, trained: Trained) -> None:
    """Refuse a file whose inputs and outputs are not those of the trained network."""
    inputs = {name: given.raw for name, given in live_inputs(trained.spec, trained.graph).items()}
    outputs = {name: x for answer in trained.answers.values() for name, x in answer.tensors.items()}
    for what, wanted, found in (("inputs", inputs, session.inputs), ("outputs", outputs, session.outputs)):
        if wanted.keys() == found.keys() and all(_alike(x, found[name]) for name, x in wanted.items()):
            continue
        raise SpecError.of(
            "model-file",
            f"{session.name} is not a file of this network: its {what} are others",
            notes=[
                Note("file", ", ".join(f"{slot.name} {slot}" for slot in found.values())),
                Note("network", ", ".join(f"{name} {_slot(name, x)}" for name, x in wanted.items())),
            ],
        )


def run_module(trained: Trained, rows: Mapping[str, Array]) -> dict[str, Answered]:
    """What PyTorch says of raw rows: each output's answer."""
    return {name: torch_says(trained, name, result) for name, result in run_network(trained, rows).items()}


def run_network(trained: Trained, rows: Mapping[str, Array]) -> dict[str, torch.Tensor]:
    """What the network gives for raw rows, by exported output: prepared in numpy, then the module."""
    prepared = []
    for name in trained.graph.inputs:
        dtype = trained.graph.inputs[name].dtype
        array = apply(inside(trained.preparation.inputs.get(name, ())), rows[name])
        prepared.append(torch.from_numpy(np.ascontiguousarray(array, dtype=dtype)))
    trained.module.eval()
    with torch.inference_mode():
        found = trained.module(*prepared)
        results = found if isinstance(found, tuple) else (found,)
        named = dict(zip(trained.graph.outputs, results, strict=True))
        return {name: named[name] for name in trained.graph.exported.outputs}


def _unit(trained: Trained, name: str) -> float:
    """What a difference of 1 in the network's answer is in the output's own units."""
    steps = fitted_output(trained.preparation, trained.spec.outputs[name]).steps
    if not steps:
        return 1.0
    sizes = [size if isinstance(size, int) else 1 for size in trained.graph.output_tensors[name].shape[1:]]
    zero, one = (invert(steps, np.full((1, *sizes), value, np.float32)) for value in (0, 1))
    return float(np.abs(one - zero).max())


def torch_says(trained: Trained, name: str, result: torch.Tensor) -> Answered:
    """What the module's own numbers for an output say."""
    output = trained.spec.outputs[name]
    if output.loss:
        result = evaluate(output.loss.answer(code_name("output")), {"output": result})
    numbers = result.cpu().numpy()
    if output.loss is None or output.loss.reads == "values":
        return Answered(invert(fitted_output(trained.preparation, output).steps, numbers), None)
    if output.loss.reads == "classes":
        index = numbers.argmax(axis=output.loss.class_axis)
    elif is_single(trained.graph.output_tensors[name]):
        yes = numbers.reshape(-1, 1)
        numbers, index = np.concatenate([1 - yes, yes], axis=1), (yes > 0.5)[:, 0].astype(np.int64)
    else:
        index = (numbers > 0.5).astype(np.int64)
    return Answered(numbers if output.loss.probabilistic else None, index, output.loss.class_axis)


def file_says(answer: Answer, found: Mapping[str, Array]) -> Answered:
    """What a file's outputs say."""
    if answer.reads == "values":
        return Answered(found[answer.name], None)
    given = found[answer.name]
    if answer.classes:
        # A class that the network does not have becomes -1, which equals none.
        places = {name: index for index, name in enumerate(answer.classes)}
        flat = [places.get(value, -1) for value in given.reshape(-1).tolist()]
        given = np.array(flat, dtype=np.int64).reshape(given.shape)
    return Answered(found[answer.probabilities] if answer.probabilities else None, given)


def _run(
    session: Session, trained: Trained, case: Case, tallies: Mapping[str, Tally]
) -> Iterator[dict[str, tuple[Answered, Answered]]]:
    """Both sides batch by batch."""
    rows = len(next(iter(case.inputs.values())))
    answers = trained.answers
    for start in range(0, rows, BATCH_ROWS):
        batch = {name: array[start : start + BATCH_ROWS] for name, array in case.inputs.items()}
        wanted = run_module(trained, batch)
        found = session.run({name: batch[name] for name in session.inputs})
        both = {name: (wanted[name], file_says(answer, found)) for name, answer in answers.items()}
        for name, (torch_side, ort_side) in both.items():
            tallies[name].add(case.title, start, torch_side, ort_side)
        yield both


def _metrics(trained: Trained, name: str, batches: list[tuple[Answered, Answered]]) -> dict[str, tuple[float, float]]:
    """Each metric over the test rows, by PyTorch's answers and by onnxruntime's."""
    if name not in trained.examples.targets:
        return {}
    output, classes = trained.spec.outputs[name], trained.answers[name].classes
    sides = []
    for side in (0, 1):
        parts = [batch[side] for batch in batches]
        numbers = np.concatenate([part.numbers for part in parts]) if parts[0].numbers is not None else None
        indices = np.concatenate([part.index for part in parts]) if parts[0].index is not None else None
        answers, targets = numbers if indices is None else indices, trained.examples.targets[name]
        assert answers is not None
        scores = of_yes(output, numbers, answers) if of_scores(output) and numbers is not None else None
        sides.append(score(output, classes, answers, targets[: len(answers)], scores))
    return {metric: (sides[0][metric], sides[1][metric]) for metric in sides[0]}


def of_yes(output: Output, probabilities: Array, index: Array) -> Array:
    """The probabilities of classes as they are; of no and yes, that of yes."""
    both = output.loss and output.loss.reads == "binary" and probabilities.shape != index.shape
    return probabilities[:, 1] if both else probabilities


def _slot(name: str, x: Tensor) -> Slot:
    return Slot(name, x.dtype, tuple(size if isinstance(size, int) else str(size) for size in x.shape))


def _alike(x: Tensor, slot: Slot) -> bool:
    """Of one type and shape; a length may have another name."""
    if x.dtype != slot.dtype or x.rank != len(slot.shape):
        return False
    return all(
        size == other if isinstance(size, int) or isinstance(other, int) else True
        for size, other in zip(x.shape, slot.shape, strict=True)
    )
