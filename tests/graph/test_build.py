"""The graph: order, references, shapes, several inputs and outputs. Mistakes stand in tests/mistakes."""

import time

from nnspec.graph import Port, parse_network
from nnspec.shapes import tensor

RESIDUAL = """nnspec: 1
inputs: {image: [3, h, w]}
layers:
  - {Conv2d: {out_channels: 8, kernel_size: 3, padding: same}, name: first}
  - ReLU
  - {Conv2d: {out_channels: 8, kernel_size: 3, padding: same}, name: second}
  - {Add: null, from: [_, first]}
  - MaxPool2d: 2
"""

TWO = """nnspec: 1
inputs: {left: [8], right: [8]}
layers:
  - {Linear: 4, name: a, from: left}
  - {Linear: 4, name: b, from: right}
  - {Add: null, name: both, from: [a, b]}
  - {Linear: 2, name: kind}
  - {Linear: 1, name: size, from: both}
outputs:
  kind: {from: kind, loss: CrossEntropyLoss}
  size: {loss: MSELoss}
"""


def test_layers_keep_the_specs_order_and_take_what_stands_before():
    graph = parse_network(RESIDUAL).graph
    assert list(graph.vertices) == ["first", "relu_1", "second", "add_1", "maxpool2d_1"]
    assert graph.vertices["add_1"].inputs == (Port("second"), Port("first"))
    assert graph.outputs == {"output": Port("maxpool2d_1")}


def test_symbolic_sizes_go_through():
    graph = parse_network(RESIDUAL).graph
    assert [str(vertex.gives[0]) for vertex in graph][-2:] == ["(8, h, w)", "(8, h // 2, w // 2)"]
    assert graph.symbols == ("h", "w")
    assert graph.output_tensors["output"].bind({"h": 9, "w": 6}) == tensor("n 8 4 3")


def test_several_inputs_and_outputs():
    graph = parse_network(TWO).graph
    assert graph.outputs == {"kind": Port("kind"), "size": Port("size")}
    assert graph.consumers[Port("both")] == ("kind", "size")


def test_adding_a_layer_to_itself_keeps_both_edges():
    graph = parse_network("nnspec: 1\ninputs: {x: [8]}\nlayers:\n  - {Add: null, from: [x, x]}\n").graph
    assert graph.vertices["add_1"].inputs == (Port("x"), Port("x"))
    assert graph.digraph.nodes["add_1"]["inputs"] == (Port("x"), Port("x"))
    assert list(graph.digraph.edges) == [("x", "add_1"), ("add_1", "output:output")]


def test_a_layers_other_outputs_have_names():
    text = "nnspec: 1\ninputs: {rows: [T, 8]}\nlayers:\n  - {LSTM: 4, name: memory}\n"
    text += "  - {Flatten: null, from: memory.%s}\n"
    for name, shape in (("h_n", "n 4"), ("c_n", "n 4"), ("1", "n 4")):
        graph = parse_network(text % name).graph
        assert graph.output_tensors["output"] == tensor(shape)


def test_parts_of_one_kind_all_go_to_a_layer_that_may_take_as_many():
    text = "nnspec: 1\ninputs: {x: [3, 2, 5, 4]}\nlayers:\n  - {Unbind: 1, name: parts}\n"
    graph = parse_network(text + "  - {ScaledDotProductAttention: null, name: attention}\n").graph
    assert graph.vertices["attention"].inputs == (Port("parts", 0), Port("parts", 1), Port("parts", 2))
    assert parse_network(text + "  - {ReLU: null, name: first}\n").graph.vertices["first"].inputs == (Port("parts", 0),)


def test_last_states_do_not_go_to_a_layer_that_may_take_as_many():
    text = "nnspec: 1\ninputs: {rows: [T, 8]}\nlayers:\n  - {LSTM: 4, name: memory}\n"
    graph = parse_network(text + "  - {MultiheadAttention: 2, name: attention}\n").graph
    assert graph.vertices["attention"].inputs == (Port("memory"),)


def test_a_layer_that_reaches_no_output_is_warned_of():
    text = "nnspec: 1\ninputs: {x: [8]}\nlayers:\n  - {Linear: 3, name: dead}\n  - {Linear: 5, from: x}\n"
    (warning,) = parse_network(text).warnings
    assert warning.code == "unused-layer"
    assert warning.message == (
        "Linear dead reaches no output: it is never trained and is left out of the exported file"
    )
    assert warning.span.place == "spec.yaml:4:6"


def test_the_digraph_is_networkx_in_the_specs_order():
    graph = parse_network(TWO).graph
    assert list(graph.digraph) == ["left", "right", "a", "b", "both", "kind", "size", "output:kind", "output:size"]
    assert graph.digraph.edges["a", "both"]["tensor"] == tensor("n 4")


def chain(layers: int) -> str:
    return "nnspec: 1\ninputs: {x: [8]}\nlayers:\n" + "  - Linear: 8\n  - ReLU\n" * (layers // 2)


def diamonds(count: int) -> str:
    lines = "".join(f"  - {{Add: null, from: [_, _], name: d{i}}}\n" for i in range(count))
    return "nnspec: 1\ninputs: {x: [8]}\nlayers:\n  - Linear: 8\n" + lines


def seconds(text: str) -> float:
    start = time.process_time()
    parse_network(text)
    return time.process_time() - start


def test_time_grows_with_the_layers_and_not_with_their_square():
    seconds(chain(100))
    assert seconds(chain(4000)) < 40 * max(seconds(chain(400)), 0.01)


def test_many_paths_are_no_more_work_than_many_layers():
    assert seconds(diamonds(200)) < 2
