import pytest
import torch
from refusing import refusal
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nnspec.layers.conv import Conv1d, Conv2d, conv_output_size
from nnspec.shapes import bind, symbol, tensor


def test_padding_keeps_the_image_size():
    conv = Conv2d(out_channels=8, kernel_size=3, padding=1)
    assert conv.infer(tensor("n 3 32 32")) == tensor("n 8 32 32")


def test_a_symbolic_size_stays_symbolic():
    size = conv_output_size(symbol("t"), kernel=5, stride=2, padding=1, dilation=1)
    assert str(size) == "(t + 1) // 2 - 1"
    assert [bind(size, {"t": t}) for t in (3, 4, 9)] == [1, 1, 4]


def test_a_kernel_must_fit():
    assert refusal("Conv2d", dict(out_channels=4, kernel_size=9, padding=1), "n 16 4 4") == (
        "kernel_size",
        "kernel_size 9 does not fit its input: 6×6 after padding 1",
        "a kernel of at most 6 fits; or pool less before",
    )
    assert refusal("Conv2d", dict(out_channels=4, kernel_size=[3, 9], padding=[0, 1]), "n 16 h 4") == (
        "kernel_size",
        "kernel_size [3, 9] does not fit its input: h×6 after padding [0, 1]",
        "a kernel of at most 6 fits; or pool less before",
    )
    assert refusal("Conv1d", dict(out_channels=4, kernel_size=3, dilation=4), "n 16 6") == (
        "kernel_size",
        "kernel_size 3, spread over 9 by dilation 4, does not fit its input: 6",
        "a kernel of at most 2 fits; or pool less before",
    )


def test_groups_divide_the_channels_on_both_sides():
    assert refusal("Conv2d", dict(out_channels=4, kernel_size=3, groups=3), "n 16 6 6") == (
        "groups",
        "groups 3 does not divide the 16 channels of its input",
        "channels are split into groups of one size; 1, 2, 4 would do",
    )
    assert refusal("Conv2d", dict(out_channels=4, kernel_size=3, groups=8), "n 16 6 6") == (
        "groups",
        "groups 8 does not divide the 4 channels of its output",
        "channels are split into groups of one size; 1, 2, 4 would do",
    )


def test_padding_same_needs_a_stride_of_1():
    assert refusal("Conv2d", dict(out_channels=4, kernel_size=3, padding="same", stride=[1, 2]), "n 16 6 6") == (
        "padding",
        "padding same keeps the size, which stride [1, 2] does not",
        "give the padding as a number, such as 1; or leave the stride at 1",
    )


def test_padding_cannot_mirror_more_than_there_is():
    arguments = dict(out_channels=1, kernel_size=9, padding=4, padding_mode="reflect")
    assert refusal("Conv2d", arguments, "n 1 4 9") == (
        "padding_mode",
        "padding_mode reflect needs axes longer than the padding: 4 on an axis of 4",
        "a padding of at most 3 fits; padding_mode zeros has no limit",
    )
    arguments = dict(out_channels=1, kernel_size=12, padding="same", padding_mode="circular")
    assert refusal("Conv1d", arguments, "n 1 5") == (
        "padding_mode",
        "padding_mode circular needs axes at least as long as the padding: 6 on an axis of 5",
        "a padding of at most 5 fits; padding_mode zeros has no limit",
    )


def test_a_convolution_needs_an_image():
    arguments = dict(out_channels=4, kernel_size=3)
    assert refusal("Conv2d", arguments, "n 16 6") == (
        "",
        "needs an input of 3 axes beside the batch, got 2: (16, 6)",
        "",
    )
    assert refusal("Conv2d", arguments, "n c 6 6") == (
        "",
        "needs a channel axis of fixed size, got c: weights cannot depend on a length",
        "",
    )


@pytest.mark.parametrize("groups", [1, 2])
def test_multiply_accumulates_are_those_that_pytorch_counts(groups):
    conv = Conv2d(out_channels=6, kernel_size=[3, 2], stride=2, padding=1, groups=groups)
    module = nn.Conv2d(4, 6, (3, 2), 2, 1, groups=groups)
    with FlopCounterMode(display=False) as counter:
        module(torch.zeros(1, 4, 9, 8))
    assert conv.macs(tensor("n 4 9 8")) * 2 == counter.get_total_flops()
    symbolic = Conv1d(out_channels=6, kernel_size=3, padding=1, groups=groups).macs(tensor("n 4 t"))
    assert str(symbolic) == f"{6 * 3 * 4 // groups} * t"


def test_the_module_is_written_as_a_person_would():
    conv = Conv2d(out_channels=16, kernel_size=3, padding="same")
    assert str(conv.module(tensor("n 1 8 8"))) == 'nn.Conv2d(1, 16, kernel_size=3, padding="same")'
