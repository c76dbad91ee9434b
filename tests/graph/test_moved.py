"""Which optimizer moves which parameter: Muon the hidden matrices, its AdamW all others."""

import torch

from nnspec.codegen.load import load
from nnspec.codegen.write import write
from nnspec.graph import parse_network
from nnspec.graph.cost import cost
from nnspec.graph.moved import moved
from nnspec.training.optimizer import make_optimizer, put_back, state_of

TEXT = """\
nnspec: 1
inputs: {words: {shape: [T], dtype: int64}}
layers:
  - Embedding: {num_embeddings: 20, embedding_dim: 8}
    name: embed
  - LayerNorm
  - Linear: 16
    name: up
  - ReLU
  - Linear: 8
    name: down
    freeze: FREEZE
  - Linear: 20
    name: head
    TIE
outputs: {next: {loss: CrossEntropyLoss, from: last}}
optimizer: {Muon: {lr: 0.02, adamw: {lr: 3e-3}}}
"""


def _network(freeze="false", tie=""):
    text = TEXT.replace("FREEZE", freeze).replace("    TIE\n", tie)
    return parse_network(text.replace("outputs:", "  - Transpose: {dim0: 1, dim1: 2}\n    name: last\noutputs:"))


def _names(network):
    return {type(mover).__name__: names for mover, names in moved(network.graph, network.spec.optimizer)}


def test_muon_moves_hidden_matrices_and_adamw_the_rest():
    assert _names(_network()) == {
        "Muon": ["up.weight", "down.weight"],
        "AdamW": [
            *("embed.weight", "layernorm_1.weight", "layernorm_1.bias", "up.bias", "down.bias"),
            *("head.weight", "head.bias"),
        ],
    }


def test_what_is_frozen_is_moved_by_neither():
    assert _names(_network(freeze="true"))["Muon"] == ["up.weight"]


def test_a_head_tied_to_an_embedding_is_its_embedding():
    names = _names(_network(tie="    tie: {weight: embed.weight}\n"))
    assert names["Muon"] == ["up.weight", "down.weight"]
    assert "head.weight" not in names["AdamW"]


def test_each_part_costs_what_its_optimizer_keeps():
    network = _network()
    matrices, others = 2 * 8 * 16, 20 * 8 + 8 + 8 + 16 + 8 + 20 * 8 + 20
    assert cost(network.graph, network.spec.optimizer).state == (matrices + 2 * others) * 4


def test_a_step_moves_all_and_its_state_can_be_put_back():
    network = _network()
    torch.manual_seed(0)
    net = load(write(network.graph), "net.py", {})
    optimizer = make_optimizer(network.spec, network.graph, net)
    assert [type(member).__name__ for member in optimizer.members] == ["Muon", "AdamW"]
    assert [group["lr"] for group in optimizer.param_groups] == [0.02, 3e-3]
    words = torch.randint(0, 20, (4, 5))

    def step():
        optimizer.zero_grad()
        net(words).square().mean().backward()
        before = {name: x.detach().clone() for name, x in net.named_parameters()}
        optimizer.step()
        return {name: x.detach() - before[name] for name, x in net.named_parameters()}

    assert all(change.abs().sum() > 0 for change in step().values())
    kept, weights = state_of(optimizer), {k: v.clone() for k, v in net.state_dict().items()}
    first = step()
    net.load_state_dict(weights)
    put_back(optimizer, kept)
    for name, change in step().items():
        assert torch.equal(change, first[name]), name
    optimizer.param_groups[0]["lr"] = 0.5
    assert optimizer.members[0].param_groups[0]["lr"] == 0.5
