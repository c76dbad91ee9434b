"""Weights that are tied, frozen, or begin as the spec says."""

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from nnspec.codegen.load import load, load_weights, save_weights, state_of
from nnspec.codegen.write import write
from nnspec.diagnostics import SpecError
from nnspec.exporting.builder import to_bytes
from nnspec.exporting.cases import Examples
from nnspec.exporting.lower import lower
from nnspec.exporting.verify import Trained, prove
from nnspec.graph import Network, load_network, parse_network
from nnspec.graph.cost import cost
from nnspec.graph.draw import dot
from nnspec.graph.explain import explain_layer
from nnspec.graph.table import table
from nnspec.objectives import INITIALIZERS
from nnspec.prepare import Preparation
from nnspec.pycode import name
from nnspec.runtime import open_session
from nnspec.training.needs import check_trainable
from nnspec.training.optimizer import make_optimizer

LANGUAGE_MODEL = """
nnspec: 1
name: lm
params: {vocab: 60, d: 32}
inputs: {tokens: {shape: [T], dtype: int64}}
layers:
  - {Embedding: {num_embeddings: $vocab, embedding_dim: $d}, name: embed}
  - {LSTM: $d}
  - {Linear: {out_features: $vocab, bias: false}, name: head, tie: {weight: embed.weight}}
outputs: {next: {}}
"""


class HandLanguageModel(nn.Module):
    """What LANGUAGE_MODEL says, written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.lstm = nn.Embedding(60, 32), nn.LSTM(32, 32, batch_first=True)
        self.head = nn.Linear(32, 60, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(self.embed(tokens))[0])


def spec(layers: str, more: str = "") -> Network:
    return parse_network(f"nnspec: 1\nname: n\ninputs: {{x: [6]}}\nlayers:\n{layers}\noutputs: {{y: {{}}}}\n{more}\n")


def module(network: Network, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return load(write(network.graph), "net.py", {})


def init_lines(network: Network) -> list[str]:
    """What the last class's constructor does once its modules are made."""
    body = write(network.graph).text.rsplit("super().__init__()\n", 1)[1].split("\n\n")[0]
    return [line.strip() for line in body.splitlines() if "  # (" not in line]


@pytest.fixture(scope="module")
def lm() -> Network:
    return parse_network(LANGUAGE_MODEL)


def test_a_tied_parameter_is_one_parameter(lm):
    net = module(lm)
    assert init_lines(lm) == ["self.head.weight = self.embed.weight"]
    assert net.get_parameter("head.weight") is net.get_parameter("embed.weight")
    assert cost(lm.graph).parameters == sum(p.numel() for p in net.parameters())
    assert "those of embed\n" in explain_layer(lm, "head")
    assert "(embed's)" in table(lm.graph) and "the weights of embed" in dot(lm.graph)


def test_steps_with_tied_weights_are_those_of_a_net_written_by_hand(lm):
    ours = module(lm)
    torch.manual_seed(0)
    hand = HandLanguageModel()
    tokens = torch.randint(60, (3, 7), generator=torch.Generator().manual_seed(1))
    for net in (ours, hand):
        optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(tokens).transpose(1, 2), tokens.roll(-1, 1)).backward()
            optimizer.step()
    assert torch.equal(ours(tokens), hand(tokens))


def test_tied_weights_are_saved_once_and_come_back(lm, tmp_path):
    first, second, third = module(lm), module(lm, 1), module(lm, 2)
    path = tmp_path / "weights.safetensors"
    save_weights(first, path)
    assert "head.weight" not in safetensors.torch.load_file(path)
    load_weights(second, path)
    assert '    safetensors.torch.load_model(net, "weights.safetensors")\n' in write(lm.graph).text
    safetensors.torch.load_model(third, path)
    tokens = torch.arange(6)[None]
    assert torch.equal(first(tokens), second(tokens)) and torch.equal(first(tokens), third(tokens))
    assert third.get_parameter("head.weight") is third.get_parameter("embed.weight")


def test_the_file_holds_a_tied_table_once_and_is_proven(lm):
    subject = Trained(lm.spec, lm.graph, module(lm).eval(), Preparation({}, {}), Examples())
    weights = {key: tensor.numpy() for key, tensor in state_of(subject.module).items()}
    model = lower(subject.spec, subject.graph, weights, subject.preparation, opset=20)
    assert [x.name for x in model.graph.initializer if np.prod(x.dims) == 60 * 32] == ["embed.weight"]
    assert len(to_bytes(model)) < 4 * (60 * 32 + 2 * 4 * 32 * 33) + 4000
    assert prove(open_session(to_bytes(model)), subject).proven


