"""From a run to its ONNX file: lowered, proven, and only then there."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from nnspec.codegen.load import load, load_weights
from nnspec.codegen.write import Source, class_name
from nnspec.diagnostics import SpecError
from nnspec.exporting.builder import OPSETS, to_bytes
from nnspec.exporting.cases import Array, Examples
from nnspec.exporting.lower import answers_of, lower
from nnspec.exporting.proof import Proof, demand
from nnspec.exporting.verify import Trained, prove
from nnspec.files import write_whole
from nnspec.graph.network import parse_network
from nnspec.runs import EXAMPLES, MODEL, SOURCE, SPEC, WEIGHTS, Run
from nnspec.runtime.arrays import Slot
from nnspec.runtime.columns import select
from nnspec.runtime.session import open_session
from nnspec.spec.spec import Spec
from nnspec.tables import Table, numbers


def export_run(run: Run, output: Path | None = None, opset: int | None = None) -> tuple[Path, Proof]:
    """Write the run's ONNX file, `model.onnx` in it unless told otherwise. The file stands only if it is proven."""
    trained = open_trained(run)
    path = output or run.file(MODEL)
    model = lower_trained(trained, trained.spec.export.opset if opset is None else opset)
    proof = prove(open_session(to_bytes(model), name=str(path)), trained)
    run.write_proof(proof.as_json())
    demand(proof)
    text = json.dumps(proof.as_json(), separators=(",", ":"))
    model.metadata_props.add(key="nnspec.proof", value=text)
    write_whole(path, to_bytes(model))
    return path, proof


def verify_model(model: Path | str, run: Run) -> Proof:
    """Prove any file against a run; SpecError where it is no such file, or another network."""
    proof = prove(open_session(model), open_trained(run))
    demand(proof)
    return proof


def lower_trained(trained: Trained, opset: int) -> onnx.ModelProto:
    """The model of a trained network, checked for form."""
    if opset not in OPSETS:
        known = f"{OPSETS.start} to {OPSETS.stop - 1}"
        raise SpecError.of("wrong-value", f"opset {opset} is not one that nnspec writes: {known}")
    weights = {name: tensor.detach().cpu().numpy() for name, tensor in trained.module.state_dict().items()}
    model = lower(trained.spec, trained.graph, weights, trained.preparation, opset=opset)
    onnx.checker.check_model(model, full_check=True)
    return model


def open_trained(run: Run) -> Trained:
    """The module of a run as it was trained: its own source, its weights, its preparation, its test rows."""
    text = json.dumps(run.spec())
    network = parse_network(text, str(run.file(SPEC)), json=True)
    places = {vertex.name: vertex.span for vertex in network.graph}
    source = Source(run.source(), class_name(network.graph.name), {})
    module = load(source, str(run.file(SOURCE)), places)
    load_weights(module, run.file(WEIGHTS))
    trained = Trained(network.spec, network.graph, module, run.preparation(), Examples())
    if not run.has(EXAMPLES):
        return trained
    return replace(trained, examples=examples_of(trained, Table(str(run.file(EXAMPLES)), run.examples())))


def examples_of(trained: Trained, table: Table) -> Examples:
    """The test rows as the inputs take them, and what each output should have said."""
    slots = {name: _slot(trained.spec, name) for name in trained.spec.inputs}
    columns = {name: given.columns for name, given in trained.spec.inputs.items()}
    answers = answers_of(trained.spec, trained.graph, trained.preparation)
    targets = {}
    for name, answer in answers.items():
        column = trained.spec.outputs[name].column
        if column in table.columns:
            targets[name] = _targets(table, column, answer.reads, answer.classes)
    return Examples(_typed(trained.spec, select(table, slots, columns)), targets)


def _slot(spec: Spec, name: str) -> Slot:
    raw = spec.inputs[name].raw
    return Slot(name, raw.dtype, tuple(size if isinstance(size, int) else str(size) for size in raw.shape))


def _typed(spec: Spec, arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name: np.ascontiguousarray(array, dtype=spec.inputs[name].raw.dtype) for name, array in arrays.items()}


def _targets(table: Table, column: str, reads: str, classes: tuple[Any, ...]) -> Array:
    """Class indices, or values in their own units."""
    if reads == "values" or not classes:
        return numbers(table, column)
    places = {_plain(name): index for index, name in enumerate(classes)}
    values = table.columns[column]
    found = [places.get(_plain(value), -1) for value in values.reshape(-1).tolist()]
    return np.array(found, dtype=np.int64).reshape(values.shape)


def _plain(value: Any) -> Any:
    """A class as it compares: 1, 1.0 and "1" are one class, wherever it was read from."""
    text = str(value)
    return text[:-2] if text.endswith(".0") else text
