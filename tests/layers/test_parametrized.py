"""Weights that are computed from others: as torch.nn.utils.parametrizations has them, and whole in an exported file."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from nnspec.codegen.load import load
from nnspec.codegen.write import write
from nnspec.exporting.builder import to_bytes
from nnspec.exporting.cases import Examples
from nnspec.exporting.lower import lower
from nnspec.exporting.verify import Trained, prove
from nnspec.graph import parse_network
from nnspec.graph.cost import cost
from nnspec.prepare import Preparation
from nnspec.runtime import open_session

SPEC = """nnspec: 1
inputs: {{image: [2, 6, 6]}}
layers:
  - {{Conv2d: {{out_channels: 4, kernel_size: 3, parametrization: {how}}}, name: conv}}
  - Flatten
  - {{Linear: {{out_features: 3, parametrization: {how}}}, name: head}}
outputs: {{y: {{}}}}
"""
BOTH = ["weight_norm", "spectral_norm"]


def network(how):
    return parse_network(SPEC.format(how=how))


def by_hand(how):
    wrap = getattr(parametrizations, how)
    module = nn.Sequential(wrap(nn.Conv2d(2, 4, 3)), nn.Flatten(), wrap(nn.Linear(64, 3)))
    return module, {"0": "conv", "2": "head"}


def seeded(how):
    torch.manual_seed(0)
    return load(write(network(how).graph), "net.py", {})


@pytest.mark.parametrize("how", BOTH)
def test_names_order_and_shapes_are_torchs(how):
    graph = network(how).graph
    reference, names = by_hand(how)
    renamed = [
        (f"{names[name.partition('.')[0]]}.{name.partition('.')[2]}", tuple(x.shape))
        for name, x in reference.named_parameters()
    ]
    assert list(graph.parameters.items()) == renamed
    assert cost(graph).parameters == sum(x.numel() for x in reference.parameters())
    assert [name.partition(".")[2] for name in seeded(how).state_dict()] == [
        name.partition(".")[2] for name in reference.state_dict()
    ]


@pytest.mark.parametrize("how", BOTH)
def test_a_step_of_training_is_torchs(how):
    module = seeded(how).double()
    reference, _ = by_hand(how)
    reference.double()
    with torch.no_grad():
        for theirs, ours in zip(reference.state_dict().values(), module.state_dict().values(), strict=True):
            theirs.copy_(ours)
    x = torch.randn(5, 2, 6, 6, dtype=torch.float64)
    for each in (module, reference):
        each.train()
        each(x).square().mean().backward()
        torch.optim.SGD(each.parameters(), lr=0.1).step()
        each.eval()
    torch.testing.assert_close(module(x), reference(x))
    for theirs, ours in zip(reference.state_dict().values(), module.state_dict().values(), strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("how", BOTH)
def test_the_file_holds_the_weight_that_they_give(how):
    found, module = network(how), seeded(how)
    for _ in range(3):
        module(torch.randn(4, 2, 6, 6))  # which brings the singular vectors nearer
    for tensor in module.parameters():
        tensor.data.mul_(1.5)
    module.eval()
    subject = Trained(found.spec, found.graph, module, Preparation({}, {}), Examples())
    weights = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    model = lower(found.spec, found.graph, weights, subject.preparation, opset=20)
    assert prove(open_session(to_bytes(model)), subject).proven
    assert [node.op_type for node in model.graph.node] == ["Conv", "Flatten", "Gemm"]
    assert not [stored.name for stored in model.graph.initializer if "original" in stored.name]


def test_a_spectral_norm_stretches_no_vector():
    module = seeded("spectral_norm")
    for _ in range(200):
        module(torch.randn(1, 2, 6, 6))
    assert torch.linalg.matrix_norm(module.eval().head.weight, 2).item() == pytest.approx(1, rel=1e-3)
