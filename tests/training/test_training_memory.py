"""What does not fit is refused before it is made, or told where it ran out."""

import re

import pytest
import torch

from nnspec.diagnostics import SpecError
from nnspec.graph import parse_network
from nnspec.training import train_spec
from nnspec.training.memory import check_memory, exhaustion_told

SPEC = """nnspec: 1
data: sklearn:iris
inputs: {{flower: {{column: data, shape: [4]}}}}
layers:
  - Linear: {first}
  - Tanh
  - {{Linear: {second}, name: wide}}
  - ReLU
  - Linear: 3
outputs: {{species: {{column: target, loss: CrossEntropyLoss}}}}
optimizer: Adam
"""


def told(first: int, second: int, folder) -> str:
    network = parse_network(SPEC.format(first=first, second=second))
    with pytest.raises(SpecError) as caught:
        train_spec(network.spec, network.graph, folder, run_dir=folder / "run")
    assert not (folder / "run").exists()
    return str(caught.value)


def test_a_network_that_cannot_fit_is_refused_before_it_is_made(tmp_path):
    text = told(1_000_000, 1_000_000, tmp_path)
    assert re.sub(r"has [\d.]+ \w+$", "has SO MUCH", text.splitlines()[0]) == (
        "spec.yaml:7:6: error[limit]: training 1T parameters takes 14.6 TiB with gradients and the optimizer's state, "
        "and cpu has SO MUCH"
    )
    assert text.splitlines()[1:] == [
        "    7 |   - {Linear: 1000000, name: wide}",
        "      |      ^^^^^^",
        "  most  1T of them are Linear wide's",
        "  help  give it fewer features, or bring its input down before",
    ]


def test_parameters_that_each_fit_and_together_do_not_are_refused(tmp_path):
    assert "error[limit]: training " in told(10**17, 4, tmp_path)


def test_a_network_that_fits_passes():
    network = parse_network(SPEC.format(first=16, second=16))
    check_memory(network.spec, network.graph, torch.device("cpu"))


def test_a_step_that_runs_out_is_told():
    spec = parse_network(SPEC.format(first=16, second=16)).spec
    with pytest.raises(SpecError) as caught, exhaustion_told(spec):
        torch.empty(10**14)
    assert str(caught.value) == (
        "spec.yaml:1:1: error[limit]: a step on a batch of 32 takes more memory than there is\n"
        "    1 | nnspec: 1\n"
        "      | ^^^^^^^^^\n"
        "  help  a smaller `train: {batch_size: ...}` takes less; `accumulate: 2` takes the same step in two halves"
    )


def test_another_mistake_of_torchs_stays_what_it_is():
    spec = parse_network(SPEC.format(first=16, second=16)).spec
    with pytest.raises(RuntimeError, match="must match"), exhaustion_told(spec):
        torch.ones(2) + torch.ones(3)
