"""Parameters and expressions: computed where the graph is built, with what is known of each layer's input."""

import json

import pytest

from nnspec import source
from nnspec.diagnostics import Findings, SpecError
from nnspec.graph import build, parse_network
from nnspec.shapes import tensor
from nnspec.spec.resolve import resolve

WIDE = """nnspec: 1
name: net-$width
params: {width: 16, double: $(2 * width), act: GELU, kernel: [3, 5], price: $$5}
inputs: {image: {shape: [1, 8, w], column: a$$b}}
layers:
  - Conv2d: {out_channels: $width, kernel_size: $kernel, padding: same}
  - $act
  - Conv2d: {out_channels: $(in_channels * 2), kernel_size: "$(in_shape[1] // 2)"}
  - {$act: {approximate: tanh}, name: second}
  - Mean: "$([in_shape[2] > 3, 3] if false else [2, 3])"
  - Linear: $(in_features + double)
train: {epochs: $(width * 2)}
"""


def test_expressions_stand_anywhere():
    network = parse_network(WIDE.replace('"$([in_shape[2] > 3, 3] if false else [2, 3])"', "[2, 3]"))
    assert network.spec.name == "net-16"
    assert network.spec.train.epochs == 32
    assert network.spec.inputs["image"].columns == ("a$b",)
    assert [(vertex.name, vertex.kind, str(vertex.gives[0])) for vertex in network.graph] == [
        ("conv2d_1", "Conv2d", "(16, 8, w)"),
        ("act_1", "GELU", "(16, 8, w)"),
        ("conv2d_2", "Conv2d", "(32, 5, w - 3)"),
        ("second", "GELU", "(32, 5, w - 3)"),
        ("mean_1", "Mean", "(32)"),
        ("linear_1", "Linear", "(64)"),
    ]


def test_a_parameter_is_set_on_the_command_line():
    text = "nnspec: 1\nparams: {width: 16}\ninputs: {x: [8]}\nlayers:\n  - Linear: $width\n"
    spec = parse_network(text, overrides=["params.width=32"]).spec
    assert build(spec, Findings()).output_tensors["output"] == tensor("n 32")


def test_the_long_form_of_expressions_reads_back_as_the_same_network():
    first = parse_network(WIDE.replace('"$([in_shape[2] > 3, 3] if false else [2, 3])"', "[2, 3]"))
    document = resolve(first.spec)
    assert document["params"] == {"width": 16, "double": 32, "act": "GELU", "kernel": [3, 5], "price": "$$5"}
    assert document["layers"][1] == {"GELU": {"approximate": "none"}, "name": "act_1", "from": ["conv2d_1"]}
    assert document["layers"][2]["Conv2d"]["out_channels"] == "$(in_channels * 2)"
    again = parse_network(json.dumps(document), "spec.json", json=True)
    assert resolve(again.spec) == document
    assert [(v.name, v.layer, v.gives) for v in again.graph] == [(v.name, v.layer, v.gives) for v in first.graph]


def test_a_broken_parameter_is_told_once():
    text = """nnspec: 1
params: {width: $wdth, double: $(2 * width)}
inputs: {x: [8]}
layers:
  - Linear: $width
  - Linear: $double
  - Linear: $(in_features)
train: {epochs: $width}
"""
    with pytest.raises(SpecError) as caught:
        parse_network(text)
    assert [found.message for found in caught.value.diagnostics] == ["no parameter is named 'wdth'"]


def test_a_spec_without_expressions_is_read_as_it_stands():
    root = source.parse("nnspec: 1\ninputs: {x: [8]}\nlayers:\n  - Linear: 8\n", "spec.yaml")
    assert parse_network("nnspec: 1\ninputs: {x: [8]}\nlayers:\n  - Linear: 8\n").spec.root.plain() == root.plain()
