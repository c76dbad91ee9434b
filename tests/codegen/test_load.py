"""Source as a module: errors that say the spec's line, and weights that fit or are refused in one message."""

import json
import linecache
import math
import struct
import traceback
from pathlib import Path

import pytest
import safetensors.torch
import torch

from nnspec.codegen.load import evaluate, explained, load, load_weights, save_weights
from nnspec.codegen.write import Source, write
from nnspec.diagnostics import Span, SpecError
from nnspec.graph import parse_network
from nnspec.pycode import F, name, nn
from nnspec.pycode import torch as torch_code

TEXT = """nnspec: 1
name: digits
inputs: {image: [1, 4, 4]}
layers:
  - Conv2d: {out_channels: 2, kernel_size: 3, padding: same}
  - BatchNorm2d
  - ReLU
  - Flatten
  - Linear: 3
"""
NET = parse_network(TEXT, "specs/digits.yaml")
PLACES = {vertex.name: vertex.span for vertex in NET.graph}
SOURCE = write(NET.graph)


def new(seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return load(SOURCE, "net.py", PLACES)


def refusal(path: Path, module: torch.nn.Module | None = None) -> str:
    with pytest.raises(SpecError) as caught:
        load_weights(module or new(), path)
    return str(caught.value)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("weights.safetensors")
    save_weights(new(), path)
    return path


def test_code_is_evaluated_with_torch_at_hand():
    layer = evaluate(nn.Linear(3, 2), {})
    assert isinstance(layer, torch.nn.Linear)
    x = torch.tensor([-1.0, 2.0])
    assert evaluate(F.relu(torch_code.neg(name("x"))), {"x": x}).tolist() == [1.0, 0.0]


def test_text_is_never_evaluated():
    with pytest.raises(AssertionError, match="only what pycode built"):
        evaluate("1 + 1", {})  # type: ignore[arg-type]


def test_two_modules_of_one_source_have_weights_of_their_own():
    first, second = new(1), new(2)
    assert not torch.equal(first.linear_1.weight, second.linear_1.weight)


def test_an_error_in_a_layer_shows_the_generated_line_and_the_specs():
    module = new()
    with pytest.raises(RuntimeError) as caught, explained(SOURCE, "net.py", PLACES):
        module(torch.zeros(2, 1, 5, 5))
    shown = "".join(traceback.format_exception(caught.value))
    number = SOURCE.text[: SOURCE.text.index("x = self.linear_1")].count("\n") + 1
    assert f'File "net.py", line {number}, in forward\n    x = self.linear_1(x)' in shown
    assert caught.value.__notes__ == ["in layer linear_1, specs/digits.yaml:9"]


def test_an_error_is_explained_once():
    module = new()
    with (
        pytest.raises(RuntimeError) as caught,
        explained(SOURCE, "net.py", PLACES),
        explained(SOURCE, "net.py", PLACES),
    ):
        module(torch.zeros(2, 7, 4, 4))
    assert caught.value.__notes__ == ["in layer conv2d_1, specs/digits.yaml:5"]


def test_an_error_from_elsewhere_is_left_alone():
    with pytest.raises(ValueError) as caught, explained(SOURCE, "net.py", PLACES):
        math.fmod(1, 0)
    assert not hasattr(caught.value, "__notes__")


def test_a_layer_that_cannot_be_made_says_its_line():
    text = SOURCE.text.replace("nn.Linear(32, 3)", "nn.Linear(32, -3)")
    with pytest.raises(RuntimeError) as caught:
        load(Source(text, SOURCE.class_name, SOURCE.lines), "net.py", PLACES)
    assert caught.value.__notes__ == ["in layer linear_1, specs/digits.yaml:9"]


def test_the_text_that_runs_is_the_text_that_tracebacks_show():
    load(SOURCE, "folder/net.py", PLACES)
    linecache.checkcache()
    assert "".join(linecache.getlines("folder/net.py")) == SOURCE.text


def test_a_place_that_is_not_known_leaves_the_layers_name():
    places: dict[str, Span] = {}
    module = load(SOURCE, "net.py", places)
    with pytest.raises(RuntimeError) as caught, explained(SOURCE, "net.py", places):
        module(torch.zeros(2, 7, 4, 4))
    assert caught.value.__notes__ == ["in layer conv2d_1"]


def test_a_loaded_module_compiles_as_one_graph():
    module = new().eval()
    x = torch.rand(2, 1, 4, 4)
    compiled = torch.compile(module, backend="eager", fullgraph=True)
    assert torch.equal(compiled(x), module(x))


def test_weights_come_back_as_they_were(weights: Path):
    module = new(seed=5)
    load_weights(module, weights)
    for key, tensor in new().state_dict().items():
        assert torch.equal(module.state_dict()[key], tensor), key
    assert [path.name for path in Path().iterdir()] == ["weights.safetensors"]


def test_weights_that_are_not_there():
    assert refusal(Path("nowhere.safetensors")) == (
        "error[run-folder]: there is no nowhere.safetensors\n  help  train the network first"
    )


def test_weights_of_another_network(weights: Path):
    foreign = {f"layer_{number}.weight": torch.zeros(2) for number in range(7)}
    safetensors.torch.save_file({**foreign, "linear_1.weight": torch.zeros(3, 32)}, weights)
    assert refusal(weights) == (
        "error[run-folder]: the weights in weights.safetensors cannot be used: its names are not the network's\n"
        "  missing  conv2d_1.weight, conv2d_1.bias, batchnorm2d_1.weight, batchnorm2d_1.bias, "
        "batchnorm2d_1.running_mean and 3 more\n"
        "  unknown  layer_0.weight, layer_1.weight, layer_2.weight, layer_3.weight, layer_4.weight and 2 more\n"
        "  help     these are another network's weights"
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (torch.zeros(4, 32), "linear_1.weight is float32 (4, 32) there, and float32 (3, 32) in the network"),
        (torch.zeros(3, 32).half(), "linear_1.weight is float16 (3, 32) there, and float32 (3, 32) in the network"),
    ],
)
def test_weights_of_another_shape_or_type(weights: Path, changed: torch.Tensor, message: str):
    safetensors.torch.save_file({**new().state_dict(), "linear_1.weight": changed}, weights)
    assert refusal(weights) == f"error[run-folder]: the weights in weights.safetensors cannot be used: {message}"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_change_nothing(weights: Path, value: float):
    spoilt = new().state_dict()
    spoilt["linear_1.bias"] = torch.tensor([0.0, value, 0.0])
    safetensors.torch.save_file(spoilt, weights)
    module = new(seed=3)
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    assert refusal(weights, module) == (
        "error[run-folder]: the weights in weights.safetensors cannot be used: "
        "linear_1.bias holds numbers that are not finite\n  help  train again with a smaller lr"
    )
    assert all(torch.equal(tensor, before[key]) for key, tensor in module.state_dict().items())