def test_parameters_are_tied_across_blocks_and_turns():
    text = """
  - {Linear: 6, name: first}
  - Residual: [Tanh, {Linear: 6, name: fc, tie: {weight: first.weight}}]
    name: block
  - {Linear: 6, name: turns, repeat: 2, tie: {weight: block.body.fc.weight, bias: first.bias}}"""
    network = spec(text)
    assert init_lines(network) == [
        "self.block.body.fc.weight = self.first.weight",
        "self.turns[0].weight = self.first.weight",
        "self.turns[1].weight = self.first.weight",
        "self.turns[0].bias = self.first.bias",
        "self.turns[1].bias = self.first.bias",
    ]
    assert [name for name, _ in module(network).named_parameters()] == [
        "first.weight",
        "first.bias",
        "block.body.fc.bias",
    ]


def test_a_tie_within_a_block_stands_in_its_class():
    text = """
  - tied: {}
    repeat: 2
blocks:
  tied:
    layers: [{Linear: 6, name: a}, Tanh, {Linear: 6, name: b, tie: {weight: a.weight}}]"""
    source = write(spec(text).graph).text
    assert source.count("self.b.weight = self.a.weight") == 1
    assert len(list(module(spec(text)).parameters())) == 6


def test_a_layer_that_lends_a_parameter_stands_in_the_module_whatever_reads_it():
    network = spec("  - {Linear: 6, name: lender}\n  - {Linear: 6, from: x, tie: {weight: lender.weight}}")
    assert len(list(module(network).parameters())) == 3
    assert network.warnings == ()


def test_frozen_parameters_are_not_trained():
    text = """
  - {Linear: 5, name: first, freeze: true}
  - Residual: [Tanh, Linear: 5]
    freeze: $(1 > 0)
  - {Linear: 5, repeat: 2, name: stage, freeze: true}
  - {Linear: 2, name: head, freeze: false}"""
    network = spec(text, "optimizer: {SGD: {lr: 0.1}}")
    net = module(network)
    assert init_lines(network) == [
        "self.first.requires_grad_(False)",
        "self.residual_1.requires_grad_(False)",
        "self.stage.requires_grad_(False)",
    ]
    trained = [key for key, parameter in net.named_parameters() if parameter.requires_grad]
    assert trained == ["head.weight", "head.bias"]
    assert network.graph.frozen == {key for key, _ in net.named_parameters()} - set(trained)
    assert [len(group["params"]) for group in make_optimizer(network.spec, network.graph, net).param_groups] == [2]
    assert "parameters   137 (548 B), of which 12 are trained" in table(network.graph)


def test_a_tensor_of_its_own_is_filled_frozen_lent_and_shared_by_its_name():
    text = """
  - {Parameter: {shape: [6]}, name: own, freeze: true}
  - {Linear: {out_features: 6}, name: fc, from: x, tie: {bias: own}}
  - {Residual: [{share: own, name: again}, Tanh], name: block}
  - {Add: {}, from: [own, block]}"""
    network = spec(text, "init: [{match: own, ones_: {}}, {match: fc.weight, eye_: {}}]")
    net = module(network)
    assert [key for key, _ in net.named_parameters()] == ["own", "fc.weight"] == list(network.graph.parameters)
    assert network.graph.frozen == {"own"}
    assert net.block.body.again is net.own is net.fc.bias and torch.equal(net.own, torch.ones(6))
    x = torch.randn(2, 6)
    torch.testing.assert_close(net(x), x + 2 + torch.tanh(torch.ones(6)))


def test_a_parameter_tied_to_a_frozen_one_is_frozen():
    network = spec("  - {Linear: 6, name: a}\n  - Tanh\n  - {Linear: 6, tie: {weight: a.weight}, freeze: true}")
    net = module(network)
    assert network.graph.frozen == {"a.weight", "linear_1.bias"}
    assert {key for key, parameter in net.named_parameters() if not parameter.requires_grad} == network.graph.frozen


def test_a_parameter_tied_from_within_a_block_stays_frozen():
    text = """
  - {Linear: 6, name: a}
  - {Residual: [Tanh, {Linear: 6, name: b, tie: {weight: a.weight}, freeze: true}], name: inner}"""
    network = spec(text)
    net = module(network)
    assert init_lines(network) == ["self.inner.body.b.weight = self.a.weight", "self.a.weight.requires_grad_(False)"]
    assert network.graph.frozen == {"a.weight", "inner.body.b.bias"}
    assert {key for key, parameter in net.named_parameters() if not parameter.requires_grad} == network.graph.frozen


def test_a_spec_with_every_parameter_frozen_cannot_be_trained():
    text = "nnspec: 1\ndata: rows.csv\ninputs: {x: [2]}\nlayers: [{Linear: 1, freeze: true}]\n"
    text += "loss: MSELoss\noptimizer: SGD\n"
    network = parse_network(text)
    with pytest.raises(SpecError) as caught:
        check_trainable(network.spec, network.graph)
    assert str(caught.value) == (
        "spec.yaml: error[not-trainable]: the spec cannot be trained: every parameter is frozen\n"
        "  help  take `freeze` off what should learn"
    )


