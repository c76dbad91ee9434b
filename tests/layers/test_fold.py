import torch
from refusing import refusal
from torch.nn import functional as F

from nnspec.layers.fold import Fold, Unfold
from nnspec.shapes import tensor


def test_windows_laid_back_are_as_many_as_were_taken():
    windows = Unfold(kernel_size=3, stride=2, padding=1).infer(tensor("n 3 9 7"))
    assert windows == tensor("n 27 20")
    assert Fold(output_size=[9, 7], kernel_size=3, stride=2, padding=1).infer(windows) == tensor("n 3 9 7")
    assert F.unfold(torch.zeros(1, 3, 9, 7), 3, stride=2, padding=1).shape == (1, 27, 20)


def test_an_image_needs_all_its_windows():
    assert refusal("Fold", dict(output_size=[4, 5], kernel_size=2), "n 12 13") == (
        "output_size",
        "an image of 4×5 has 3×4 windows, and its input 13",
        "its input must be of 12 positions, as Unfold with these settings gives",
    )


def test_a_vector_holds_whole_windows():
    assert refusal("Fold", dict(output_size=[4, 5], kernel_size=[2, 3]), "n 10 9") == (
        "kernel_size",
        "a window of kernel_size 2×3 has 6 elements, which does not divide the 10 channels of its input",
        "its input has one channel for each element of a window and each channel of the image",
    )


def test_a_window_must_fit():
    assert refusal("Unfold", dict(kernel_size=4), "n 1 3 3") == (
        "kernel_size",
        "kernel_size 4 does not fit its input: 3×3",
        "a kernel of at most 3 fits; or pool less before",
    )
