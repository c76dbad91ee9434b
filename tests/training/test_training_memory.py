"""What does not fit is refused before it is made, or told where it ran out."""

import re

import pytest
import torch

from nnspec.diagnostics import SpecError
from nnspec.graph import parse_network
from nnspec.training import train_spec
from nnspec.training.memory import check_disk, check_memory, exhaustion_told, memory_of

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


def exhausted(first: int, batch_size: int) -> str:
    text = SPEC.format(first=first, second=16) + f"train: {{batch_size: {batch_size}}}\n"
    network = parse_network(text)
    cpu = torch.device("cpu")
    with pytest.raises(SpecError) as caught, exhaustion_told(network.spec, network.graph, {}, cpu):
        torch.empty(10**14)
    return str(caught.value)


def test_a_step_that_runs_out_is_told():
    assert exhausted(16, 32) == (
        "spec.yaml:12:21: error[limit]: a step on a batch of 32 takes more memory than there is\n"
        "   12 | train: {batch_size: 32}\n"
        "      |                     ^^\n"
        "  help  a smaller `train: {batch_size: ...}` takes less; `accumulate: 2` takes the same step in two halves"
    )


def test_a_batch_that_would_fit_is_named():
    text = exhausted(10_000_000, 100_000)
    there = memory_of(torch.device("cpu"))
    assert there
    found = re.search(r"help  by reckoning `train: \{batch_size: (\d+)\}` fits; `accumulate: 2` takes", text)
    assert found
    size = int(found[1])
    assert size & (size - 1) == 0
    assert size * 4 * 10_000_000 < there


def test_a_disk_that_is_too_small_is_told_before_anything_is_made(tmp_path):
    network = parse_network(SPEC.format(first=10**9, second=10**9))
    with pytest.raises(SpecError) as caught:
        check_disk(network.spec, network.graph, tmp_path / "runs" / "net")
    text = str(caught.value).replace(str(tmp_path), "HERE")
    assert re.sub(r"with [\d.]+ \w+ free", "with SO MUCH free", text) == (
        "error[run-folder]: HERE/runs/net stands on a disk with SO MUCH free, and this training keeps up to 34.7 EiB: "
        "weights, the exported file, and 2 states to go on from\n"
        "  help  free some, or give a folder on another disk: --run DIR"
    )


def test_another_mistake_of_torchs_stays_what_it_is():
    network = parse_network(SPEC.format(first=16, second=16))
    exhaustion = exhaustion_told(network.spec, network.graph, {}, torch.device("cpu"))
    with pytest.raises(RuntimeError, match="must match"), exhaustion:
        torch.ones(2) + torch.ones(3)
