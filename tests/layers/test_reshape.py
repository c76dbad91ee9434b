import onnx
import pytest
from refusing import refusal

from nnspec.exporting.builder import GraphBuilder
from nnspec.layers.reshape import Flatten
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


def test_the_last_element_is_along_an_axis_of_each_example():
    assert refusal("Last", dict(dim=0), "n 4 3") == (
        "dim",
        "dim 0 is the batch axis",
        "examples must stay apart: choose 1 to 2, or -1 to -2 from the end",
    )