def header(fields: object) -> bytes:
    text = json.dumps(fields).encode()
    return struct.pack("<Q", len(text)) + text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 a zip file",
        b"\xff" * 64,
        header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}),
        header({"a": {"dtype": "F99", "shape": [2], "data_offsets": [0, 8]}}) + b"\0" * 8,
        header([1, 2, 3]),
    ],
)
def test_a_file_that_is_no_safetensors_file(weights: Path, content: bytes):
    weights.write_bytes(content)
    first, *notes = refusal(weights).splitlines()
    assert first == (
        "error[run-folder]: the weights in weights.safetensors cannot be used: it is not a whole safetensors file"
    )
    assert len(notes) == 1 and notes[0].startswith("  reason  ")


def test_a_truncated_file_at_any_length(weights: Path):
    whole = weights.read_bytes()
    for length in range(0, len(whole), 97):
        weights.write_bytes(whole[:length])
        assert "it is not a whole safetensors file" in refusal(weights)


def test_weights_that_are_a_folder(weights: Path):
    Path("folder").mkdir()
    assert refusal(Path("folder")).splitlines()[0].startswith("error[run-folder]: cannot read folder: ")


def test_an_error_in_a_block_names_the_layer_by_its_place_in_the_network():
    text = """nnspec: 1
inputs: {x: [4]}
blocks:
  mlp: [Linear: 4, ReLU]
layers:
  - {mlp: null, name: first}
  - {mlp: null, repeat: 2, name: stage}
"""
    graph = parse_network(text).graph
    source, places = write(graph), {vertex.name: vertex.span for vertex in graph}
    net = load(source, "net.py", places)
    with pytest.raises(RuntimeError) as caught, explained(source, "net.py", places):
        net(torch.zeros(2, 5))
    assert caught.value.__notes__ == ["in layer first.linear_1, spec.yaml:4"]
    net.first = torch.nn.Linear(5, 3)
    with pytest.raises(RuntimeError) as caught, explained(source, "net.py", places):
        net(torch.zeros(2, 5))
    assert caught.value.__notes__ == ["in layer stage.linear_1, spec.yaml:4"]
