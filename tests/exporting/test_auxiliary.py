"""Auxiliary heads: trained like any output, and neither in the ONNX file nor in its proof."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from exported import lowered, network, trained

import nnspec
from nnspec.exporting import verify_model
from nnspec.exporting.builder import to_bytes
from nnspec.exporting.lower import live_inputs
from nnspec.exporting.verify import prove
from nnspec.runtime import open_session

TWO_HEADS = Path(__file__).parents[1] / "networks" / "two_heads.yaml"
OWN_INPUT = network(
    "[{Linear: 3, name: answer, from: x}, {Concat: {}, from: [answer, hint]}, {Linear: 5, name: side}]",
    inputs="{x: [4], hint: [2]}",
    outputs="{y: {from: answer}, helper: {from: side, export: false}}",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    network = nnspec.load(TWO_HEADS, ["train.epochs=3"])
    return nnspec.train(network, run=tmp_path_factory.mktemp("heads") / "run", seed=0)


def test_an_auxiliary_head_is_trained_and_measured(run):
    result = run.result()
    assert {name: sorted(part["metrics"]) for name, part in result["parts"].items()} == {
        "train": ["digit", "helper"],
        "validation": ["digit", "helper"],
        "test": ["digit", "helper"],
    }
    assert result["parts"]["test"]["metrics"]["helper"]["Accuracy"] > 0.8


def test_the_file_holds_neither_the_head_nor_its_weights(run):
    proof = nnspec.export(run)
    model = onnx.load(run.path / "model.onnx")
    assert [output.name for output in proof.outputs] == ["digit"]
    assert [output.name for output in model.graph.output] == ["digit", "digit_probabilities"]
    stored = {weight.name for weight in model.graph.initializer}
    assert "scores.weight" in stored
    assert not [name for name in stored if name.startswith("aside")]
    assert verify_model(run.path / "model.onnx", run).proven
    predictions = nnspec.predict(run.path / "model.onnx", run.path / "examples.npz")
    assert list(predictions.outputs) == ["digit"]


def test_an_input_of_the_head_alone_is_no_input_of_the_file():
    subject = trained(OWN_INPUT)
    session = open_session(to_bytes(lowered(subject)))
    assert list(live_inputs(subject.spec, subject.graph)) == list(session.inputs) == ["x"]
    assert list(session.outputs) == ["y"]
    assert prove(session, subject).proven
    found = session.run({"x": np.zeros((2, 4), np.float32)})
    assert found["y"].shape == (2, 3)


def test_the_module_returns_every_output_and_says_which_is_for_training():
    source = nnspec.compile(OWN_INPUT)
    assert "    Output: y       (n, 3)\n    Output: helper  (n, 5), for training alone\n" in source
    assert "        return answer, x\n" in source


def test_what_is_only_trained_is_known_by_layer():
    graph = nnspec.load(TWO_HEADS).graph
    assert graph.only_trained == {
        "aside.conv2d_1",
        "aside.batchnorm2d_1",
        "aside.relu_1",
        "flatten_2",
        "aside_scores",
    }
    assert OWN_INPUT.graph.only_trained == {"hint", "concat_1", "side"}
    assert list(OWN_INPUT.graph.exported.vertices) == ["answer"]
