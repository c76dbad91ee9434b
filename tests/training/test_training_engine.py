"""The device: one that is asked for is there, or the message says what is there."""

import subprocess
import sys

import pytest
import torch
from trainings import TWO_KINDS

from nnspec.diagnostics import SpecError
from nnspec.graph import parse_network
from nnspec.training.engine import SERIAL_MACS, choose_device, choose_seed, suitable_threads

BUILT = "  torch  9.9, built without CUDA\n"
AUTO = "  help   `auto` takes a GPU where there is one"


@pytest.fixture
def gpus(monkeypatch):
    """A machine with so many NVIDIA GPUs."""

    def have(count: int) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
        monkeypatch.setattr(torch, "__version__", "9.9")
        monkeypatch.setattr(torch.version, "cuda", "13.0" if count else None)

    return have


def chosen(written: str, asked: str | None = None) -> str:
    spec = parse_network(TWO_KINDS.lstrip().replace("train: {", f"train: {{device: '{written}', ")).spec
    return str(choose_device(spec, asked))


def refusal(written: str, asked: str | None = None) -> str:
    with pytest.raises(SpecError) as error:
        chosen(written, asked)
    return str(error.value)


def test_auto_takes_a_gpu_where_there_is_one(gpus):
    gpus(0)
    assert chosen("auto") == "cpu"
    gpus(2)
    assert chosen("auto") == "cuda:0"
    assert chosen("auto", "cpu") == "cpu"
    assert chosen("cpu", "cuda:1") == "cuda:1"
    assert chosen("cuda") == "cuda:0"


def test_a_gpu_that_is_not_there_is_told_at_its_place_in_the_spec(gpus):
    gpus(0)
    assert refusal("cuda") == (
        "spec.yaml:8:17: error[device]: cuda is not there: PyTorch finds no NVIDIA GPU\n"
        "    8 | train: {device: 'cuda', epochs: 10, batch_size: 16}\n"
        "      |                 ^^^^^^\n" + BUILT + AUTO
    )


def test_a_gpu_that_is_not_there_is_told_at_its_place_on_the_command_line(gpus):
    gpus(0)
    assert refusal("auto", "mps") == (
        "command line:1:10: error[device]: mps is not there: PyTorch finds no Apple GPU\n"
        "    1 | --device mps\n"
        "      |          ^^^\n" + BUILT + AUTO
    )


@pytest.mark.parametrize(
    ("count", "there"), [(1, "1 GPU, its only one is cuda:0"), (4, "4 GPUs, its last one is cuda:3")]
)
def test_a_gpu_beyond_the_last_one_is_told_with_their_number(gpus, count, there):
    gpus(count)
    assert refusal("auto", "cuda:7") == (
        f"command line:1:10: error[device]: cuda:7 is not there: this machine has {there}\n"
        "    1 | --device cuda:7\n"
        "      |          ^^^^^^\n"
        "  torch  9.9, built for CUDA 13.0\n" + AUTO
    )


@pytest.mark.parametrize(
    ("asked", "help"),
    [
        ("cdua", "did you mean 'cuda'?"),
        ("gpu", "did you mean 'cuda'?"),
        ("tpu:0", "a device is auto, cpu, cuda, cuda:0, cuda:1, …, or mps"),
        ("", "a device is auto, cpu, cuda, cuda:0, cuda:1, …, or mps"),
    ],
)
def test_a_device_of_no_name_is_refused(asked, help):
    assert refusal("auto", asked).splitlines()[0] == f"command line:1:10: error[device]: no device is named '{asked}'"
    assert refusal("auto", asked).splitlines()[-1] == f"  help  {help}"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc is Linux's")
def test_memory_of_middling_tensors_is_kept():
    program = """
import resource, torch
from nnspec.training.engine import keep_heap
assert keep_heap()
torch.ones(2**20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100):
    torch.ones(2**20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 2 * 1024)  # pages of two of these tensors
"""
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "True\n"


def test_small_steps_take_one_thread_and_large_ones_all():
    torch.set_num_threads(2)
    with suitable_threads(SERIAL_MACS - 1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    with suitable_threads(SERIAL_MACS):
        assert torch.get_num_threads() == 2
    torch.set_num_threads(1)
    with suitable_threads(SERIAL_MACS):
        assert torch.get_num_threads() == 1


def test_a_seed_of_the_command_line_goes_before_the_specs():
    spec = parse_network(TWO_KINDS.lstrip()).spec
    assert [choose_seed(spec, asked) for asked in (None, 5, 2**63 - 1)] == [0, 5, 2**63 - 1]


@pytest.mark.parametrize("asked", [-1, 2**63])
def test_a_seed_that_no_generator_takes_is_refused(asked):
    with pytest.raises(SpecError) as caught:
        choose_seed(parse_network(TWO_KINDS.lstrip()).spec, asked)
    assert str(caught.value) == (
        "command line:1:8: error[wrong-value]: "
        f"seed must be a whole number from 0 to 9223372036854775807, got {asked}\n"
        f"    1 | --seed {asked}\n"
        f"      |        {'^' * len(str(asked))}"
    )
