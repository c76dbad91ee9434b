import pytest
from refusing import refusal

from nnspec.layers.pad import ConstantPad2d, Pad
from nnspec.shapes import tensor


def test_an_axis_is_mirrored_as_far_as_it_goes():
    assert refusal("ReflectionPad2d", dict(padding=4), "n 1 9 4") == (
        "padding",
        "reflect padding needs an axis longer than what is added: 4 on an axis of 4",
        "at most 3 can be added at an end; a constant has no limit",
    )
    assert refusal("CircularPad1d", dict(padding=[2, -1]), "n 1 2") == (
        "padding",
        "circular padding needs an axis at least as long as what is added: 2 on an axis of 1",
        "at most 1 can be added at an end; a constant has no limit",
    )


def test_something_must_be_left():
    assert refusal("ZeroPad1d", dict(padding=[-2, -1]), "n 1 3") == (
        "padding",
        "padding leaves nothing of an axis of 3: 0",
        "less can be cut off",
    )


@pytest.mark.parametrize("numbers", [[1, 1, 1], [0, 0, 0, 0, 1, 1]])
def test_ends_come_in_pairs_and_leave_the_batch_alone(numbers):
    assert refusal("Pad", dict(pad=numbers), "n 4 5") == (
        "pad",
        f"pad has {len(numbers)} numbers, which are not two for each of at most 2 axes",
        "[left, right], then [left, right, top, bottom], the last axis first; the batch is not padded",
    )


def test_all_but_a_constant_pads_the_axes_that_pytorch_pads():
    assert refusal("Pad", dict(pad=[1, 1], mode="reflect"), "n 3 4 5") == (
        "pad",
        "mode reflect pads the last 1 to 3 axes, all but the batch and at most one more, of an input of 3 axes: "
        "not 1 of them",
        "PyTorch pads other axes with a constant only; 0 leaves an axis as it is",
    )


def test_a_symbolic_axis_is_padded_and_cut():
    assert str(Pad(pad=[2, 3, -1, 0]).infer(tensor("n h w"))) == "(h - 1, w + 5)"


def test_the_module_is_written_as_a_person_would():
    layer = ConstantPad2d(padding=[1, 2, 0, 0], value=0.5)
    assert str(layer.module(tensor("n 3 h w"))) == "nn.ConstantPad2d((1, 2, 0, 0), value=0.5)"
