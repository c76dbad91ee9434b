"""Groups of the optimizer: each parameter is moved as the first group that matches says."""

import json

import pytest
import torch
from trainings import Training, copy_of, line_with_noise, trained, two_kinds

from nnspec.diagnostics import SpecError
from nnspec.graph import parse_network
from nnspec.graph.cost import cost
from nnspec.graph.explain import explain
from nnspec.spec.resolve import resolve
from nnspec.training.compiled.step import CompiledStep
from nnspec.training.optimizer import members

NET = """
nnspec: 1
inputs: {x: [4]}
layers: [{Linear: 8, name: first}, Tanh, {Linear: 1, name: last}]
outputs: {y: {loss: MSELoss}}
train: {epochs: 3, batch_size: 16}
scheduler: {StepLR: {step_size: 1, gamma: 0.5}}
"""
ONE_TYPE = """optimizer:
  - {match: "first.*", AdamW: {lr: 1e-4}}
  - {match: "*.bias", AdamW: {weight_decay: 0}}
  - AdamW: {lr: 1e-2}
"""
TWO_TYPES = 'optimizer: [{match: "*.bias", SGD: {lr: 0.1, momentum: 0.9}}, {AdamW: {lr: 1e-2}}]\n'


def by_hand(net, groups):
    first, last = net.first, net.last
    if groups == ONE_TYPE:
        said = [
            {"params": list(first.parameters()), "lr": 1e-4},
            {"params": [last.bias], "lr": 1e-3, "weight_decay": 0},
            {"params": [last.weight], "lr": 1e-2},
        ]
        return [torch.optim.AdamW(said)]
    biases, weights = [first.bias, last.bias], [first.weight, last.weight]
    return [torch.optim.SGD(biases, lr=0.1, momentum=0.9), torch.optim.AdamW(weights, lr=1e-2)]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("groups", [ONE_TYPE, TWO_TYPES])
def test_groups_learn_as_a_loop_by_hand(groups, compiled):
    ours, theirs = (Training(NET + groups, line_with_noise()) for _ in range(2))
    if compiled:
        ours.learner.update = CompiledStep(ours.learner.plain)
    ours.run()
    optimizers = by_hand(theirs.net, groups)
    schedules = [torch.optim.lr_scheduler.StepLR(one, step_size=1, gamma=0.5) for one in optimizers]
    order = torch.Generator().manual_seed(0)
    for _ in range(3):
        for batch in [batch for chunk in theirs.data.shuffled(16, order) for batch in chunk]:
            for one in optimizers:
                one.zero_grad()
            torch.nn.functional.mse_loss(theirs.net(*batch.inputs), batch.targets[0]).backward()
            for one in optimizers:
                one.step()
        for schedule in schedules:
            schedule.step()
    wanted = copy_of(theirs.net)
    assert all(torch.allclose(tensor, wanted[name], atol=1e-6) for name, tensor in ours.net.state_dict().items())


def test_one_type_is_one_optimizer_of_torch_and_two_types_are_two():
    one, two = (Training(NET + groups, line_with_noise()).learner.optimizer for groups in (ONE_TYPE, TWO_TYPES))
    names = [[group["param_names"] for group in member.param_groups] for member in members(one)]
    assert names == [[["first.weight", "first.bias"], ["last.bias"], ["last.weight"]]]
    names = [[group["param_names"] for group in member.param_groups] for member in members(two)]
    assert names == [[["first.bias", "last.bias"]], [["first.weight", "last.weight"]]]


def test_a_group_that_learns_nothing_is_no_group_of_torchs():
    text = NET.replace("name: first}", "name: first, freeze: true}") + ONE_TYPE
    (member,) = members(Training(text, line_with_noise()).learner.optimizer)
    assert [group["param_names"] for group in member.param_groups] == [["last.bias"], ["last.weight"]]


@pytest.mark.parametrize("groups", [ONE_TYPE, TWO_TYPES])
def test_resolved_groups_are_the_same_groups(groups):
    spec = parse_network(NET + groups).spec
    document = resolve(spec)
    assert parse_network(json.dumps(document)).spec.optimizer == spec.optimizer
    assert document["optimizer"][-1]["match"] == "*"


def test_groups_keep_what_their_optimizers_keep():
    network = parse_network(NET + TWO_TYPES)
    assert cost(network.graph, network.spec.optimizer).state == ((8 + 1) + 2 * (4 * 8 + 8)) * 4


def test_a_group_of_muon_has_its_partner_for_what_is_no_matrix():
    text = NET + 'optimizer: [{match: "first.*", Muon: {lr: 0.02}}, {AdamW: {lr: 1e-2}}]'
    muon, adamw = members(Training(text, line_with_noise()).learner.optimizer)
    assert [group["param_names"] for group in muon.param_groups] == [["first.weight"]]
    assert [(group["param_names"], group["lr"]) for group in adamw.param_groups] == [
        (["first.bias"], 1e-3),
        (["last.weight", "last.bias"], 1e-2),
    ]


def test_the_explanation_tells_each_group():
    text = explain(parse_network(NET + TWO_TYPES))
    assert "*.bias: SGD: Stochastic gradient descent, with momentum where asked" in text
    assert "all other parameters: AdamW: " in text
    assert "For *.bias, " in text
    assert "; for all other parameters, " in text


def test_one_rate_for_all_groups_may_go_up_and_down(tmp_path):
    groups = "optimizer=[{match: '*.bias', AdamW: {weight_decay: 0}}, AdamW]"
    network = two_kinds(tmp_path, groups, "scheduler={OneCycleLR: {max_lr: 1e-2}}", "train.epochs=2")
    _, result = trained(network, tmp_path / "run")
    assert result.epochs == 2


def test_a_cycle_of_the_momentum_needs_one_in_every_group():
    text = NET.replace("{StepLR: {step_size: 1, gamma: 0.5}}", "{OneCycleLR: {max_lr: 0.1}}")
    with pytest.raises(SpecError) as caught:
        parse_network(text + 'optimizer: [{match: "*.bias", SGD: {lr: 0.1, momentum: 0.9}}, {SGD: {lr: 0.1}}]')
    assert [found.message for found in caught.value.diagnostics] == ["OneCycleLR moves the momentum, but SGD has none"]


def test_the_explanation_tells_how_many_batches_a_step_takes():
    text = NET.replace("batch_size: 16", "batch_size: 16, accumulate: 4").replace("inputs:", "data: rows.csv\ninputs:")
    assert "3 times through the training examples, 4 times 16 examples a step." in explain(
        parse_network(text + TWO_TYPES)
    )
