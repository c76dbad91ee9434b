import pytest
import torch
from refusing import refusal

from nnspec.codegen.load import evaluate
from nnspec.exporting.builder import GraphBuilder
from nnspec.layers.batchnorm import BatchNorm1d
from nnspec.layers.layer import NotInOnnx
from nnspec.layers.norm import FLOAT32_EPS, LayerNorm, LocalResponseNorm, RMSNorm
from nnspec.shapes import tensor
from nnspec.testing import check_layer


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


def test_groups_divide_the_channels():
    assert refusal("GroupNorm", dict(num_groups=4), "n 6 8 8") == (
        "num_groups",
        "num_groups 4 does not divide its input's 6 channels",
        "what does: 1, 2, 3, 6",
    )


def test_one_number_is_not_normalised():
    assert refusal("GroupNorm", dict(num_groups=6), "n 6") == (
        "num_groups",
        "num_groups 6 leaves one number in each group of (6)",
        "alone in its group, every number becomes 0: fewer groups hold more",
    )
    assert refusal("InstanceNorm2d", {}, "n 6 1 1") == (
        "",
        "needs several positions to normalise over, got one: (6, 1, 1)",
        "over one, everything becomes 0; BatchNorm normalises over the examples of a batch",
    )


def test_neighbouring_channels_have_positions():
    assert refusal("LocalResponseNorm", dict(size=3), "n 6") == (
        "",
        "needs an input of at least 2 axes beside the batch, got 1: (6)",
        "",
    )


def test_the_mean_square_has_the_smallest_step_added_unless_told():
    x, norm = torch.full((1, 4), 1e-4), RMSNorm()
    module = evaluate(norm.module(tensor("n 4")), {})
    assert torch.allclose(module(x), x / (x.square() + FLOAT32_EPS).sqrt(), rtol=1e-6)
    assert not torch.allclose(module(x), x / x.square().sqrt(), rtol=1e-2)


@pytest.mark.parametrize("size", range(1, 8))
@pytest.mark.parametrize("shape", ["n 5 3", "n 5 3 2", "n 2 3 2 2"])
def test_a_response_over_any_number_of_channels_is_pytorchs(size, shape):
    class Sized(LocalResponseNorm):
        """Normalised.

        (n, c, ...) -> (n, c, ...)
        """

        examples = {f"{shape} -> {shape}": dict(size=size, alpha=1.0), "n c t -> n c t": dict(size=size, alpha=2.0)}

    check_layer(Sized, opsets=(20,))
