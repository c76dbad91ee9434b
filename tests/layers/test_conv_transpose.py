import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from refusing import refusal
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from nnspec.layers.conv_transpose import ConvTranspose1d, ConvTranspose2d, transposed_output_size
from nnspec.shapes import bind, symbol, tensor


@settings(deadline=None)
@given(*[st.integers(1, 6)] * 3, st.integers(0, 3), st.integers(0, 2), st.integers(1, 3))
def test_a_symbolic_size_grows_like_any_number(size, kernel, stride, padding, more, dilation):
    setting = (kernel, stride, padding, more, dilation)
    assert bind(transposed_output_size(symbol("t"), *setting), {"t": size}) == transposed_output_size(size, *setting)


def test_what_is_added_to_the_output_is_less_than_a_stride_or_a_dilation():
    arguments = dict(out_channels=4, kernel_size=3, stride=[2, 1], output_padding=1)
    assert refusal("ConvTranspose2d", arguments, "n 3 6 6") == (
        "output_padding",
        "output_padding 1 is not smaller than stride [2, 1] or dilation 1",
        "it chooses between the sizes that a convolution of this stride would have brought here",
    )


def test_padding_must_leave_something():
    assert refusal("ConvTranspose1d", dict(out_channels=4, kernel_size=2, padding=3), "n 3 5") == (
        "padding",
        "padding 3 cuts all of its output away: 0 would be left",
        "less padding, or a larger kernel or stride, leaves something",
    )


def test_groups_divide_the_channels_on_both_sides():
    assert refusal("ConvTranspose1d", dict(out_channels=4, kernel_size=2, groups=3), "n 6 5") == (
        "groups",
        "groups 3 does not divide the 4 channels of its output",
        "channels are split into groups of one size; 1, 2 would do",
    )


@pytest.mark.parametrize("groups", [1, 2])
def test_multiply_accumulates_are_those_that_pytorch_counts(groups):
    conv = ConvTranspose2d(out_channels=6, kernel_size=[3, 2], stride=2, padding=1, groups=groups)
    module = nn.ConvTranspose2d(4, 6, (3, 2), 2, 1, groups=groups)
    with FlopCounterMode(display=False) as counter:
        module(torch.zeros(1, 4, 9, 8))
    assert conv.macs(tensor("n 4 9 8")) * 2 == counter.get_total_flops()


def test_the_module_is_written_as_a_person_would():
    conv = ConvTranspose1d(out_channels=16, kernel_size=4, stride=2, padding=1)
    assert str(conv.module(tensor("n 8 t"))) == "nn.ConvTranspose1d(8, 16, kernel_size=4, stride=2, padding=1)"
