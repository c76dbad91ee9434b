import onnx
import pytest
from refusing import refusal

from nnspec.exporting.builder import GraphBuilder
from nnspec.layers.reshape import Flatten, Reshape, Unflatten
from nnspec.pycode import name
from nnspec.shapes import tensor


def test_flattening_keeps_examples_apart():
    assert refusal("Flatten", dict(start_dim=0), "n 3 4") == (
        "start_dim",
        "start_dim 0 is the batch axis",
        "examples must stay apart: choose 1 to 2, or -1 to -2 from the end",
    )


def test_flattening_goes_from_the_first_to_the_last_axis():
    assert refusal("Flatten", dict(start_dim=2, end_dim=1), "n 3 4") == (
        "start_dim",
        "start_dim 2 comes after end_dim 1: axes 2 and 1 of its input",
        "",
    )
    assert refusal("Flatten", dict(end_dim=4), "n 3 4") == (
        "end_dim",
        "end_dim 4 is not an axis of its input, which has 3 axes with the batch",
        "axes count from the batch: 1 to 2, or -1 to -2 from the end",
    )
    assert refusal("Flatten", {}, "n") == ("", "needs an input of at least 1 axis beside the batch, got 0: ()", "")


def test_flattening_symbolic_sizes_multiplies_them():
    assert str(Flatten().infer(tensor("n 3 h w"))) == "(3 * h * w)"
    assert str(Flatten().forward(name("x"))) == "x.flatten(1)"
    assert str(Flatten(end_dim=2).forward(name("x"))) == "x.flatten(1, 2)"


@pytest.mark.parametrize(
    ("shape", "arguments", "nodes"),
    [
        ("n 3 h w", {}, ["Flatten"]),
        ("n 3", {}, []),
        ("n t 3 4", dict(start_dim=2), ["Reshape"]),
        ("n 2 3 4", dict(end_dim=2), ["Reshape"]),
        ("n 2 3 t u", dict(end_dim=2), ["Shape", "Concat", "Reshape"]),
    ],
)
def test_flattening_writes_as_few_nodes_as_it_can(shape, arguments, nodes):
    graph = GraphBuilder()
    x = graph.input("x", tensor(shape))
    layer, scope = Flatten(**arguments), graph.scope("flatten")
    (y,) = scope.finish(layer.to_onnx(scope, x), [layer.infer(tensor(shape))])
    graph.output(y, "y")
    model: onnx.ModelProto = graph.model("test")
    assert [node.op_type for node in model.graph.node if node.op_type != "Identity"] == nodes


def test_a_shape_holds_as_many_numbers_as_its_input():
    assert refusal("Reshape", dict(shape=[5, 2]), "n 12") == (
        "shape",
        "shape [5, 2] holds 10 numbers, its input has 12",
        "",
    )
    assert refusal("Reshape", dict(shape=[5, -1]), "n 12") == (
        "shape",
        "shape [5, -1] holds 5 numbers times the -1, its input has 12",
        "",
    )
    assert refusal("Reshape", dict(shape=[-1, -1]), "n 12") == (
        "shape",
        "shape [-1, -1] has more than one -1: only one size can be inferred",
        "",
    )
    assert refusal("Reshape", dict(shape=[0, 4]), "n 12") == (
        "shape",
        "shape holds 0: a size is at least 1, or -1 for one that is inferred",
        "",
    )
    assert refusal("Reshape", dict(shape=["u", 4]), "n t 4") == (
        "shape",
        "shape names the length u, which is unknown here",
        "its lengths are t",
    )


def test_only_an_axis_of_size_1_is_squeezed_or_expanded():
    assert refusal("Squeeze", dict(dim=1), "n 3 4") == (
        "dim",
        "axis 1 has the size 3: only an axis of size 1 goes",
        "",
    )
    assert refusal("Squeeze", dict(dim=[1, -2]), "n 1 4") == ("dim", "dim [1, -2] names an axis twice", "")
    assert refusal("Expand", dict(size=[4, 4]), "n 3 4") == (
        "size",
        "an axis of size 3 cannot be expanded to 4: only one of size 1 can",
        "",
    )
    assert refusal("Expand", dict(size=[4]), "n 3 4") == (
        "size",
        "size has 1 sizes, and its input 2 axes beside the batch: (3, 4)",
        "Unsqueeze puts an axis in",
    )


def test_a_symbolic_size_is_read_off_the_input_when_the_model_runs():
    x = tensor("n t 6")
    assert str(Reshape(shape=["t", 2, 3]).code([x], name("x"))) == "x.reshape(x.shape[0], x.shape[1], 2, 3)"
    assert str(Unflatten(dim=-1, unflattened_size=[2, -1]).code([x], name("x"))) == "x.unflatten(-1, (2, 3))"
