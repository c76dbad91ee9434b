from refusing import refusal

from nnspec.layers.shuffle import PixelShuffle, PixelUnshuffle
from nnspec.shapes import tensor


def test_shuffled_pixels_find_back():
    assert PixelUnshuffle(downscale_factor=3).infer(tensor("n 2 9 6")) == tensor("n 18 3 2")
    assert PixelShuffle(upscale_factor=3).infer(tensor("n 18 3 2")) == tensor("n 2 9 6")


def test_channels_come_in_groups():
    assert refusal("PixelShuffle", dict(upscale_factor=2), "n 6 3 3") == (
        "upscale_factor",
        "upscale_factor 2 needs channels in groups of 4, its input has 6",
        "a layer before it may give 8",
    )
    assert refusal("ChannelShuffle", dict(groups=4), "n 6 3 3") == (
        "groups",
        "groups 4 does not divide the 6 channels of its input",
        "",
    )


def test_an_axis_is_split_without_a_rest():
    assert refusal("PixelUnshuffle", dict(downscale_factor=2), "n 6 4 3") == (
        "downscale_factor",
        "downscale_factor 2 does not divide the 3 positions of an axis of its input",
        "pad or crop the image before it",
    )
