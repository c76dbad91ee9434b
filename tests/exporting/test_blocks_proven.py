"""Networks of blocks as modules and as ONNX files: one is the other."""

from pathlib import Path

import pytest
import torch
from exported import golden, lowered, trained

from nnspec.exporting.builder import to_bytes
from nnspec.exporting.verify import prove
from nnspec.graph import load_network, parse_network
from nnspec.runtime import open_session

RESNET = Path(__file__).parents[2] / "specs" / "vision" / "resnet.yaml"
SMALL = ["params.size=33", "params.classes=7"]
RESNET_50 = ["params.block=bottleneck", "params.depths=[3, 4, 6, 3]"]


@pytest.mark.parametrize("overrides", [[], RESNET_50], ids=["resnet18", "resnet50"])
def test_a_resnet_is_proven(overrides):
    subject = trained(load_network(RESNET, SMALL + overrides))
    assert subject.module(torch.zeros(2, 3, 33, 33)).shape == (2, 7)
    assert prove(open_session(to_bytes(lowered(subject))), subject).proven


def test_every_kind_of_part_is_proven():
    subject = trained(golden("blocks"))
    assert prove(open_session(to_bytes(lowered(subject))), subject).proven


PARTS = """nnspec: 1
inputs: {x: [5]}
layers: [{Split: {split_size: [2, 3]}, name: parts}, {Linear: 2, from: parts.%d}]
"""


@pytest.mark.parametrize("part", [0, 1])
def test_a_part_that_nothing_takes_is_proven(part):
    subject = trained(parse_network(PARTS % part))
    assert prove(open_session(to_bytes(lowered(subject))), subject).proven


USES = """nnspec: 1
inputs: {x: [6]}
imports: {inner: {nnspec: 1, params: {width: 2}, inputs: {a: [1], b: [1]}, layers: [
  {Concat: null, from: [a, b]}, Linear: $width]}}
params: {kind: Residual}
blocks:
  mix: {inputs: [p, q], layers: [{inner: {width: 3}, from: [q, p]}, Tanh]}
layers:
  - {Linear: 6, repeat: 3, name: stage}
  - $kind: [Linear: 6, ReLU]
  - Branches: {paths: [[Linear: 4], []], merge: mix}
  - {Concat: null, from: [_, stage.0, stage.1]}
  - {inner: null, from: [_, x]}
"""


def test_merging_blocks_single_turns_and_imports_are_proven():
    subject = trained(parse_network(USES))
    assert subject.module(torch.zeros(2, 6)).shape == (2, 2)
    assert prove(open_session(to_bytes(lowered(subject))), subject).proven


def test_weights_are_named_by_their_place():
    subject = trained(load_network(RESNET, [*SMALL, "params.depths=[1, 2, 1, 1]"]))
    state = subject.module.state_dict()
    wanted = {
        f"{vertex.name}.{name}": shape
        for vertex in subject.graph
        for name, shape in vertex.layer.parameters(*vertex.arrives).items()
    }
    assert wanted.items() <= {name: tuple(tensor.shape) for name, tensor in state.items()}.items()
    assert "stage2.1.body.conv_bn_2.conv2d_1.weight" in state
