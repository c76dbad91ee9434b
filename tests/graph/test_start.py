"""Weights that a training starts from: read with bounds, compared by name, and taken."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnspec import export, predict, train
from nnspec.codegen.load import fill, load, state_of
from nnspec.codegen.write import write
from nnspec.diagnostics import Span, SpecError, Text
from nnspec.graph import Network, load_network
from nnspec.graph.start import find_start, state
from nnspec.spec.checkpoint import Stored, read_header
from nnspec.spec.reach import Reach

NET = """
nnspec: 1
name: start
inputs: {flower: {column: data, shape: [4], prepare: [Standardize]}}
data: sklearn:iris
blocks:
  encoder: [{Linear: {out_features: 6, bias: false}}, BatchNorm1d, Tanh]
layers: [{encoder: {}, name: encoder}, {Linear: 3, name: head}]
outputs: {species: {column: target, loss: CrossEntropyLoss}}
optimizer: {SGD: {lr: 0.1}}
train: {epochs: 1}
"""
HERE = Span(Text("spec.yaml"))
Tensors = Mapping[str, torch.Tensor]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(NET)
    return tmp_path


def network(weights: object = None) -> Network:
    return load_network("net.yaml", [f"weights={json.dumps(weights)}"] if weights else [])


def tensors(seed: int = 5) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return {name: tensor.clone() for name, tensor in state_of(load(write(network().graph), "net.py", {})).items()}


def save(found: Tensors, name: str = "w.safetensors") -> None:
    safetensors.torch.save_file(dict(found), name)


def filled(net: Network) -> dict[str, torch.Tensor]:
    module = load(write(net.graph), "net.py", {})
    start = find_start(net.spec, net.graph, Reach(net.folder))
    assert start
    fill(module, start)
    return state_of(module)


def message(weights: object) -> str:
    with pytest.raises(SpecError) as caught:
        network(weights)
    return str(caught.value).split("\n", 1)[0] + "\n" + "\n".join(str(caught.value).splitlines()[3:])


def test_the_state_that_is_compared_is_that_of_the_module(folder):
    module = state_of(load(write(network().graph), "net.py", {}))
    wanted = {name: Stored(tuple(x.shape), str(x.dtype).removeprefix("torch.")) for name, x in module.items()}
    assert state(network().graph) == wanted


def test_every_tensor_of_the_file_is_taken(folder):
    given = tensors()
    save(given)
    found = filled(network("w.safetensors"))
    assert all(torch.equal(found[name], tensor) for name, tensor in given.items())


@pytest.mark.parametrize(
    ("there", "here", "changes"),
    [("module.encoder.", "encoder.", {"module.": ""}), ("encoder.", "encoder.", {}), ("enc.", "encoder.", None)],
)
def test_names_are_brought_together_by_their_beginnings(folder, there, here, changes):
    given = tensors()
    prefix = there.removesuffix(here) if changes else ""
    save({(prefix + name if changes else name.replace(here, there)): tensor for name, tensor in given.items()})
    changes = {there: here} if changes is None else changes
    found = filled(network({"load": "w.safetensors", "map": changes}))
    assert all(torch.equal(found[name], tensor) for name, tensor in given.items())


def test_a_whole_name_is_mapped_before_a_beginning(folder):
    given = tensors()
    renamed = {"old.h.w": given["head.weight"], "old.bias": given["head.bias"]}
    save({**{name: x for name, x in given.items() if "head" not in name}, **renamed})
    changes = {"old.": "head.", "old.h.w": "head.weight"}
    assert torch.equal(filled(network({"load": "w.safetensors", "map": changes}))["head.bias"], given["head.bias"])


def test_a_star_is_any_one_part_of_a_name(folder):
    given = tensors()
    save({name.replace("encoder.", "model.layers.").replace("head", "model.head"): x for name, x in given.items()})
    changes = {"model.layers.*.": "encoder.*.", "model.*.weight": "*.weight", "model.": ""}
    found = filled(network({"load": "w.safetensors", "map": changes}))
    assert all(torch.equal(found[name], tensor) for name, tensor in given.items())


def test_matrices_that_stand_transposed_in_the_file_are_turned(folder):
    given = tensors()
    save({name: x.T.contiguous() if x.ndim == 2 else x for name, x in given.items()})
    found = filled(network({"load": "w.safetensors", "transpose": ["*linear*.weight", "head.*"]}))
    assert all(torch.equal(found[name], tensor) for name, tensor in given.items())


def test_what_is_to_be_turned_is_there(folder):
    save(tensors())
    weights = {"load": "w.safetensors", "transpose": ["head.bias"]}
    with pytest.raises(SpecError, match=r"no matrix of 'w\.safetensors' is named 'head\.bias' here"):
        network(weights)


def test_a_change_has_no_more_stars_than_its_name(folder):
    save(tensors())
    weights = {"load": "w.safetensors", "map": {"encoder.*.": "*.*."}}
    with pytest.raises(SpecError, match=r"'\*\.\*\.' has more stars than 'encoder\.\*\.', whose parts they stand for"):
        network(weights)


def test_names_that_are_not_the_networks_are_told_with_the_way_out(folder):
    save({f"module.{name}": tensor for name, tensor in tensors().items()})
    assert message("w.safetensors") == (
        "command line:1:15: error[weights-file]: the weights 'w.safetensors' hold nothing of this network's: "
        "8 missing, 8 unknown\n"
        "  missing  encoder.linear_1.weight, encoder.batchnorm1d_1.weight, encoder.batchnorm1d_1.bias, "
        "encoder.batchnorm1d_1.running_mean, "
        "encoder.batchnorm1d_1.running_var and 3 more\n"
        "  unknown  module.encoder.batchnorm1d_1.num_batches_tracked, module.encoder.batchnorm1d_1.bias, "
        "module.encoder.batchnorm1d_1.running_mean, module.encoder.batchnorm1d_1.running_var, "
        "module.encoder.batchnorm1d_1.weight and 3 more\n"
        '  help     `map: {"module.": ""}` would bring 8 of them together'
    )


def test_a_tensor_of_another_shape_is_told(folder):
    save({**tensors(), "head.weight": torch.zeros(5, 6)})
    assert message("w.safetensors") == (
        "command line:1:15: error[weights-file]: the weights 'w.safetensors' are not this network's: 1 unlike\n"
        "  unlike  head.weight is float32 (5, 6) there, and float32 (3, 6) here\n"
        "  help    `strict: false` takes what fits"
    )


def test_a_tensor_of_another_type_is_told(folder):
    save({**tensors(), "head.bias": torch.zeros(3).half()})
    assert message("w.safetensors").endswith(
        "  unlike  head.bias is float16 (3) there, and float32 (3) here\n"
        "  help    convert them, as by `tensor.float()`, and save them again"
    )


def test_a_map_that_changes_nothing_is_told(folder):
    save(tensors())
    found = message({"load": "w.safetensors", "map": {"encodr.": "encoder."}})
    assert "error[unknown-name]: no name of 'w.safetensors' begins with 'encodr.'" in found
    assert found.endswith("  help  did you mean 'encoder.'?")


def test_two_tensors_of_one_name_are_told(folder):
    save({**tensors(), "old.bias": torch.zeros(3)})
    found = message({"load": "w.safetensors", "map": {"old.": "head."}})
    assert "error[weights-file]: both 'head.bias' and 'old.bias' of the file would be head.bias" in found


def test_without_strict_what_fits_is_taken_and_the_rest_begins_anew(folder):
    given = {**tensors(), "head.weight": torch.zeros(5, 6), "ghost": torch.zeros(1)}
    save(given)
    net = network({"load": "w.safetensors", "strict": False})
    start = find_start(net.spec, net.graph, Reach(net.folder))
    assert start and start.anew == ("head.weight",) and len(start.takes) == 7
    assert torch.equal(filled(net)["encoder.linear_1.weight"], given["encoder.linear_1.weight"])


def test_a_file_of_which_nothing_fits_is_refused_even_without_strict(folder):
    save({"ghost": torch.zeros(1)})
    assert "hold nothing of this network's: 8 missing, 1 unknown" in message({"load": "w.safetensors", "strict": False})


def test_numbers_that_are_not_finite_are_refused(folder):
    save({**tensors(), "head.bias": torch.full((3,), float("nan"))})
    with pytest.raises(SpecError, match=r"head\.bias holds numbers that are not finite \(NaN or infinite\)"):
        filled(network("w.safetensors"))


def test_a_tied_parameter_may_stand_in_the_file_under_both_names(folder):
    text = "layers: [{Linear: 4, name: a}, Tanh, {Linear: 4, name: b, tie: {weight: a.weight}}]"
    Path("tied.yaml").write_text(f"nnspec: 1\ninputs: {{x: [4]}}\n{text}\nweights: tied.safetensors\n")
    same = torch.randn(4, 4)
    both = {"a.weight": same, "b.weight": same.clone(), "a.bias": torch.zeros(4), "b.bias": torch.ones(4)}
    save(both, "tied.safetensors")
    assert torch.equal(filled(load_network("tied.yaml"))["a.weight"], same)


@pytest.mark.parametrize("name", ["old.pt", "old.pth", "old.bin", "old.PKL", "old.ckpt"])
def test_a_pickle_is_refused_unread_by_its_name(folder, name):
    Path(name).write_bytes(b"cos\nsystem\n(S'touch ran'\ntR.")
    found = message(name)
    assert f"the weights '{name}' cannot be read: a pickle can run code when it is read" in found
    assert "weights_only=True" in found and not Path("ran").exists()


def test_a_pickle_is_refused_by_what_it_is(folder):
    torch.save(tensors(), "w.safetensors")
    assert "it is a pickle, which can run code when it is read" in message("w.safetensors")


def header(value: Any, size: int = 8) -> bytes:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return len(text).to_bytes(8, "little") + text + bytes(size)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"12345678",
        (2**63).to_bytes(8, "little") + b"{}",
        header(b"\xff\xfe"),
        header(b"[" * 50_000),
        header(b"[]"),
        header(b'{"a": 1, "a": 2}'),
        header(b'{"a": ' + b"9" * 10_000 + b"}"),
        header({"a": 1}),
        header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 16]}}),
        header({"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}),
        header({"a": {"dtype": "F32", "shape": [True], "data_offsets": [0, 8]}}),
        header({"a": {"dtype": 4, "shape": [2], "data_offsets": [0, 8]}}),
        header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}),
        header({"a": {"dtype": "F32", "shape": [1] * 1000, "data_offsets": [0, 8]}}),
    ],
)
def test_what_is_no_whole_file_is_one_message(tmp_path, content):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(SpecError) as caught:
        read_header(path, "w.safetensors", HERE)
    (found,) = caught.value.diagnostics
    assert found.code == "weights-file"
    assert found.message.startswith("the weights 'w.safetensors' cannot be read: it is not a whole safetensors file")


@given(st.binary(max_size=200))
def test_any_bytes_give_tensors_or_a_message(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "w.safetensors"
    path.write_bytes(header(content))
    try:
        assert all(isinstance(found, Stored) for found in read_header(path, "w", HERE).values())
    except SpecError as error:
        assert len(error.diagnostics) == 1


def test_a_pipe_and_a_folder_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.safetensors")
    (tmp_path / "folder.safetensors").mkdir()
    for name in ("pipe.safetensors", "folder.safetensors"):
        with pytest.raises(SpecError, match="cannot be read"):
            read_header(tmp_path / name, name, HERE)


def test_the_header_is_what_safetensors_reads(folder):
    given = {"a.b": torch.zeros(2, 3), "c": torch.zeros((), dtype=torch.int64), "d": torch.zeros(0).bfloat16()}
    safetensors.torch.save_file(given, "w.safetensors", metadata={"format": "pt"})
    found = read_header(Path("w.safetensors"), "w.safetensors", HERE)
    assert found == {"a.b": Stored((2, 3), "float32"), "c": Stored((), "int64"), "d": Stored((0,), "bfloat16")}


def test_a_run_that_started_from_a_file_needs_it_no_more(folder):
    given = tensors()
    save(given)
    net = network({"load": "w.safetensors", "freeze": ["encoder.*"]})
    source = write(net.graph).text
    assert '            if fnmatchcase(name, "encoder.*"):\n                parameter.requires_grad_(False)\n' in source
    run = train(net, run="run")
    Path("w.safetensors").unlink()
    assert export(run).proven
    trained = safetensors.torch.load_file("run/weights.safetensors")
    assert torch.equal(trained["encoder.linear_1.weight"], given["encoder.linear_1.weight"])
    assert not torch.equal(trained["head.weight"], given["head.weight"])
    assert run.record()["weights"] == {"file": "w.safetensors", "taken": 8, "anew": []}
    assert run.spec()["weights"]["freeze"] == ["encoder.*"]
    assert len(predict("run/model.onnx", "run/examples.npz")["species"].answers) > 0
