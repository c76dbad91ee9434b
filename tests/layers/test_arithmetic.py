"""Arithmetic of several inputs, or of one and a number; comparisons and choices, which share its rules."""

import pytest
from refusing import refusal

from nnspec.layers import find
from nnspec.layers.arithmetic import Add, Div, Maximum, Mul, Pow, Sub
from nnspec.layers.compare import Gt, Where
from nnspec.pycode import name
from nnspec.shapes import tensor

ALIKE = ("Add", "Mul", "Sub", "Div", "Pow", "Maximum", "Minimum", "Eq", "Gt", "Where", "PairwiseDistance")


def inputs(layer: str, *shapes: str) -> tuple[str, ...]:
    return ("bool n 3", *shapes) if layer == "Where" else shapes


STRETCHING = [layer for layer in ALIKE if layer not in ("Where", "PairwiseDistance")]


@pytest.mark.parametrize(("left", "right"), [("3", "4"), ("3 2", "3 4"), ("t", "u"), ("t", "4")])
@pytest.mark.parametrize("layer", STRETCHING)
def test_sizes_are_equal_or_one(layer, left, right):
    assert refusal(layer, {}, f"n {left}", f"n {right}") == (
        "",
        f"needs inputs of one shape, got {tensor(f'n {left}')} and {tensor(f'n {right}')}",
        "of each axis the sizes are equal, or 1: bring the inputs to one shape first",
    )


@pytest.mark.parametrize("layer", STRETCHING)
def test_inputs_have_as_many_axes_so_that_no_example_meets_another(layer):
    assert refusal(layer, {}, "n 3 4", "n 4") == (
        "",
        "needs inputs of as many axes, got (3, 4) and (4)",
        "`Unsqueeze` gives an axis of size 1 to one of them; `keepdim: true` keeps it in a mean or maximum",
    )


@pytest.mark.parametrize("layer", STRETCHING)
def test_an_axis_of_one_is_stretched(layer):
    given = tensor("n 3 1 t"), tensor("n 1 u t")
    assert find(layer)().infer(*given).shape == tensor("n 3 u t").shape
    assert find(layer)().infer(*reversed(given)).shape == tensor("n 3 u t").shape


@pytest.mark.parametrize("right", ["3 1", "4"])
def test_a_distance_is_of_vectors_as_they_are(right):
    assert refusal("PairwiseDistance", {}, "n 3 4", f"n {right}") == (
        "",
        f"needs inputs of one shape, got (3, 4) and {tensor(f'n {right}')}",
        "sizes are not stretched to fit: bring the inputs to one shape first",
    )


@pytest.mark.parametrize("layer", ALIKE)
def test_element_types_are_not_mixed(layer):
    assert refusal(layer, {}, *inputs(layer, "n 3", "int64 n 3")) == (
        "",
        "needs inputs of one element type, got float32 and int64",
        "",
    )


@pytest.mark.parametrize("layer", ["Add", "Mul", "Sub", "Maximum", "Lt"])
def test_truth_values_are_no_numbers(layer):
    assert refusal(layer, {}, "bool n 3", "bool n 3") == ("", "needs inputs of numbers, got bool", "")


@pytest.mark.parametrize("layer", ["Add", "Mul", "Sub", "Eq"])
def test_a_number_beside_whole_numbers_is_whole(layer):
    assert refusal(layer, dict(other=0.5), "int64 n 3") == (
        "other",
        "other 0.5 does not go with elements of int64",
        "a whole number does; or `- Cast: float32` before it",
    )
    assert find(layer)(other=2).infer(tensor("int64 n 3")).shape == tensor("n 3").shape


def test_a_quotient_and_a_power_are_of_real_numbers():
    wanted = ("", "needs an input of real numbers (float32), got int64", "")
    assert refusal("Div", dict(other=2), "int64 n 3") == wanted
    assert refusal("Pow", dict(exponent=2), "int64 n 3") == wanted
    assert refusal("Div", dict(other=0), "n 3") == ("other", "other is 0, and the input is divided by it", "")


def test_a_choice_needs_truth_values():
    help = "`- Gt: 0` or another comparison gives them"
    assert refusal("Where", {}, "n 3", "n 3", "n 3") == ("", "needs truth values (bool), got float32", help)
    assert refusal("LogicalNot", {}, "int64 n 3") == ("", "needs truth values (bool), got int64", help)


def test_a_number_stands_in_for_an_input():
    counts = [layer.input_count() for layer in (Add(), Add(other=1), Sub(), Sub(other=1), Pow(), Pow(exponent=2))]
    assert counts == [(2, None), (1, 1), (2, 2), (1, 1), (2, 2), (1, 1)]
    assert [layer.input_count() for layer in (Gt(), Gt(other=0), Where(), Where(other=0), Maximum())] == [
        (2, 2),
        (1, 1),
        (3, 3),
        (2, 2),
        (2, None),
    ]


def test_arithmetic_is_written_as_a_person_would():
    a, b, c = name("a"), name("b"), name("c")
    assert str(Add().forward(a, b, c)) == "a + b + c"
    assert str(Mul().forward(a, b + c)) == "a * (b + c)"
    assert str(Sub().forward(a, b - c)) == "a - (b - c)"
    assert str(Div(other=8).forward(a)) == "a / 8"
    assert str(Pow(exponent=2).forward(a)) == "torch.pow(a, 2)"
    assert str(Maximum().forward(a, b, c)) == "torch.maximum(torch.maximum(a, b), c)"
    assert str(Where(other=-1e9).forward(a, b)) == "torch.where(a, b, -1000000000.0)"
