"""Frozen parameters that are trained later: from the beginning of their epoch, as a loop by hand would."""

import pytest
import torch
from torch.nn.functional import mse_loss
from trainings import Training, copy_of, line_with_noise, trained, two_kinds

from nnspec.graph import parse_network
from nnspec.graph.cost import cost
from nnspec.training.compiled.step import CompiledStep

NET = """
nnspec: 1
inputs: {x: [4]}
layers: [{Linear: 8, name: one, freeze: true}, Tanh, {Linear: 8, name: two, freeze: true}, {Linear: 1, name: last}]
outputs: {y: {loss: MSELoss}}
optimizer: {AdamW: {lr: 1e-2}}
train: {epochs: 4, batch_size: 16, unfreeze: {"two.*": 2, "*.bias": 3}}
"""


KINDS = {
    "AdamW: {lr: 1e-2}": lambda x: torch.optim.AdamW(x, lr=1e-2),
    "SGD: {lr: 0.01, momentum: 0.9}": lambda x: torch.optim.SGD(x, lr=0.01, momentum=0.9),
}


def by_hand(training, kind, epochs=4):
    net, order = training.net, torch.Generator().manual_seed(0)
    optimizer = KINDS[kind](net.parameters())
    for epoch in range(1, epochs + 1):
        for parameter in net.two.parameters() if epoch == 2 else [net.one.bias] if epoch == 3 else []:
            parameter.requires_grad_(True)
        for batch in [batch for chunk in training.data.shuffled(16, order) for batch in chunk]:
            optimizer.zero_grad()
            mse_loss(net(*batch.inputs), batch.targets[0]).backward()
            optimizer.step()
    return copy_of(net)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_frozen_learns_from_its_epoch_on(kind, compiled):
    ours, theirs = (Training(NET.replace("AdamW: {lr: 1e-2}", kind), line_with_noise()) for _ in range(2))
    first, told = copy_of(ours.net), []
    ours.learner.tell = told.append
    if compiled:
        ours.learner.update = CompiledStep(ours.learner.plain)
    ours.run()
    found, wanted = copy_of(ours.net), by_hand(theirs, kind)
    assert all(torch.allclose(found[name], wanted[name], atol=1e-6) for name in wanted)
    assert [name for name in first if first[name].equal(found[name])] == ["one.weight"]
    assert told == [
        "epoch 2: two.weight, two.bias are trained from here on",
        "epoch 3: one.bias is trained from here on",
    ]


def test_a_state_knows_what_was_trained_then():
    training = Training(NET, line_with_noise())
    training.learner.begin_epoch(1)
    state = training.learner.state()
    training.learner.begin_epoch(3)
    later = training.learner.state()["trained"]
    training.learner.go_back(state)
    assert training.learner.state()["trained"] == ["last.weight", "last.bias"]
    assert later == ["one.bias", "two.weight", "two.bias", "last.weight", "last.bias"]


def test_what_learns_later_costs_as_what_learns():
    network = parse_network(NET)
    assert network.graph.fixed == {"one.weight"}
    assert cost(network.graph).trained == 8 + (64 + 8) + (8 + 1)


def test_a_run_goes_through_its_unfreezing_in_the_compiled_form(tmp_path):
    layers = "layers=[{Linear: 8, name: one, freeze: true}, ReLU, {Linear: 2}]"
    plain, compiled = (
        trained(
            two_kinds(tmp_path, layers, "train.unfreeze={'one.*': 3}", "train.epochs=5", f"train.compile={form}"),
            tmp_path / form,
        )[0]
        for form in ("off", "step")
    )
    assert [line["train_loss"] for line in plain.metrics()] == pytest.approx(
        [line["train_loss"] for line in compiled.metrics()], rel=1e-6
    )
