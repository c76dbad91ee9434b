"""Networks explained, word for word.

`NNSPEC_GOLDEN=1 pytest tests/graph/test_explained.py` writes the texts in tests/golden/explain: read the difference.
"""

import os
import re
from math import ceil, floor
from pathlib import Path

import pytest

from nnspec.diagnostics import SpecError
from nnspec.graph import load_network, parse_network
from nnspec.graph.explain import explain, explain_layer
from nnspec.layers import find, known
from nnspec.shapes import parse_example

ROOT = Path(__file__).parent.parent.parent
GOLDEN = ROOT / "tests" / "golden" / "explain"
BOTTLENECK = ["params.block=bottleneck", "params.depths=[3, 8, 36, 3]"]
SPECS = {
    "digits": ("specs/digits.yaml", []),
    "lstm": ("specs/lstm.yaml", []),
    "linear_regression": ("specs/linear_regression.yaml", []),
    "perceptron": ("specs/perceptron.yaml", []),
    "resnet152": ("specs/vision/resnet.yaml", BOTTLENECK),
}
EXAMPLES = [
    pytest.param(layer(**arguments), parse_example(text), id=f"{name} {text}")
    for name in known()
    if (layer := find(name))
    for text, arguments in layer.examples.items()
]


@pytest.mark.parametrize("name", SPECS)
def test_a_network_is_explained(name):
    path, overrides = SPECS[name]
    text = explain(load_network(ROOT / path, overrides)) + "\n"
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("NNSPEC_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_a_network_of_152_layers_stays_readable():
    text = explain(load_network(ROOT / "specs/vision/resnet.yaml", BOTTLENECK))
    assert len(text.splitlines()) < 230
    assert "stage3.1 … stage3.35  ×35  bottleneck(256): 1024×14×14 → 1024×14×14, 1,117,184 parameters each" in text


def test_one_layer_is_explained_alone():
    network = load_network(ROOT / "specs/digits.yaml")
    assert explain_layer(network, "linear_1") == (
        "linear_1  Linear(10)\n"
        "  10 weighted sums of all 1024 numbers, plus an offset each: every input number has a weight of its own in\n"
        "  each.\n"
        "  out_features 10  size of the last axis of the output\n"
        "  shape            1024 → 10\n"
        "  parameters       weight 10·1024 + bias 10 = 10,250\n"
        "  MACs             10,240 multiplications, each with an addition, for one example\n"
        "  sees             all of image"
    )


def test_one_block_is_explained_alone():
    text = explain_layer(load_network(ROOT / "specs/vision/resnet.yaml"), "stem")
    assert text.startswith("stem  conv_bn(64, kernel=7, stride=2): 3×224×224 → 64×112×112, 9,536 parameters")


def test_a_layer_that_is_not_there_is_one_error():
    with pytest.raises(SpecError) as caught:
        explain_layer(load_network(ROOT / "specs/digits.yaml"), "conv_1")
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == ("unknown-name", "the network has no layer or block 'conv_1'")
    assert found.help.startswith("did you mean 'conv2d_")


@pytest.mark.parametrize(("layer", "tensors"), EXAMPLES)
def test_every_layer_is_explained_on_every_example(layer, tensors):
    inputs, outputs = tensors
    words, sees = layer.in_words(*inputs), layer.sees(*inputs)
    assert words.endswith(".") and "\n" not in words
    assert sees is None or len(sees) == outputs[0].rank - 1
    assert sees is None or all(along is None or 1 <= along.axis < inputs[0].rank for along in sees)
    for _, line in layer.size_lines(*inputs):
        formula, _, result = line.rpartition(" = ")
        numbers = formula.replace("·", "*")
        if re.fullmatch(r"[-+*/() \d]*((floor|ceil)[-+*/() \d]*)*", numbers):
            # Only digits, operators and the two roundings are left of it.
            assert eval(numbers, {"floor": floor, "ceil": ceil}) == int(result)


def test_a_long_network_is_explained_in_time_that_grows_with_it():
    layers = "\n".join(["  - Linear: 8\n  - ReLU"] * 2_000)
    text = explain(parse_network(f"nnspec: 1\ninputs: {{x: [8]}}\nlayers:\n{layers}\n"))
    assert text.count("Linear(8)") == 2_000
