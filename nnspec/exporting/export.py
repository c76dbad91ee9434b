"""From a run to its ONNX file: lowered, proven, and only then there."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import onnx

from nnspec.codegen.load import load, load_weights, state_of
from nnspec.codegen.write import write
from nnspec.diagnostics import SpecError
from nnspec.exporting.bare import METADATA, bare, is_bare
from nnspec.exporting.belongs import check_preparation, checked_examples
from nnspec.exporting.beside import is_large, move_in, size_of, written_aside
from nnspec.exporting.builder import check_file, check_model, to_bytes
from nnspec.exporting.cases import Examples
from nnspec.exporting.lower import lower
from nnspec.exporting.proof import Proof, demand
from nnspec.exporting.verify import Trained, prove
from nnspec.files import write_whole
from nnspec.graph.budget import excess, writer
from nnspec.graph.network import parse_network
from nnspec.layers.layer import OPSETS
from nnspec.runs import EXAMPLES, MODEL, PREPARATION, SOURCE, SPEC, WEIGHTS, Run
from nnspec.runtime.session import Session, open_session
from nnspec.spec.amounts import amount

MAX_LAYERS = 1_000_000  # a run was let through when it was trained; this bounds one from elsewhere


def export_run(
    run: Run, output: Path | None = None, opset: int | None = None, *, prepare: bool | None = None
) -> tuple[Path, Proof]:
    """Write the run's ONNX file, `model.onnx` in it unless told otherwise. The file stands only if it is proven.

    Without `prepare` it is the bare network: prepared arrays in, the network's own numbers out.
    """
    trained = open_trained(run)
    path, whole = output or run.file(MODEL), trained.spec.export.prepare if prepare is None else prepare
    trained = trained if whole else bare(trained)
    opset = trained.spec.export.opset if opset is None else opset
    model = lower_trained(trained, opset, {} if whole else METADATA)
    deliver = _deliver_large if is_large(model) else _deliver
    proof, data = deliver(run, trained, model, path)
    run.write_proof({**proof.as_json(), "sha256": hashlib.sha256(data).hexdigest()})
    return path, proof


def _deliver(run: Run, trained: Trained, model: onnx.ModelProto, path: Path) -> tuple[Proof, bytes]:
    """The model as one file, once it is proven."""
    check_model(model)
    proof = _proven(run, open_session(to_bytes(model), name=str(path)), trained, model)
    data = to_bytes(model)
    _check_budget(len(data), trained, path)
    write_whole(path, data)
    return proof, data


def _deliver_large(run: Run, trained: Trained, model: onnx.ModelProto, path: Path) -> tuple[Proof, bytes]:
    """The model with its weights beside it, once it is proven."""
    with written_aside(model, path) as aside:
        check_file(aside)
        proof = _proven(run, open_session(aside, name=str(path)), trained, model)
        data = to_bytes(model)
        _check_budget(size_of(aside), trained, path)
        move_in(aside, path, data)
    return proof, data


def _proven(run: Run, session: Session, trained: Trained, model: onnx.ModelProto) -> Proof:
    """The proof, which the model then tells of; SpecError where it does not hold."""
    proof = prove(session, trained)
    if not proof.proven:
        run.write_proof(proof.as_json())
        demand(proof)
    text = json.dumps(proof.as_json(), separators=(",", ":"))
    model.metadata_props.add(key="nnspec.proof", value=text)
    return proof


def _check_budget(size: int, trained: Trained, path: Path) -> None:
    """Refuse a file that is larger than the spec's budget allows."""
    limit = trained.spec.budget.onnx if trained.spec.budget else None
    if limit is None or size <= amount(limit):
        return
    write = writer(limit)
    raise SpecError.of(
        "budget",
        f"{path} would take {write(size)}, {excess(size, limit, write)}: it is not written",
        trained.spec.span_of("budget", "onnx"),
        help="fewer weights, or a larger `budget: {onnx: ...}`; the run and its weights are kept",
    )


def verify_model(model: Path | str, run: Run) -> Proof:
    """Prove any file against a run; SpecError where it is no such file, or another network."""
    session, trained = open_session(model), open_trained(run)
    proof = prove(session, bare(trained) if is_bare(session) else trained)
    demand(proof)
    return proof


def lower_trained(trained: Trained, opset: int, metadata: Mapping[str, str] | None = None) -> onnx.ModelProto:
    """The model of a trained network."""
    if opset not in OPSETS:
        known = f"{OPSETS.start} to {OPSETS.stop - 1}"
        raise SpecError.of("wrong-value", f"opset {opset} is not one that nnspec writes: {known}")
    newest = onnx.defs.onnx_opset_version()
    if opset > newest:
        message = f"the installed onnx {onnx.__version__} knows opsets up to {newest}, not {opset}"
        raise SpecError.of("no-onnx", message, help="install a newer onnx and onnxruntime, or ask for a lower opset")
    weights = {name: tensor.detach().cpu().numpy() for name, tensor in state_of(trained.module).items()}
    return lower(trained.spec, trained.graph, weights, trained.preparation, opset=opset, metadata=metadata)


def open_trained(run: Run) -> Trained:
    """The module of a run as it was trained: its spec's source, its weights, its preparation, its test rows.

    The source is written anew from the spec: a run folder may come from elsewhere, and its `net.py` is never run.
    """
    text = json.dumps(run.spec())
    network = parse_network(text, str(run.file(SPEC)), json=True, max_layers=MAX_LAYERS)
    places = {vertex.name: vertex.span for vertex in network.graph}
    module = load(write(network.graph), str(run.file(SOURCE)), places)
    load_weights(module, run.file(WEIGHTS))
    preparation, examples = run.preparation(), Examples()
    check_preparation(preparation, network.spec, network.graph, str(run.file(PREPARATION)))
    if run.has(EXAMPLES):
        examples = checked_examples(run.examples(), network.spec, network.graph, str(run.file(EXAMPLES)))
    return Trained(network.spec, network.graph, module, preparation, examples)
