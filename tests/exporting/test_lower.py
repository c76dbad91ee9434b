"""The lowering: the files as text, answers by kind, determinism, opsets, and what is refused.

In tests/golden each spec stands beside the outline of its ONNX file. `NNSPEC_GOLDEN=1 pytest tests/exporting` writes
the outlines anew; look at the difference before you keep it.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import onnx
import pytest
from exported import GOLDEN, golden, lowered, network, outline, trained
from pydantic import Field

from nnspec import __version__
from nnspec.diagnostics import SpecError
from nnspec.exporting.builder import to_bytes
from nnspec.layers import Layer
from nnspec.prepare import FittedOutput, Preparation
from nnspec.runtime import open_session

NAMES = sorted(path.stem for path in GOLDEN.glob("*.yaml"))
RANDOM = np.random.default_rng(0)


def answers(subject, opset=20, **inputs):
    return open_session(to_bytes(lowered(subject, opset))).run(inputs)


@pytest.mark.parametrize("name", NAMES)
def test_the_outline_is_the_golden_file(name):
    text = outline(lowered(trained(golden(name))))
    path = GOLDEN / f"{name}.onnx.txt"
    if os.environ.get("NNSPEC_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_classes_are_named_by_the_file_itself():
    subject = trained(
        network("[Linear: 3]", outputs="{kind: {loss: CrossEntropyLoss}}"),
        preparation=Preparation({}, {"kind": FittedOutput(("ape", "bär", "cat"))}),
    )
    found = answers(subject, x=RANDOM.normal(size=(50, 4)))
    assert list(found) == ["kind", "kind_probabilities"]
    assert set(found["kind"]) == {"ape", "bär", "cat"}
    assert found["kind"].tolist() == [("ape", "bär", "cat")[i] for i in found["kind_probabilities"].argmax(1)]
    assert found["kind_probabilities"].sum(1) == pytest.approx(1)


def test_classes_may_be_numbers_or_stand_at_each_position():
    net = network(
        "[{Conv1d: {out_channels: 3, kernel_size: 1}}]",
        inputs="{x: [2, T]}",
        outputs="{kind: {loss: CrossEntropyLoss, classes: [10, 20, 30]}}",
    )
    found = answers(trained(net), x=RANDOM.normal(size=(4, 2, 9)))
    assert found["kind"].shape == (4, 9)
    assert found["kind_probabilities"].shape == (4, 3, 9)
    assert found["kind"].tolist() == (found["kind_probabilities"].argmax(1) * 10 + 10).tolist()


@pytest.mark.parametrize("layers", ["[Linear: 1]", "[Linear: 2, Mean: {dim: 1}]"])
def test_yes_or_no_has_two_classes_with_their_probabilities(layers):
    net = network(layers, outputs="{sick: {loss: BCEWithLogitsLoss}}")
    subject = trained(net, preparation=Preparation({}, {"sick": FittedOutput(("no", "yes"))}))
    found = answers(subject, x=RANDOM.normal(size=(60, 4)))
    assert found["sick_probabilities"].shape == (60, 2)
    assert found["sick_probabilities"].sum(1) == pytest.approx(1)
    assert found["sick"].tolist() == ["yes" if p > 0.5 else "no" for p in found["sick_probabilities"][:, 1]]
    assert len(set(found["sick"])) == 2


def test_several_yes_or_no_are_zeros_and_ones():
    found = answers(trained(network("[Linear: 5]", outputs="{tags: {loss: BCEWithLogitsLoss}}")), x=np.ones((3, 4)))
    assert found["tags"].dtype == np.int64
    assert found["tags"].tolist() == (found["tags_probabilities"] > 0.5).astype(int).tolist()


def test_the_perceptron_gives_its_class_alone():
    net = network("[{Linear: 1}, Heaviside]", outputs="{y: {loss: PerceptronLoss}}")
    found = answers(trained(net), x=RANDOM.normal(size=(40, 4)))
    assert list(found) == ["y"]
    assert set(found["y"].tolist()) == {0, 1}


def test_the_file_says_what_it_is():
    net = network("[Linear: 3]", inputs="{a: {columns: [p, q]}}", outputs="{kind: {loss: CrossEntropyLoss}}")
    model = lowered(trained(net))
    said = {each.key: each.value for each in model.metadata_props}
    assert list(said) == ["nnspec.version", "nnspec.spec", "nnspec.spec_sha256", "nnspec.inputs", "nnspec.outputs"]
    assert said["nnspec.version"] == __version__
    assert json.loads(said["nnspec.spec"])["layers"][0] == {
        "Linear": {"out_features": 3, "bias": True, "parametrization": None},
        "name": "linear_1",
        "from": ["a"],
    }
    assert json.loads(said["nnspec.inputs"]) == {"a": {"columns": ["p", "q"], "shape": [2], "dtype": "float32"}}
    assert json.loads(said["nnspec.outputs"]) == {
        "kind": {"reads": "classes", "classes": [0, 1, 2], "answer": "kind", "probabilities": "kind_probabilities"}
    }


PROGRAM = """
import hashlib, sys
import numpy as np
from nnspec.exporting.builder import to_bytes
from nnspec.exporting.lower import lower
from nnspec.graph import load_network
from nnspec.prepare import Preparation
net = load_network(sys.argv[1])
weights = {
    f"{vertex.name}.{name}": np.full(shape, 0.5, np.float32)
    for vertex in net.graph
    for name, shape in vertex.layer.parameters(*vertex.arrives).items()
}
model = lower(net.spec, net.graph, weights, Preparation({}, {}), opset=20)
print(hashlib.sha256(to_bytes(model)).hexdigest(), "torch" in sys.modules)
"""


def test_the_same_network_gives_the_same_bytes_in_every_process_without_torch():
    said = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(GOLDEN / "lstm.yaml")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert said[0].endswith(" False\n")


def inputs_of(subject):
    sizes = {"batch": 3, "T": 6}
    random = np.random.default_rng(0)
    return {
        name: random.normal(size=x.bind(sizes).shape).astype(np.float32)
        if x.is_float
        else random.integers(0, 2, size=x.bind(sizes).shape)
        for name, x in subject.graph.inputs.items()
        if name in subject.graph.live
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_opset_gives_the_same_answers(name):
    subject = trained(golden(name))
    given = inputs_of(subject)
    first = answers(subject, 18, **given)
    for opset in range(19, 24):
        model = lowered(subject, opset)
        onnx.checker.check_model(model, full_check=True)
        found = answers(subject, opset, **given)
        for output, values in first.items():
            np.testing.assert_allclose(found[output], values, rtol=1e-5, atol=1e-6)


def test_what_reaches_no_output_is_not_in_the_file():
    model = lowered(trained(golden("two_towers")))
    assert [each.name for each in model.graph.input] == ["left", "x"]
    assert not any("reaches_nothing" in each.name for each in lowered(trained(golden("residual"))).graph.initializer)


class Secret(Layer):
    """A layer that ONNX has no word for.

    (...) -> (...)
    """

    rank: int = Field(default=1, description="how secret")

    def infer(self, x):
        return x

    def forward(self, x):
        return x

    def to_onnx(self, g, x):
        raise g.refuse("ONNX has no operator for secrets")


def refusal(act):
    with pytest.raises(SpecError) as error:
        act()
    return str(error.value)


def with_layer(net, name, layer):
    vertices = {key: replace(v, layer=layer) if key == name else v for key, v in net.graph.vertices.items()}
    return replace(net, graph=replace(net.graph, vertices=vertices))


def test_a_layer_that_onnx_cannot_express_is_told_with_its_place():
    net = with_layer(network("\n  - Linear: 3\n  - ReLU\n"), "relu_1", Secret())
    assert refusal(lambda: lowered(trained(net))) == (
        "spec.yaml:6:5: error[no-onnx]: Secret relu_1 cannot be exported: ONNX has no operator for secrets\n"
        "    6 |   - ReLU\n"
        "      |     ^^^^"
    )


def test_two_outputs_of_one_name_are_refused():
    net = network("[Linear: 3]", outputs="{y: {loss: CrossEntropyLoss}, y_probabilities: {loss: MSELoss}}")
    assert refusal(lambda: lowered(trained(net))) == (
        "spec.yaml:5:40: error[duplicate-name]: the exported file would hold two things named 'y_probabilities': "
        "the output y and the output y_probabilities\n"
        "    5 | outputs: {y: {loss: CrossEntropyLoss}, y_probabilities: {loss: MSELoss}}\n"
        "      |                                        ^^^^^^^^^^^^^^^\n"
        "  help  rename the output"
    )


def test_a_thousand_layers_are_lowered_in_half_a_second():
    layers = "[" + ", ".join(["Linear: 4", "ReLU"] * 500) + "]"
    subject = trained(network(layers))
    times = []
    for _ in range(3):
        start = time.process_time()
        to_bytes(lowered(subject))
        times.append(time.process_time() - start)
    assert min(times) < 0.5


def test_the_file_says_where_the_indices_of_an_input_end():
    net = network("[Embedding: {num_embeddings: 3, embedding_dim: 2}]", inputs="{x: {shape: [T], dtype: int64}}")
    stored = {entry.key: entry.value for entry in lowered(trained(net)).metadata_props}
    assert json.loads(stored["nnspec.inputs"])["x"]["below"] == 3
