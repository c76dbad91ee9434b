"""The proof: what it runs, what it finds, and that nothing unproven is delivered."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from exported import lowered, network, trained
from runs_made import TWO_HEADS, made_run

from nnspec.diagnostics import SpecError
from nnspec.exporting.builder import to_bytes
from nnspec.exporting.cases import Examples, cases
from nnspec.exporting.compare import Answered, Tally
from nnspec.exporting.export import export_run, lower_trained, open_trained, verify_model
from nnspec.exporting.proof import Tolerance, demand, render
from nnspec.exporting.verify import prove
from nnspec.runs import Run
from nnspec.runtime import open_session

TOLERANCE = Tolerance(1e-5, 1e-4)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    return made_run(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def exported(run):
    return export_run(run)


def refusal(act) -> str:
    with pytest.raises(SpecError) as error:
        act()
    return str(error.value)


def test_an_export_is_delivered_with_its_proof(run, exported):
    path, proof = exported
    assert path == run.path / "model.onnx"
    assert proof.proven
    assert proof.cases == (
        "batch of 1",
        "batch of 2",
        "batch of 7",
        "random batch with T = 5",
        "random batch with T = 12",
        "300 test rows",
    )
    as_json = json.loads(json.dumps(proof.as_json()))
    said = {each.key: each.value for each in onnx.load(path).metadata_props}
    assert json.loads(said["nnspec.proof"]) == as_json
    assert run.proof() == {**as_json, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    kind, price = proof.outputs
    assert (kind.name, kind.examples, kind.other_classes, kind.ties) == ("kind", 316, 0, 0)
    assert list(kind.metrics) == ["Accuracy"]
    assert list(price.metrics) == ["MeanAbsoluteError", "R2Score"]
    assert price.other_classes is None
    assert all(ours == pytest.approx(theirs, rel=1e-5) for ours, theirs in price.metrics.values())


def test_the_file_takes_raw_rows_and_answers_in_their_own_units(run, exported):
    found = open_session(exported[0]).run({name: run.examples()[name] for name in ("sizes", "views")})
    assert set(found["kind"]) <= {"flat", "house", "villa"}
    assert 250_000 < found["price"].mean() < 350_000


def test_the_proof_reads_as_a_table(exported):
    proof = exported[1]
    settled = [
        replace(o, max_abs=1.5e-7, max_rel=2e-6, metrics=dict.fromkeys(o.metrics, (0.25, 0.25))) for o in proof.outputs
    ]
    assert render(replace(proof, outputs=tuple(settled))) == [
        "output  examples  max abs  max rel  other classes  metric             PyTorch  onnxruntime",
        "kind    316       1.5e-07  2.0e-06  0              Accuracy           0.25     0.25",
        "price   316       1.5e-07  2.0e-06                 MeanAbsoluteError  0.25     0.25",
        "                                                   R2Score            0.25     0.25",
        "PROVEN within 1e-05 + 0.0001 * |PyTorch|, on batch of 1, batch of 2, batch of 7, "
        "random batch with T = 5, random batch with T = 12, 300 test rows",
    ]


def tampered(path: Path, target: Path, name: str, change: float) -> Path:
    model = onnx.load(path)
    (weight,) = [each for each in model.graph.initializer if each.name == name]
    array = onnx.numpy_helper.to_array(weight) * np.float32(1 + change)
    weight.CopyFrom(onnx.numpy_helper.from_array(array, name))
    onnx.save(model, target)
    return target


def test_a_tampered_weight_is_caught(run, exported, tmp_path):
    assert verify_model(exported[0], run).proven
    said = refusal(lambda: verify_model(tampered(exported[0], tmp_path / "m.onnx", "kinds.weight", 0.01), run))
    assert said.startswith(
        "error[proof]: the file gives other numbers than the trained module, for the output kind\n"
        "  example      0 of the batch of 1, at ["
    )
    assert said.count("error[proof]") == 1
    assert "price" not in said


def test_a_failed_proof_says_which_example_and_both_numbers():
    tally = Tally("price", (), TOLERANCE)
    wanted, last = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0, 0], [0, 0.5]])
    tally.add("batch of 2", 0, Answered(wanted, None), Answered(wanted + 1e-6, None))
    tally.add("300 test rows", 128, Answered(wanted, None), Answered(wanted + last, None))
    proof = replace(PROOF, outputs=(tally.proof({}),))
    assert refusal(lambda: demand(proof)) == (
        "error[proof]: the file gives other numbers than the trained module, for the output price\n"
        "  example      129 of the 300 test rows, at [1]\n"
        "  PyTorch      4\n"
        "  onnxruntime  4.5\n"
        "  allowed      a difference of 0.00041, which is 1e-05 + 0.0001 * |PyTorch|"
    )
    assert render(proof)[-1].startswith("NOT PROVEN within 1e-05 + 0.0001 * |PyTorch|, on ")


def test_another_shape_fails():
    tally = Tally("y", (), TOLERANCE)
    tally.add("batch of 2", 0, Answered(np.zeros((2, 3)), None), Answered(np.zeros((2, 1)), None))
    assert refusal(lambda: demand(replace(PROOF, outputs=(tally.proof({}),)))) == (
        "error[proof]: the file gives another shape than the trained module, for the output y\n"
        "  example      0 of the batch of 2\n"
        "  PyTorch      (2, 3)\n"
        "  onnxruntime  (2, 1)"
    )


def test_a_difference_that_may_be_rounding_names_the_way_out():
    tally = Tally("price", (), TOLERANCE)
    tally.add("batch of 1", 0, Answered(np.array([0.5]), None), Answered(np.array([0.5003]), None))
    assert refusal(lambda: demand(replace(PROOF, outputs=(tally.proof({}),)))).endswith(
        "  allowed      a difference of 6e-05, which is 1e-05 + 0.0001 * |PyTorch|\n"
        "  help         where numbers are large, rounding alone may be more: `export: {verify: {atol: ...}}`"
    )


def test_the_tolerance_of_a_target_is_in_its_own_units(run, exported):
    (step,) = run.preparation().outputs["price"].steps
    assert exported[1].outputs[1].tolerance.atol == pytest.approx(1e-5 * step.state["std"][0], rel=1e-3)


def test_another_class_fails_unless_the_two_best_are_as_good_as_equal():
    tally = Tally("kind", ("ape", "bear"), TOLERANCE)
    numbers = np.array([[0.500001, 0.499999], [0.9, 0.1]])
    tally.add("batch of 2", 0, Answered(numbers, np.array([0, 0])), Answered(numbers, np.array([1, 0])))
    assert (tally.other_classes, tally.ties, tally.failure) == (1, 1, None)
    tally.add("batch of 2", 0, Answered(numbers, np.array([0, 0])), Answered(numbers, np.array([0, 1])))
    assert (tally.other_classes, tally.ties) == (2, 1)
    assert refusal(lambda: demand(replace(PROOF, outputs=(tally.proof({}),)))) == (
        "error[proof]: the file names another class than the trained module, for the output kind\n"
        "  example      1 of the batch of 2\n"
        "  PyTorch      'ape'\n"
        "  onnxruntime  'bear'"
    )


def test_numbers_that_are_not_finite_on_one_side_alone_fail():
    tally = Tally("y", (), TOLERANCE)
    alike = np.array([[np.nan], [np.inf]])
    tally.add("batch of 2", 0, Answered(alike, None), Answered(alike, None))
    assert tally.failure is None
    tally.add("batch of 2", 0, Answered(np.array([[1.0], [1.0]]), None), Answered(alike, None))
    assert tally.max_abs == np.inf
    assert tally.failure is not None and tally.failure.example == 0
    assert tally.proof({}).as_json()["max_abs"] is None


PROOF = prove(open_session(to_bytes(lowered(trained(network("[Linear: 2]"))))), trained(network("[Linear: 2]")))


def test_nothing_is_delivered_outside_the_tolerance(tmp_path):
    strict = TWO_HEADS + "export: {verify: {atol: 1e-30, rtol: 1e-30}}\n"
    run = made_run(tmp_path, text=strict)
    output = tmp_path / "out.onnx"
    output.write_bytes(b"an older file")
    said = refusal(lambda: export_run(run, output))
    assert "error[proof]: the file gives other numbers than the trained module, for the output " in said
    assert output.read_bytes() == b"an older file"
    assert run.proof()["proven"] is False
    assert not run.has("model.onnx")


def test_another_networks_file_is_refused(run, tmp_path):
    path = tmp_path / "other.onnx"
    path.write_bytes(to_bytes(lowered(trained(network("[Linear: 2]")))))
    assert refusal(lambda: verify_model(path, run)) == (
        f"error[model-file]: {path} is not a file of this network: its inputs are others\n"
        "  file     x float32 (batch, 4)\n"
        "  network  sizes float32 (batch, 2), views float32 (batch, T, 3)"
    )
    path.write_bytes(b"")
    assert refusal(lambda: verify_model(path, run)) == f"error[model-file]: {path} cannot be used: it is empty"


def test_a_runs_source_is_never_executed(tmp_path):
    run = made_run(tmp_path)
    canary = tmp_path / "canary"
    run.write_source(f"open({str(canary)!r}, 'w')\n{run.source()}")
    _, proof = export_run(run)
    assert proof.proven
    assert not canary.exists()


def test_an_opset_that_is_not_written_is_refused(run):
    assert refusal(lambda: export_run(run, opset=17)) == (
        "error[wrong-value]: opset 17 is not one that nnspec writes: 18 to 28"
    )


def test_a_run_without_rows_is_proven_on_random_ones(run, tmp_path):
    bare = replace(open_trained(run), examples=Examples())
    proof = prove(open_session(to_bytes(lower_trained(bare, 20))), bare)
    assert proof.proven
    assert proof.cases[-3:] == ("random batch with T = 12", "random batch with T = 8", "64 random rows")
    assert [output.metrics for output in proof.outputs] == [{}, {}]


def test_a_run_whose_test_part_is_empty_is_proven_on_random_rows():
    net = network("[Linear: 2]")
    titles = [case.title for case in cases(net.spec, net.graph, Examples({"x": np.zeros((0, 4))}), 10)]
    assert titles == ["batch of 1", "batch of 2", "batch of 7", "10 random rows"]


def test_lengths_are_those_that_the_network_accepts():
    net = network("[{Conv1d: {out_channels: 2, kernel_size: 9}}]", inputs="{x: [2, T]}", outputs="{y: {loss: MSELoss}}")
    titles = [case.title for case in cases(net.spec, net.graph, Examples(), 10)]
    assert titles[3:5] == ["random batch with T = 16", "random batch with T = 17"]


def test_random_indices_stay_in_the_table_that_they_look_up():
    net = network("[Embedding: {num_embeddings: 3, embedding_dim: 2}]", inputs="{x: {shape: [T], dtype: int64}}")
    rows = [case.inputs["x"] for case in cases(net.spec, net.graph, Examples(), 10)]
    assert {int(value) for array in rows for value in array.flat} == {0, 1, 2}
