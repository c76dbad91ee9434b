"""Parameters, multiply-accumulates and memory, against hand-computed and published figures."""

import time

import pytest

from nnspec.diagnostics import Span, Text
from nnspec.graph.cost import cost, human, human_bytes, peak_of_live_tensors
from nnspec.graph.graph import Graph, Port, Vertex
from nnspec.graph.network import parse_network
from nnspec.layers.arithmetic import Add
from nnspec.layers.linear import Identity
from nnspec.objectives.optimizers.adam import Adam, AdamW
from nnspec.objectives.optimizers.descent import SGD
from nnspec.objectives.optimizers.squares import RMSprop
from nnspec.shapes import symbol, tensor

LENET5 = """
nnspec: 1
inputs: {image: [1, 32, 32]}
layers:
  - Conv2d: {out_channels: 6, kernel_size: 5}
  - Tanh
  - AvgPool2d: 2
  - Conv2d: {out_channels: 16, kernel_size: 5}
  - Tanh
  - AvgPool2d: 2
  - Flatten
  - Linear: 120
  - Tanh
  - Linear: 84
  - Tanh
  - Linear: 10
"""
RESIDUAL = """
nnspec: 1
inputs: {x: [8]}
layers:
  - Linear: 16
    name: wide
  - ReLU
  - Linear: 16
  - Add:
    from: [_, wide]
"""
LSTM = """
nnspec: 1
inputs: {x: [T, 3]}
layers: [{LSTM: 4}, Last, {Linear: 2}]
"""
SPAN = Span(Text("spec.yaml"))


def test_lenet5_has_its_published_size():
    total = cost(parse_network(LENET5).graph)
    assert (total.parameters, total.macs) == (61_706, 416_520)
    assert [layer.parameters for layer in total.layers.values() if layer.parameters] == [156, 2416, 48120, 10164, 850]


def test_training_holds_weights_gradients_state_and_every_output():
    total = cost(parse_network(LENET5).graph, Adam())
    assert (total.weights, total.gradients, total.state) == (246_824, 246_824, 493_648)
    outputs = 2 * 6 * 28 * 28 + 6 * 14 * 14 + 2 * 16 * 10 * 10 + 2 * 16 * 5 * 5 + 2 * 120 + 2 * 84 + 10
    assert total.activations == 4 * (32 * 32 + outputs)
    assert total.training(32) == 4 * 246_824 + 32 * total.activations


def test_inference_frees_what_no_later_layer_takes():
    total = cost(parse_network(LENET5).graph)
    assert total.peak == 4 * 2 * 6 * 28 * 28  # the first convolution beside its Tanh
    assert total.inference(8) == 246_824 + 8 * total.peak


def test_a_shortcut_keeps_its_tensor_alive():
    # At the second Linear: what it takes, what it gives, and `wide`, which Add takes later.
    assert cost(parse_network(RESIDUAL).graph).peak == 4 * 3 * 16


def test_what_leaves_the_network_is_never_freed():
    x = tensor("n 10")
    names = ["a", "b", "c", "d"]
    chain = {
        name: Vertex(name, Identity(), (Port(before),), (x,), (x,), SPAN)
        for before, name in zip(["x", *names], names, strict=False)
    }
    assert peak_of_live_tensors(Graph("", {"x": x}, chain, {"y": Port("d")})).size == 80
    assert peak_of_live_tensors(Graph("", {"x": x}, chain, {"y": Port("d"), "z": Port("a")})).size == 120


def test_the_same_tensor_taken_twice_is_freed_once():
    x = tensor("n 10")
    twice = Vertex("sum", Add(), (Port("x"), Port("x")), (x, x), (x,), SPAN)
    after = Vertex("after", Identity(), (Port("sum"),), (x,), (x,), SPAN)
    assert peak_of_live_tensors(Graph("", {"x": x}, {"sum": twice, "after": after}, {"y": Port("after")})).size == 80


def test_costs_stay_symbolic_in_a_length():
    total = cost(parse_network(LSTM).graph)
    time_steps = symbol("T")
    assert total.parameters == 4 * 4 * (3 + 4 + 2) + 2 * 5
    assert total.macs == time_steps * (4 * 4 * 7) + 8
    assert total.activations == time_steps * 4 * (3 + 4) + 4 * (4 + 4 + 4 + 2)
    assert total.peak == time_steps * 4 * (3 + 4) + 4 * (4 + 4)


def test_whole_numbers_take_eight_bytes():
    embedding = "{Embedding: {num_embeddings: 10, embedding_dim: 3}}"
    text = f"{{nnspec: 1, inputs: {{x: {{shape: [5], dtype: int64}}}}, layers: [{embedding}]}}"
    assert cost(parse_network(text).graph).activations == 5 * 8 + 5 * 3 * 4


@pytest.mark.parametrize(
    ("optimizer", "states"),
    [
        (SGD(), 0),
        (SGD(momentum=0.9), 1),
        (Adam(), 2),
        (AdamW(amsgrad=True), 3),
        (RMSprop(), 1),
        (RMSprop(centered=True, momentum=0.9), 3),
    ],
)
def test_an_optimizer_keeps_its_averages(optimizer, states):
    assert optimizer.states == states


def test_numbers_are_readable():
    numbers = [0, 7, 999, 1000, 1234, 61_706, 999_499, 999_999, 3_400_000, 1_230_000_000]
    assert [human(n) for n in numbers] == "0 7 999 1k 1.23k 61.7k 999k 1M 3.4M 1.23G".split()
    time_steps = symbol("T")
    assert [human(time_steps * 36_864 + 8), human(time_steps), human(time_steps * time_steps * 2 - 1500)] == [
        "36.9k·T + 8",
        "T",
        "2·T·T - 1.5k",
    ]
    assert human((time_steps + 1) // 2 * 10) == "10·((T + 1) // 2)"


def test_memory_is_readable():
    assert [human_bytes(n) for n in (0, 1023, 1024, 246_824, 5 * 2**20, 3 * 2**30)] == [
        "0 B", "1023 B", "1 KiB", "241 KiB", "5 MiB", "3 GiB",
    ]  # fmt: skip
    assert human_bytes(symbol("T") * 2048 + 8) == "2 KiB·T + 8 B"


def test_ten_thousand_layers_take_little_time():
    x = tensor("n 10")
    names = [f"l{index}" for index in range(10_000)]
    chain = {
        name: Vertex(name, Identity(), (Port(before),), (x,), (x,), SPAN)
        for before, name in zip(["x", *names], names, strict=False)
    }
    started = time.process_time()
    assert cost(Graph("", {"x": x}, chain, {"y": Port(names[-1])})).peak == 80
    assert time.process_time() - started < 2
