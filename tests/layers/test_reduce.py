from refusing import refusal

from nnspec.layers.reduce import Mean
from nnspec.pycode import name


def test_a_mean_is_over_axes_of_each_example():
    assert refusal("Mean", dict(dim=[1, 0]), "n 3 4") == (
        "dim",
        "dim 0 is the batch axis",
        "examples must stay apart: choose 1 to 2, or -1 to -2 from the end",
    )


def test_a_mean_names_an_axis_once():
    assert refusal("Mean", dict(dim=[1, -1]), "n 3") == ("dim", "dim [1, -1] names an axis twice", "")


def test_a_mean_needs_real_numbers():
    assert refusal("Mean", dict(dim=1), "int64 n 3") == ("", "needs an input of real numbers (float32), got int64", "")


def test_a_mean_is_written_as_a_person_would():
    assert str(Mean(dim=[2, 3]).forward(name("x"))) == "torch.mean(x, dim=(2, 3))"
    assert str(Mean(dim=1, keepdim=True).forward(name("x"))) == "torch.mean(x, dim=1, keepdim=True)"
