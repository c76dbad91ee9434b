"""Arithmetic on sizes: what holds for the expression holds for every length."""

import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnspec.shapes import Dim, bind, product, symbol, symbols_in
from nnspec.shapes.dim import Size

UNHURRIED = settings(deadline=None)  # a busy machine is no mistake

T, H = symbol("T"), symbol("H")
LENGTHS = st.fixed_dictionaries({"T": st.integers(1, 40), "H": st.integers(1, 40)})


def _combined(children: st.SearchStrategy[Dim]) -> st.SearchStrategy[Dim]:
    whole = st.tuples(st.sampled_from([operator.add, operator.sub, operator.mul]), children, children)
    divided = st.tuples(st.just(operator.floordiv), children, st.integers(1, 6))
    return st.one_of(whole, divided).map(lambda parts: parts[0](parts[1], parts[2]))


DIMS = st.recursive(st.one_of(st.integers(-5, 9), st.sampled_from([T, H])), _combined, max_leaves=6)


@UNHURRIED
@given(DIMS, DIMS, LENGTHS, st.sampled_from([operator.add, operator.sub, operator.mul]))
def test_binding_is_the_same_before_and_after_arithmetic(left, right, lengths, operation):
    assert bind(operation(left, right), lengths) == operation(bind(left, lengths), bind(right, lengths))


@UNHURRIED
@given(DIMS, st.integers(1, 8), LENGTHS)
def test_binding_is_the_same_before_and_after_division(dim, divisor, lengths):
    assert bind(dim // divisor, lengths) == bind(dim, lengths) // divisor


@UNHURRIED
@given(DIMS, DIMS, LENGTHS)
def test_dividing_by_a_size_is_division(numerator, divisor, lengths):
    if not isinstance(bind(divisor, lengths), int) or bind(divisor, lengths) == 0 or divisor == 0:
        return
    assert bind(numerator // divisor, lengths) == bind(numerator, lengths) // bind(divisor, lengths)


@UNHURRIED
@given(DIMS, DIMS, DIMS)
def test_sums_and_products_have_one_form(a, b, c):
    assert a + b == b + a
    assert a * b == b * a
    assert (a + b) + c == a + (b + c)
    assert (a + b) - b == a
    assert a * (b + c) == a * b + a * c


@UNHURRIED
@given(DIMS, LENGTHS)
def test_the_text_is_python_that_gives_the_size(dim, lengths):
    assert eval(str(dim), {"__builtins__": {}}, lengths) == bind(dim, lengths)


@UNHURRIED
@given(DIMS)
def test_binding_every_symbol_leaves_a_number(dim):
    assert isinstance(bind(dim, dict.fromkeys(symbols_in(dim), 7)), int)


@UNHURRIED
@given(DIMS, LENGTHS)
def test_symbols_may_be_bound_one_by_one(dim, lengths):
    first = bind(dim, {"T": lengths["T"]})
    assert "T" not in symbols_in(first)
    assert bind(first, {"H": lengths["H"]}) == bind(dim, lengths)


@pytest.mark.parametrize(
    ("dim", "text"),
    [
        (T + 1, "T + 1"),
        (1 - T, "-T + 1"),
        (2 * T - 3, "2 * T - 3"),
        (T * H * 3, "3 * H * T"),
        ((2 * T + 2) // 2, "T + 1"),
        ((T - 1) // 2 + 1, "(T + 1) // 2"),
        ((2 * T + H) // 2, "T + H // 2"),
        ((T + 1) // 2 * 3, "3 * ((T + 1) // 2)"),
        (-(T // 2), "-(T // 2)"),
        (T - T // 2, "T - T // 2"),
        ((T // 2 + 1) // 2, "(T + 2) // 4"),
        ((4 * T * H) // (2 * T), "2 * H"),
        (T // T, "1"),
        (T - T, "0"),
    ],
)
def test_sizes_are_simplified_and_read_like_arithmetic(dim, text):
    assert str(dim) == text


def test_a_size_without_symbols_is_a_number():
    assert T - T + 3 == 3
    assert not isinstance(T - T + 3, Size)
    assert product([2, T, 3]) == 6 * T
    assert product([]) == 1


def test_equal_sizes_are_one_key():
    assert len({T + 1, 1 + T, (2 * T + 2) // 2}) == 1
