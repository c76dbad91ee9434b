import pytest
from refusing import refusal

from nnspec.layers import arity
from nnspec.layers.combine import Concat
from nnspec.pycode import name
from nnspec.shapes import tensor


def test_element_types_are_not_joined():
    assert refusal("Concat", {}, "n 3", "int64 n 3") == (
        "",
        "needs inputs of one element type, got float32 and int64",
        "",
    )


@pytest.mark.parametrize(("left", "right"), [("3 4", "3 5"), ("3 4", "3"), ("3 t", "3 u")])
def test_inputs_that_are_joined_differ_along_one_axis_only(left, right):
    assert refusal("Concat", {}, f"n {left}", f"n {right}") == (
        "dim",
        f"needs inputs that differ along axis 1 only, got {tensor(f'n {left}')} and {tensor(f'n {right}')}",
        "dim is the axis along which they are joined, the batch being axis 0",
    )


def test_examples_are_not_joined():
    assert refusal("Concat", dict(dim=0), "n 3", "n 3") == (
        "dim",
        "dim 0 is the batch axis",
        "examples must stay apart: choose 1 or -1",
    )


def test_symbolic_sizes_add_up():
    assert str(Concat().infer(tensor("n t 3"), tensor("n u 3"), tensor("n t 3"))) == "(2 * t + u, 3)"


def test_two_inputs_or_more_are_joined():
    assert arity(Concat) == (2, None)
    assert str(Concat(dim=-1).forward(name("a"), name("b"))) == "torch.cat((a, b), dim=-1)"
