import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from refusing import refusal

from nnspec.exporting.builder import GraphBuilder
from nnspec.layers.adaptive_pool import AdaptiveAvgPool2d
from nnspec.layers.layer import NotInOnnx
from nnspec.layers.pool import MaxPool1d, MaxPool2d, pool_output_size
from nnspec.shapes import bind, symbol, tensor

UNHURRIED = settings(deadline=None)  # a busy machine is no mistake

sizes = st.integers(1, 60)


@UNHURRIED
@given(sizes, st.integers(1, 7), st.integers(1, 7), st.integers(0, 3), st.integers(1, 3))
def test_rounding_up_drops_a_window_that_starts_beyond_the_input(size, kernel, stride, padding, dilation):
    padding = min(padding, kernel // 2)
    windows = -((size + 2 * padding - dilation * (kernel - 1) - 1) // -stride) + 1
    if (windows - 1) * stride >= size + padding:
        windows -= 1
    assert pool_output_size(size, kernel, stride, padding, dilation, ceil_mode=True) == windows


@UNHURRIED
@given(sizes, st.integers(1, 7), st.integers(1, 7), st.booleans())
def test_a_symbolic_size_is_pooled_like_any_number(size, kernel, stride, ceil_mode):
    symbolic = pool_output_size(symbol("h"), kernel, stride, kernel // 2, 1, ceil_mode=ceil_mode)
    assert bind(symbolic, {"h": size}) == pool_output_size(size, kernel, stride, kernel // 2, 1, ceil_mode=ceil_mode)


def test_a_window_must_not_lie_in_the_padding():
    for pool in ("MaxPool2d", "AvgPool2d"):
        assert refusal(pool, dict(kernel_size=3, padding=2), "n 3 6 6") == (
            "padding",
            "padding 2 is more than half of a window of 3",
            "padding of at most 1 fits: a window must not lie in the padding alone",
        )


def test_a_window_must_fit():
    assert refusal("AvgPool2d", dict(kernel_size=8), "n 3 6 6") == (
        "kernel_size",
        "kernel_size 8 does not fit its input: 6×6",
        "a kernel of at most 6 fits; or pool less before",
    )
    assert refusal("MaxPool2d", dict(kernel_size=3, dilation=3), "n 3 6 6") == (
        "kernel_size",
        "kernel_size 3, spread over 7 by dilation 3, does not fit its input: 6×6",
        "a kernel of at most 2 fits; or pool less before",
    )


@pytest.mark.parametrize("pool", ["MaxPool2d", "AvgPool2d"])
def test_pooling_needs_an_image(pool):
    assert refusal(pool, dict(kernel_size=2), "n 3 6") == (
        "",
        "needs an input of 3 axes beside the batch, got 2: (3, 6)",
        "",
    )


def test_the_stride_is_the_kernel_unless_given():
    assert MaxPool2d(kernel_size=[2, 3]).infer(tensor("n 1 8 h")) == MaxPool2d(kernel_size=[2, 3], stride=[2, 3]).infer(
        tensor("n 1 8 h")
    )


def test_several_windows_over_an_unknown_length_are_not_in_onnx():
    graph = GraphBuilder()
    x = graph.input("x", tensor("n 1 h 6"))
    with pytest.raises(NotInOnnx) as caught:
        AdaptiveAvgPool2d(output_size=2).to_onnx(graph.scope("pool"), x)
    assert str(caught.value) == "cannot pool an axis of unknown length h to 2: its windows depend on the length"


def test_maxima_and_their_places_come_together():
    pool = MaxPool2d(kernel_size=2, return_indices=True)
    assert pool.infer(tensor("n 3 8 6")) == (tensor("n 3 4 3"), tensor("int64 n 3 4 3"))
    assert pool.target(2) == "output, indices"


def test_places_of_maxima_in_wide_padding_are_not_in_onnx():
    graph = GraphBuilder()
    x = graph.input("x", tensor("n 1 9"))
    with pytest.raises(NotInOnnx) as caught:
        MaxPool1d(kernel_size=2, stride=3, dilation=2, ceil_mode=True, return_indices=True).to_onnx(
            graph.scope("pool"), x
        )
    assert str(caught.value) == (
        "onnxruntime cannot tell the places of maxima where a window's padding is as wide as its kernel"
    )


def test_three_axes_are_averaged_over_windows_that_fit_without_padding():
    assert refusal("AvgPool3d", dict(kernel_size=3, padding=1), "n 1 8 8 2") == (
        "kernel_size",
        "kernel_size 3 does not fit its input: 8×8×2",
        "over three axes, PyTorch lets neither padding nor ceil_mode make up for a short axis",
    )