def test_parameters_begin_as_by_torch_called_by_hand():
    text = """
  - {Linear: 8, name: first, init: {weight: {kaiming_normal_: {mode: fan_out, nonlinearity: relu}}, bias: zeros_}}
  - ReLU
  - {Linear: 8, repeat: 3, name: stage, init: {weight: orthogonal_}}
  - {Linear: 2, name: head}"""
    rules = """
init:
  - {match: "head.*", constant_: 0.5}
  - {match: "*.bias", uniform_: {a: -1}}
  - {match: "*", ones_: {}}"""
    network = spec(text, rules)
    net = module(network, seed=3)
    torch.manual_seed(3)
    first, stage, head = nn.Linear(6, 8), [nn.Linear(8, 8) for _ in range(3)], nn.Linear(8, 2)
    nn.init.kaiming_normal_(first.weight, mode="fan_out", nonlinearity="relu")
    nn.init.zeros_(first.bias)
    for layer in stage:
        nn.init.orthogonal_(layer.weight)
    for layer in stage:
        nn.init.uniform_(layer.bias, a=-1)
    nn.init.constant_(head.weight, 0.5)
    nn.init.constant_(head.bias, 0.5)
    wanted = [parameter for layer in (first, *stage, head) for parameter in layer.parameters()]
    for mine, theirs in zip(net.parameters(), wanted, strict=True):
        assert torch.equal(mine, theirs)
    assert init_lines(network) == [
        'nn.init.kaiming_normal_(self.first.weight, mode="fan_out", nonlinearity="relu")',
        "nn.init.zeros_(self.first.bias)",
        "for layer in self.stage:",
        "nn.init.orthogonal_(layer.weight)",
        "# filled where they stand",
        'own = ("first.weight", "first.bias", "stage.0.weight", "stage.1.weight", "stage.2.weight")',
        "for name, parameter in self.named_parameters():",
        "if name in own:",
        "continue",
        'if fnmatchcase(name, "head.*"):',
        "nn.init.constant_(parameter, val=0.5)",
        'elif fnmatchcase(name, "*.bias"):',
        "nn.init.uniform_(parameter, a=-1.0)",
    ]


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_each_initializer_is_torchs(initializer):
    needed = {"constant_": {"val": 2.0}, "sparse_": {"sparsity": 0.5}}
    described = INITIALIZERS[initializer](**needed.get(initializer, {}))
    shape = (4, 2, 3) if initializer == "dirac_" else (4, 3)
    assert described.fault(shape) == ""
    ours, theirs = torch.empty(shape), torch.empty(shape)
    torch.manual_seed(0)
    exec(described.code(name("x")).text, {"nn": nn, "x": ours})
    torch.manual_seed(0)
    getattr(nn.init, initializer)(theirs, *needed.get(initializer, {}).values())
    assert torch.equal(ours, theirs)


def test_the_source_of_a_deep_resnet_with_rules_stays_short():
    depths = ["params.block=bottleneck", "params.depths=[3, 8, 36, 3]"]
    text = "specs/vision/resnet.yaml"
    rules = '[{match: "*conv2d*.weight", kaiming_normal_: {mode: fan_out}}, {match: "*norm*.weight", ones_: {}}]'
    network = load_network(text, [*depths, f"init={rules}"])
    source = write(network.graph).text
    assert "elif fnmatchcase(name," in source and len(source.splitlines()) < 250


def test_the_initializer_of_a_parameter_that_is_a_layer_stands_alone():
    text = "nnspec: 1\ninputs: {x: [4]}\nlayers:\n"
    text += "  - {Parameter: {shape: [3, 4]}, name: token, init: {trunc_normal_: {std: 0.02}}}\n"
    assert init_lines(parse_network(text)) == ["nn.init.trunc_normal_(self.token, std=0.02)"]


def test_a_tie_of_an_auxiliary_head_is_no_part_of_the_exported_network():
    network = parse_network(
        "nnspec: 1\ninputs: {x: [8]}\nlayers:\n  - {Linear: 4, name: first}\n"
        "  - {Linear: 4, from: x, name: second, tie: {weight: first.weight}}\n"
        "outputs: {main: {from: first, loss: MSELoss}, side: {from: second, loss: MSELoss, export: false}}\n"
    )
    assert list(network.graph.parameters) == ["first.weight", "first.bias", "second.bias"]
    assert list(network.graph.exported.parameters) == ["first.weight", "first.bias"]
    assert cost(network.graph).exported == 4 * 8 + 4
