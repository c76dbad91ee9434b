"""Tensors, and the short notation for them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnspec.shapes import BATCH, ShapeError, Tensor, format_shape, format_sizes, parse_example, symbol, tensor

UNHURRIED = settings(deadline=None)  # a busy machine is no mistake

WORDS = st.lists(st.one_of(st.integers(1, 99).map(str), st.sampled_from(["t", "h", "w"])), max_size=4)


@UNHURRIED
@given(WORDS)
def test_the_notation_names_batch_sizes_and_symbols(words):
    x = tensor(" ".join(["n", *words]))
    assert x.shape == (BATCH, *(int(word) if word.isdigit() else symbol(word) for word in words))
    assert x.symbols == frozenset(words) - {word for word in words if word.isdigit()}


def test_an_element_type_may_stand_in_front():
    assert tensor("int64 n t") == Tensor((BATCH, symbol("t")), "int64")
    assert tensor("n 3").dtype == "float32"


def test_an_example_has_inputs_and_outputs():
    assert parse_example("n 3 h w, int64 n -> n 64, n") == (
        (tensor("n 3 h w"), tensor("int64 n")),
        (tensor("n 64"), tensor("n")),
    )


@pytest.mark.parametrize(
    ("shape", "text", "short"),
    [
        ("n 16 4 4", "(16, 4, 4)", "16×4×4"),
        ("int64 n t", "int64 (t)", "t"),
        ("n", "()", "scalar"),
        ("3 4", "(3, 4)", "3×4"),
    ],
)
def test_shapes_are_printed_without_the_batch(shape, text, short):
    assert str(tensor(shape)) == text
    assert format_shape(tensor(shape)) == short


def test_sums_are_grouped_between_crosses():
    assert format_sizes([symbol("h"), symbol("w") + 2]) == "h×(w + 2)"


def test_binding_gives_lengths():
    assert tensor("n t 3").bind({"batch": 2, "t": 5}).shape == (2, 5, 3)
    assert tensor("n t 3").bind({"t": 5}) == tensor("n 5 3")


@UNHURRIED
@given(st.integers(2, 5), st.integers(-7, 7))
def test_axes_count_as_pytorchs_do_and_spare_the_batch(rank, dim):
    x = Tensor((BATCH, *range(1, rank)))
    if -rank <= dim < rank and dim % rank:
        assert x.axis(dim) == range(rank)[dim]
        return
    with pytest.raises(ShapeError):
        x.axis(dim)


def test_positions_are_counted_without_batch_and_features():
    assert str(tensor("n t 3 4").positions) == "3 * t"
    assert tensor("n 4").positions == 1


def test_axes_are_replaced():
    x = tensor("n 3 h w")
    assert x.with_last(5) == tensor("n 3 h 5")
    assert x.with_axis(1, 6) == tensor("n 6 h w")
    assert x.with_spatial(8, 1, 2) == tensor("n 8 1 2")
    assert x.with_shape(BATCH) == tensor("n")
