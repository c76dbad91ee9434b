"""What `nnspec layers` prints."""

import numpy as np
import pytest

from nnspec.diagnostics import SpecError
from nnspec.exporting.builder import GraphBuilder
from nnspec.layers import Layer, OnnxBuilder, Value, find, known
from nnspec.layers.describe import WIDTH, describe, flow, listing, summary
from nnspec.layers.find import FAMILY_OF
from nnspec.layers.layer import OPSETS, NotInOnnx
from nnspec.layers.operators import operator_lines, operators
from nnspec.shapes import parse_example

LINEAR = """\
Linear: Affine map of the last axis: y = x @ weight.T + bias.

  (..., in_features) -> (..., out_features)

arguments
  out_features     required  a whole number of at least 1
                             size of the last axis of the output
  bias             true      true or false
                             add a learnt offset
  parametrization  null      'weight_norm', 'spectral_norm' or null
                             how the weight is computed: `weight_norm` from lengths and directions,
                             `spectral_norm` as one that stretches nothing

examples, their shapes without the batch
  (20) -> (10)
    - Linear: 10
  (t, 8) -> (t, 4)
    - Linear: {out_features: 4, bias: false}
  (8) -> (4)
    - Linear: {out_features: 4, parametrization: weight_norm}
  (t, 6) -> (t, 4)
    - Linear: {out_features: 4, parametrization: spectral_norm}

in PyTorch, the first example
  nn.Linear(20, 10)

in ONNX
  Gemm, MatMul, Add"""


def test_a_layer_is_described_by_its_class():
    assert describe("Linear") == LINEAR


def test_several_outputs_are_named():
    line = "  output goes to the layer after it; `from: NAME.h_n` and `from: NAME.c_n` take the others"
    assert line in describe("LSTM").splitlines()


def test_several_inputs_stand_beside_the_layer():
    assert "    - Add:\n      from: [a, b]" in describe("Add")


def test_what_a_layer_is_lowered_to_is_told_by_opset():
    assert describe("GELU").endswith("in ONNX\n  opset 18 to 19: Mul, Erf, Add, Tanh\n  opset 20 to 28: Gelu")
    assert describe("Dropout").endswith("in ONNX\n  no node: its input as it is")
    assert list(operator_lines(Unexported)) == ["cannot be exported"]
    assert list(operator_lines(Refused)) == ["cannot be exported: ONNX has no dice"]


class Unexported(Layer):
    """Nothing."""

    examples = {"n 3 -> n 3": {}}


class Refused(Unexported):
    """Nothing."""

    def to_onnx(self, g: OnnxBuilder, x: Value) -> Value:
        raise g.refuse("ONNX has no dice")


@pytest.mark.parametrize("name", FAMILY_OF)
def test_the_operators_told_are_those_of_the_file(name: str):
    """What the builder of files gets is what the one that takes notes got, for every example and opset."""
    layer_type = find(name)
    assert layer_type is not None
    for text, arguments in layer_type.examples.items():
        layer, (takes, _) = layer_type(**arguments), parse_example(text)
        weights = {**layer.parameters(*takes), **layer.buffers(*takes)}
        stored = {".".join(filter(None, ["layer", key])): np.ones(shape, "f") for key, shape in weights.items()}
        for opset in OPSETS:
            graph = GraphBuilder(stored, opset)
            scope = graph.scope("layer", "layer")
            try:
                layer.to_onnx(scope, *(graph.input(f"x{place}", x) for place, x in enumerate(takes)))
            except NotInOnnx:
                with pytest.raises(NotInOnnx):
                    operators(layer, takes, opset)
                continue
            assert operators(layer, takes, opset) == [
                f"{node.domain}.{node.op_type}".lstrip(".") for node in scope.written
            ]


@pytest.mark.parametrize("name", known())
def test_every_layer_says_what_it_does_and_shows_it(name: str):
    text = describe(name)
    assert text.startswith(f"{name}: {summary(find(name) or object)}")
    assert " -> " in text
    assert "examples" in text
    assert "any value" not in text


def test_an_unknown_layer_is_told_with_the_one_meant():
    with pytest.raises(SpecError) as caught:
        describe("rleu")
    assert str(caught.value) == ("error[unknown-layer]: no layer type is named 'rleu'\n  help  did you mean 'ReLU'?")


def test_the_listing_holds_every_layer_below_its_family():
    lines = listing().splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == known()
    assert lines[0] == "linear"
    assert max(map(len, lines)) <= WIDTH


def test_values_are_written_as_yaml():
    value = {"a": [1, 2.5], "b": "same", "c": True, "d": None, "e": "no", "f": "b c -> b", "g": (1,)}
    assert flow(value) == '{a: [1, 2.5], b: same, c: true, d: null, e: "no", f: "b c -> b", g: [1]}'
