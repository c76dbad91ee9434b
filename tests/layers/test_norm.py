import pytest
from refusing import refusal

from nnspec.exporting.builder import GraphBuilder
from nnspec.layers.batchnorm import BatchNorm1d
from nnspec.layers.layer import NotInOnnx
from nnspec.layers.norm import LayerNorm
from nnspec.shapes import tensor


def test_batch_normalisation_needs_channels():
    assert refusal("BatchNorm1d", {}, "n 3 4 5") == (
        "",
        "needs an input of 1 or 2 axes beside the batch, got 3: (3, 4, 5)",
        "",
    )
    assert refusal("BatchNorm2d", {}, "n 3 4") == ("", "needs an input of 3 axes beside the batch, got 2: (3, 4)", "")
    assert refusal("BatchNorm1d", {}, "n c 4") == (
        "",
        "needs a channel axis of fixed size, got c: weights cannot depend on a length",
        "",
    )


@pytest.mark.parametrize(("shape", "sizes"), [("n 4 5", [3, 5]), ("n 5", [2, 5]), ("n 4 t", [4, 5])])
def test_a_shape_to_normalise_over_is_how_the_input_ends(shape, sizes):
    assert refusal("LayerNorm", dict(normalized_shape=sizes), shape) == (
        "normalized_shape",
        f"normalized_shape {sizes} is not how its input ends: {tensor(shape)}",
        "left out, it is the size of the last axis",
    )


def test_layer_normalisation_infers_the_last_axis():
    assert str(LayerNorm().module(tensor("n t 8"))) == "nn.LayerNorm(8)"
    assert str(LayerNorm(normalized_shape=[4, 8]).module(tensor("n 4 8"))) == "nn.LayerNorm((4, 8))"
    assert refusal("LayerNorm", {}, "n 4 t") == (
        "",
        "needs a last axis of fixed size, got t: weights cannot depend on a length",
        "",
    )


def test_a_batchs_own_statistics_are_not_in_onnx():
    graph = GraphBuilder()
    x = graph.input("x", tensor("n 3"))
    with pytest.raises(NotInOnnx) as caught:
        BatchNorm1d(track_running_stats=False).to_onnx(graph.scope("norm"), x)
    assert str(caught.value) == (
        "without running statistics, the answer to one example depends on the others in its batch"
    )
