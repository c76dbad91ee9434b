import pytest
from refusing import refusal

from nnspec.exporting.builder import GraphBuilder
from nnspec.layers.fractional_pool import FractionalMaxPool2d
from nnspec.layers.layer import NotInOnnx
from nnspec.shapes import tensor


def test_windows_at_random_are_not_in_onnx():
    graph = GraphBuilder()
    x = graph.input("x", tensor("n 1 9 9"))
    with pytest.raises(NotInOnnx) as caught:
        FractionalMaxPool2d(kernel_size=2, output_size=4).to_onnx(graph.scope("pool"), x)
    assert str(caught.value) == "its windows lie at random, in evaluation too, and ONNX knows no such pooling"


def test_the_size_of_the_output_is_given_in_one_way():
    for arguments in ({}, dict(output_size=4, output_ratio=0.5)):
        assert refusal("FractionalMaxPool2d", dict(kernel_size=2, **arguments), "n 1 9 9") == (
            "output_size",
            "needs the size of its output: output_size or output_ratio, one of both",
            "",
        )


def test_windows_must_fit():
    assert refusal("FractionalMaxPool3d", dict(kernel_size=3, output_size=[4, 8, 4]), "n 1 9 9 9") == (
        "kernel_size",
        "8 windows of kernel_size 3 do not fit 9 positions",
        "an axis of 9 has at most 7 windows of 3",
    )


def test_a_ratio_of_an_unknown_length_must_be_exact():
    half = FractionalMaxPool2d(kernel_size=2, output_ratio=0.5)
    assert str(half.infer(tensor("n 1 h 9"))) == "(1, h // 2, 4)"
    assert refusal("FractionalMaxPool2d", dict(kernel_size=2, output_ratio=0.7), "n 1 h 9") == (
        "output_ratio",
        "output_ratio 0.7 of an unknown length h is rounded differently from length to length",
        "halves, quarters and their like are exact (0.5, 1.25, 2); or fix the size of the axis",
    )
