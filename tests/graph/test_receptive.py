"""Receptive fields: against values worked out by hand, and against the gradient."""

from itertools import product

import pytest
import torch

from nnspec.codegen.load import load
from nnspec.codegen.write import write
from nnspec.graph import Port, parse_network
from nnspec.graph.receptive import in_words, receptive_fields

CONV = "Conv2d: {out_channels: 2, kernel_size: 3, padding: 1}"
VGG = [CONV, CONV, "MaxPool2d: 2"] * 2 + [CONV, CONV, CONV, "MaxPool2d: 2"] * 3


def network_of(shape: str, layers: list[str], more: str = ""):
    lines = "\n".join(f"  - {layer}" for layer in layers)
    return parse_network(f"nnspec: 1\ninputs: {{x: {shape}}}\n{more}layers:\n{lines}\n")


def fields_of(shape: str, layers: list[str]):
    """The receptive field of each layer in turn, and the words for it."""
    graph = network_of(shape, layers).graph
    fields = receptive_fields(graph)
    return [(fields[Port(vertex.name)]["x"], in_words(fields[Port(vertex.name)], graph)) for vertex in graph]


def test_vgg16_reaches_what_is_published():
    found = fields_of("[3, 224, 224]", VGG)
    reaches = [axes[1].reach for axes, _ in found]
    assert reaches == [3, 5, 6, 10, 14, 16, 24, 32, 40, 44, 60, 76, 92, 100, 132, 164, 196, 212]
    assert [axes[1].stride for axes, _ in found][-1] == 32
    assert found[1][1] == "5×5 of x"
    assert found[-1][1] == "212×212 of x, windows 32 apart"


def test_a_dilated_stack_reaches_one_and_the_sum_of_its_windows():
    layers = [f"CausalConv1d: {{out_channels: 4, kernel_size: 2, dilation: {2**i}}}" for i in range(10)]
    axes, words = fields_of("[1, T]", layers)[-1]
    assert axes[1].reach == 1 + sum(2**i for i in range(10)) == 1024
    assert axes[1].interval(5000) == (5000 - 1023, 5000)
    assert words == "1024 of x"


def test_windows_of_different_sides_are_told_apart():
    layers = ["Conv2d: {out_channels: 2, kernel_size: [3, 1], stride: [1, 2]}", "AvgPool2d: [2, 3]"]
    assert fields_of("[1, 20, 20]", layers)[-1][1] == "4×5 of x, windows 2×6 apart"


def test_ways_that_merge_reach_what_the_widest_reaches():
    layers = [f"Residual: {{body: [{{{CONV}}}, ReLU, {{{CONV}}}]}}"]
    assert fields_of("[2, 9, 9]", layers)[-1][1] == "5×5 of x"


def test_what_stands_in_one_row_sees_everything():
    found = fields_of("[2, 9, 9]", [CONV, "Flatten", "Linear: 3"])
    assert [words for _, words in found] == ["3×3 of x", "all of x", "all of x"]


def test_a_recurrent_layer_sees_the_past_and_two_directions_everything():
    found = fields_of("[T, 8]", ["GRU: 4", "Linear: 3", "LSTM: {hidden_size: 4, bidirectional: true}"])
    past = "x from its first step up to this one"
    assert [words for _, words in found] == [past, past, "all of x"]


def test_functions_of_each_element_say_nothing_of_their_own():
    assert [words for _, words in fields_of("[5]", ["ReLU", "Dropout"])] == ["", ""]


def test_a_window_larger_than_the_input_sees_all_but_at_the_edges():
    words = fields_of("[1, 6, 6]", [CONV] * 4)[-1][1]
    assert words == "9×9, so all of x but at its edges"


CHAINS = {
    "padded": [CONV, CONV],
    "strided": ["Conv2d: {out_channels: 2, kernel_size: 4, stride: 2, padding: 1}", CONV],
    "dilated": ["Conv2d: {out_channels: 2, kernel_size: 3, padding: same, dilation: 2}", "AvgPool2d: 2"],
    "pooled": [CONV, "AvgPool2d: {kernel_size: 3, stride: 2, padding: 1}", CONV],
    "merged": [f"Residual: {{body: [{{{CONV}}}, Tanh, {{{CONV}}}]}}", "AvgPool2d: 3"],
}


def gradients(network):
    """For places of the output, which rows and columns of the input have a gradient."""
    graph = network.graph
    torch.manual_seed(0)
    module = load(write(graph), "net.py", {}).double()
    x = torch.randn(1, 2, 16, 16, dtype=torch.float64, requires_grad=True)
    y = module(x)
    for row, column in product(range(y.shape[2]), range(y.shape[3])):
        (gradient,) = torch.autograd.grad(y[0, :, row, column].sum(), x, retain_graph=True)
        touched = gradient[0].abs().sum(0) != 0
        rows, columns = touched.any(1).nonzero().flatten(), touched.any(0).nonzero().flatten()
        yield row, column, (rows.min().item(), rows.max().item()), (columns.min().item(), columns.max().item())


@pytest.mark.parametrize("layers", CHAINS.values(), ids=CHAINS)
def test_the_gradient_reaches_the_computed_field(layers):
    network = network_of("[2, 16, 16]", [*layers, "Tanh"])
    (output,) = network.graph.outputs.values()
    _, down, right = receptive_fields(network.graph)[output]["x"]
    for row, column, rows, columns in gradients(network):
        (first, last), (left, end) = down.interval(row), right.interval(column)
        assert rows == (max(first, 0), min(last, 15)), (row, column)
        assert columns == (max(left, 0), min(end, 15)), (row, column)


def test_after_a_transposed_convolution_no_place_reaches_farther_than_is_said():
    layers = ["AvgPool2d: 2", "ConvTranspose2d: {out_channels: 2, kernel_size: 2, stride: 2}", CONV, "Tanh"]
    network = network_of("[2, 16, 16]", layers)
    (output,) = network.graph.outputs.values()
    _, down, right = receptive_fields(network.graph)[output]["x"]
    found = list(gradients(network))
    assert max(last - first + 1 for _, _, (first, last), _ in found) == down.reach == 4
    assert max(last - first + 1 for _, _, _, (first, last) in found) == right.reach == 4
