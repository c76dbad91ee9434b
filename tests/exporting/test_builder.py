"""The graph builder: names, sizes, opsets, and the same bytes every time."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from nnspec.exporting.builder import GraphBuilder, check_model, to_bytes
from nnspec.layers.layer import OPSETS, NotInOnnx
from nnspec.runtime import open_session
from nnspec.shapes import BATCH, Tensor, tensor


def weights():
    generator = np.random.default_rng(0)
    shapes = {"linear_1.weight": (3, 4), "linear_1.bias": (3,), "block.linear_2.weight": (3, 3), "unused.weight": (9,)}
    return {name: generator.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def two_layers(opset=20):
    """x -> linear_1 -> block.linear_2 -> answer, with a node that nothing needs."""
    graph = GraphBuilder(weights(), opset)
    x = graph.input("x", tensor("n t 4"))
    first = graph.scope("linear_1", "linear_1")
    hidden = first.op("MatMul", x, first.constant(first.weights("weight").T, name="weight.T"))
    first.op("Relu", hidden)
    (y,) = first.finish(first.op("Add", hidden, first.parameter("bias")), [tensor("n t 3")])
    second = graph.scope("linear_2", "block.linear_2")
    (z,) = second.finish(second.op("MatMul", y, second.parameter("weight")), [tensor("n t 3")])
    graph.output(z, "answer")
    return graph


def names(model):
    return {node.name: ([*node.input], [*node.output]) for node in model.graph.node}


def test_nodes_bear_their_layers_name_and_weights_the_state_dicts():
    model = two_layers().model("net")
    assert names(model) == {
        "linear_1.MatMul": (["x", "linear_1.weight.T"], ["linear_1.MatMul"]),
        "linear_1": (["linear_1.MatMul", "linear_1.bias"], ["linear_1"]),
        "linear_2": (["linear_1", "block.linear_2.weight"], ["answer"]),
    }
    assert [one.name for one in model.graph.initializer] == [
        "linear_1.weight.T",
        "linear_1.bias",
        "block.linear_2.weight",
    ]


def test_symbolic_lengths_are_kept_by_name():
    model = two_layers().model("net")
    surface = [*model.graph.input, *model.graph.value_info, *model.graph.output]
    found = {one.name: [dim.dim_param or dim.dim_value for dim in one.type.tensor_type.shape.dim] for one in surface}
    assert found == {"x": ["batch", "t", 4], "linear_1": ["batch", "t", 3], "answer": ["batch", "t", 3]}


def test_arithmetic_on_lengths_is_a_name_too():
    graph = GraphBuilder()
    x = graph.input("x", tensor("n t"))
    length = (tensor("n t").shape[1] + 1) // 2
    graph.output(graph.scope("f").op("Relu", x), "y", tensor("n t").with_last(length))
    (output,) = graph.model("net").graph.output
    assert output.type.tensor_type.shape.dim[1].dim_param == "(t + 1) // 2"


def test_the_same_graph_has_the_same_bytes():
    first, second = (two_layers().model("net", "two layers", {"a": "1", "b": "2"}) for _ in range(2))
    assert to_bytes(first) == to_bytes(second)
    assert to_bytes(onnx.load_from_string(to_bytes(first))) == to_bytes(first)


def test_a_builder_gives_the_same_model_twice():
    graph = two_layers()
    assert to_bytes(graph.model("net")) == to_bytes(graph.model("net"))


@pytest.mark.parametrize("opset", OPSETS)
def test_every_opset_has_the_oldest_ir_version_that_knows_it(opset):
    model = two_layers(opset).model("net", "two layers", {"key": "value"})
    check_model(model)
    assert [(one.domain, one.version) for one in model.opset_import] == [("", opset)]
    versions = {18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11, 24: 12, 25: 13, 26: 13, 27: 13, 28: 14}
    assert model.ir_version == versions[opset]
    assert (model.graph.name, model.graph.doc_string) == ("net", "two layers")
    assert [(one.key, one.value) for one in model.metadata_props] == [("key", "value")]


@pytest.mark.parametrize("opset", [17, 29])
def test_another_opset_is_refused(opset):
    with pytest.raises(ValueError) as caught:
        GraphBuilder({}, opset)
    assert str(caught.value) == f"opset {opset} is not one of 18 to 28"


def test_a_model_computes_what_was_written():
    session = open_session(to_bytes(two_layers().model("net")))
    given = weights()
    for batch, time in ((1, 1), (3, 5)):
        x = np.random.default_rng(1).standard_normal((batch, time, 4)).astype(np.float32)
        wanted = (x @ given["linear_1.weight"].T + given["linear_1.bias"]) @ given["block.linear_2.weight"]
        np.testing.assert_allclose(session.run({"x": x})["answer"], wanted, atol=1e-5)


def test_a_parameter_is_stored_once_however_often_it_is_used():
    graph = GraphBuilder(weights())
    x = graph.input("x", tensor("n 4"))
    for name in ("left", "right"):
        scope = graph.scope(name, "linear_1")
        (y,) = scope.finish(scope.op("Gemm", x, scope.parameter("weight"), transB=1), [tensor("n 3")])
        graph.output(y, f"{name}_answer")
    assert [one.name for one in graph.model("net").graph.initializer] == ["linear_1.weight"]


def test_small_constants_are_shared_and_large_ones_keep_their_place():
    graph = GraphBuilder()
    x = graph.input("x", tensor("n 400"))
    for name in ("first", "second"):
        scope = graph.scope(name)
        x = scope.op("Add", scope.op("Mul", x, scope.constant(2.0, name="two")), scope.constant([0.5] * 400))
    graph.output(x, "y", tensor("n 400"))
    found = [one.name for one in graph.model("net").graph.initializer]
    assert found == ["first.two", "first.constant", "second.constant"]


def test_constants_of_another_type_or_shape_are_others():
    graph = GraphBuilder()
    scope = graph.scope("s")
    values = [scope.constant(0, "int64"), scope.constant(0, "int32"), scope.constant([0], "int64")]
    assert len(set(values)) == 3
    assert scope.constant(0, "int64") is values[0]


def test_text_is_a_constant_and_an_input():
    graph = GraphBuilder()
    x = graph.input("city", Tensor((BATCH, 1), "string"))
    scope = graph.scope("vocabulary")
    found = scope.op("Equal", x, scope.constant(["Łódź"], "string", name="words"))
    graph.output(found, "known", Tensor((BATCH, 1), "bool"))
    model = graph.model("net")
    assert model.graph.input[0].type.tensor_type.elem_type == TensorProto.STRING
    assert model.graph.initializer[0].string_data == ["Łódź".encode()]


def test_another_domain_is_declared_where_it_is_used():
    graph = GraphBuilder(opset=20)
    x = graph.input("x", tensor("int64 n"))
    labels = dict(keys_int64s=[0, 1], values_strings=["no", "yes"], default_string="?")
    y = graph.scope("answer").op("LabelEncoder", x, domain="ai.onnx.ml", **labels)
    graph.output(y, "label", Tensor((BATCH,), "string"))
    model = graph.model("net")
    check_model(model)
    assert [(one.domain, one.version) for one in model.opset_import] == [("", 20), ("ai.onnx.ml", 4)]
    assert open_session(to_bytes(model)).run({"x": np.array([1, 0, 7])})["label"].tolist() == ["yes", "no", "?"]


def test_optional_inputs_outputs_and_attributes_may_be_left_out():
    graph = GraphBuilder()
    x = graph.input("x", tensor("n 3 4"))
    scope = graph.scope("clip")
    clipped = scope.op("Clip", x, None, scope.constant(1.0))
    kept, _ = scope.ops("Dropout", clipped, outputs=2, seed=3, training_mode=None)
    graph.output(kept, "kept", tensor("n 3 4"))
    clip, dropout = graph.model("net").graph.node
    assert [*clip.input] == ["x", "", "clip.constant"]
    assert [*dropout.output] == ["kept"]
    assert [attribute.name for attribute in dropout.attribute] == ["seed"]


def test_several_outputs_are_named_after_the_layer():
    graph = GraphBuilder()
    x = graph.input("x", tensor("n 4"))
    scope = graph.scope("split_1")
    halves = scope.ops("Split", x, outputs=2, axis=1, num_outputs=2)
    left, right = scope.finish(halves, [tensor("n 2")] * 2, ["0", "1"])
    graph.output(graph.scope("add_1").op("Add", left, right), "sum", tensor("n 2"))
    assert names(graph.model("net")) == {
        "split_1": (["x"], ["split_1", "split_1.1"]),
        "add_1.Add": (["split_1", "split_1.1"], ["sum"]),
    }


def test_names_that_are_taken_get_a_number():
    graph = GraphBuilder(weights())
    x = graph.input("x", tensor("n 4"))
    scope = graph.scope("f")
    for _ in range(3):
        x = scope.op("Relu", x)
    graph.output(x, "f.Relu", tensor("n 4"))
    assert [output for node in graph.model("net").graph.node for output in node.output] == [
        "f.Relu_1",
        "f.Relu_2",
        "f.Relu",
    ]


def test_an_output_keeps_its_name_where_a_layer_bears_it_too():
    graph = GraphBuilder()
    x = graph.input("x", tensor("n 4"))
    first, second = graph.scope("digit"), graph.scope("last")
    (y,) = first.finish(first.op("Relu", x), [tensor("n 4")])
    (z,) = second.finish(second.op("Neg", y), [tensor("n 4")])
    graph.output(z, "digit")
    assert names(graph.model("net")) == {"digit": (["x"], ["digit_1"]), "last": (["digit_1"], ["digit"])}


def test_what_is_handed_on_gets_a_node_only_as_an_output():
    graph = GraphBuilder()
    x = graph.input("x", tensor("n 4"))
    scope = graph.scope("dropout_1")
    (y,) = scope.finish(x, [tensor("n 4")])
    assert y is x
    graph.output(y, "first")
    graph.output(y, "second")
    model = graph.model("net")
    check_model(model)
    assert [(node.op_type, *node.input, *node.output) for node in model.graph.node] == [
        ("Identity", "x", "first"),
        ("Identity", "x", "second"),
    ]


def test_inputs_and_outputs_cannot_share_a_name():
    graph = GraphBuilder()
    x = graph.input("image", tensor("n 4"))
    graph.output(graph.scope("f").op("Relu", x), "image", tensor("n 4"))
    with pytest.raises(ValueError) as caught:
        graph.model("net")
    assert str(caught.value) == "two inputs, outputs or weights of one model are named image"


def test_a_refusal_is_for_the_caller_to_place():
    refusal = GraphBuilder().scope("f").refuse("cannot do this")
    assert isinstance(refusal, NotInOnnx)
    assert str(refusal) == "cannot do this"
