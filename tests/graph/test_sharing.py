"""Entries that have the weights of another: counted, drawn, written, trained and stored once."""

import json

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from nnspec.codegen.load import load, load_weights, save_weights, state_of
from nnspec.codegen.write import write
from nnspec.exporting.builder import to_bytes
from nnspec.exporting.cases import Examples
from nnspec.exporting.lower import lower
from nnspec.exporting.verify import Trained, prove
from nnspec.graph import Network, parse_network
from nnspec.graph.cost import cost
from nnspec.graph.draw import mermaid
from nnspec.graph.explain import explain
from nnspec.graph.table import table
from nnspec.prepare import Preparation
from nnspec.runtime import open_session
from nnspec.spec.resolve import resolve
from nnspec.training.layerwise import layer_by_layer

SIAMESE = """
nnspec: 1
name: siamese
inputs: {left: [T, 6], right: [T, 6]}
blocks:
  tower:
    params: {width: required}
    layers: [{Linear: $width}, Tanh, {LSTM: 8}, Last]
layers:
  - {tower: 70, from: left, name: encoder}
  - {share: encoder, from: right}
  - {Mul: {}, from: [encoder, shared_1]}
  - {Linear: 8, name: mix}
  - {share: mix, repeat: 2}
  - Residual: [Tanh, {share: mix}]
outputs: {same: {}}
"""


class Hand(nn.Module):
    """What SIAMESE says, written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.lstm, self.mix = nn.Linear(6, 70), nn.LSTM(70, 8, batch_first=True), nn.Linear(8, 8)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return self.lstm(torch.tanh(self.linear(x)))[0][:, -1]

    def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        x = self.mix(self.mix(self.mix(self.encode(left) * self.encode(right))))
        return x + self.mix(torch.tanh(x))


@pytest.fixture(scope="module")
def siamese() -> Network:
    return parse_network(SIAMESE)


def module(network: Network) -> nn.Module:
    return load(write(network.graph), "net.py", {})


def test_weights_count_where_they_stand_and_work_counts_at_each_call(siamese):
    total = cost(siamese.graph)
    own = (6 * 70 + 70) + 4 * 8 * (70 + 8 + 2) + (8 * 8 + 8)
    assert total.parameters == own
    assert total.layers["mix"].macs == total.layers["shared_2.1"].macs == 64
    assert total.layers["encoder.linear_1"].macs == total.layers["shared_1.linear_1"].macs


def test_tables_and_drawings_say_whose_weights_they_are(siamese):
    text = table(siamese.graph)
    assert "(encoder.linear_1's)" in text and text.count("(mix's)") == 3
    assert "the weights of mix" in mermaid(siamese.graph)
    assert "  linear_1  Linear(70) → T×70, the weights of encoder.linear_1" in explain(siamese)


def test_a_step_of_training_is_that_of_a_net_written_by_hand(siamese):
    torch.manual_seed(0)
    ours, hand = module(siamese), Hand()
    hand.load_state_dict(dict(zip(hand.state_dict(), (x.clone() for x in state_of(ours).values()), strict=True)))
    left, right = torch.randn(4, 5, 6), torch.randn(4, 5, 6)
    for net in (ours, hand):
        optimizer = torch.optim.SGD(net.parameters(), lr=0.5, momentum=0.9)
        for _ in range(2):
            optimizer.zero_grad()
            net(left, right).square().mean().backward()
            optimizer.step()
    assert [name for name, _ in ours.named_parameters()][-2:] == ["mix.weight", "mix.bias"]
    for mine, theirs in zip(ours.parameters(), hand.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_weights_are_saved_once_and_come_back(siamese, tmp_path):
    first, second, third = module(siamese), module(siamese), module(siamese)
    path = tmp_path / "weights.safetensors"
    save_weights(first, path)
    assert set(safetensors.torch.load_file(path)) == {name for name, _ in first.named_parameters()}
    load_weights(second, path)
    assert '    safetensors.torch.load_model(net, "weights.safetensors")\n' in write(siamese.graph).text
    safetensors.torch.load_model(third, path)
    x = torch.randn(2, 3, 6), torch.randn(2, 3, 6)
    assert torch.equal(first(*x), second(*x)) and torch.equal(first(*x), third(*x))


def test_the_file_holds_shared_weights_once_and_is_proven(siamese):
    torch.manual_seed(0)
    subject = Trained(siamese.spec, siamese.graph, module(siamese).eval(), Preparation({}, {}), Examples())
    weights = {name: tensor.numpy() for name, tensor in state_of(subject.module).items()}
    model = lower(subject.spec, subject.graph, weights, subject.preparation, opset=20)
    large = [x.name for x in model.graph.initializer if np.prod(x.dims) >= 6 * 70]
    assert large == ["encoder.linear_1.weight.T", "encoder.lstm_1.weight_ih_l0"]
    names = [node.name for node in model.graph.node]
    assert "encoder.lstm_1" in names and "shared_1.lstm_1" in names
    assert prove(open_session(to_bytes(model)), subject).proven


def test_the_long_form_is_the_same_network(siamese):
    document = resolve(siamese.spec)
    assert document["layers"][1] == {"name": "shared_1", "from": ["right"], "share": "encoder"}
    again = parse_network(json.dumps(document), json=True)
    assert write(again.graph).text == write(siamese.graph).text


def test_a_module_whose_first_call_reaches_nothing_stands_for_those_that_do():
    network = parse_network(
        "nnspec: 1\nname: n\ninputs: {x: [4]}\nlayers: [{Linear: 4, name: a}, {share: a, from: x, name: b}]\n"
        "outputs: {y: {}}\n"
    )
    net = module(network)
    x = torch.randn(3, 4)
    assert torch.equal(net(x), net.get_submodule("a")(x))
    assert [found.code for found in network.warnings] == []


@pytest.mark.parametrize(
    "layers",
    [
        "{b: {}, name: one}, {share: one, name: two}, {share: two, name: three, repeat: 2}",
        "{b: {}, name: one, repeat: 3}, {share: one, name: two}, {Residual: [{share: two}]}",
    ],
)
def test_what_shares_may_be_shared(layers):
    blocks = "blocks:\n  b: [{Linear: 4, name: a}, Tanh, {share: a}]"
    text = f"nnspec: 1\nname: n\ninputs: {{x: [4]}}\n{blocks}\nlayers: [{layers}]\noutputs: {{y: {{}}}}\n"
    network = parse_network(text)
    net = module(network)
    assert len(list(net.parameters())) == (6 if "repeat: 3" in layers else 2)
    x = torch.randn(2, 4)
    (port,) = network.graph.outputs.values()
    torch.testing.assert_close(net(x), layer_by_layer(network.graph, net, (x,))[port])


def test_batch_norm_in_a_shared_module_sees_both_calls():
    network = parse_network(
        "nnspec: 1\nname: n\ninputs: {x: [4], y: [4]}\nlayers:\n  - {BatchNorm1d: {}, from: x, name: norm}\n"
        "  - {share: norm, from: y, name: other}\n  - {Add: {}, from: [norm, other]}\noutputs: {z: {}}\n"
    )
    net, hand = module(network), nn.BatchNorm1d(4)
    x, y = torch.randn(8, 4), torch.randn(8, 4) + 3
    net(x, y), hand(x), hand(y)
    assert torch.equal(net.get_buffer("norm.running_mean"), hand.running_mean)
