"""Pairs of equal items, in the order of both sequences."""

import random
import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from nnspec.graph.compare.align import align


def test_equal_sequences_are_paired_throughout():
    assert align("abcab", "abcab") == [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]


def test_an_item_put_in_between_is_the_only_one_without_a_partner():
    assert align("crcrl", "crbcrl") == [(0, 0), (1, 1), (2, 3), (3, 4), (4, 5)]


def test_what_stands_once_in_each_holds_the_others_in_place():
    assert align("rrXrrY", "rXrrrY") == [(0, 0), (2, 1), (3, 3), (4, 4), (5, 5)]


def test_what_changed_places_is_paired_only_where_the_order_stays():
    assert align("abXY", "XYab") == [(2, 0), (3, 1)]


@given(st.lists(st.integers(0, 4)), st.lists(st.integers(0, 4)))
def test_pairs_are_equal_in_order_and_used_once(left, right):
    pairs = align(left, right)
    assert all(left[i] == right[j] for i, j in pairs)
    assert all(i < k and j < m for (i, j), (k, m) in pairwise(pairs))


@given(st.lists(st.integers()), st.lists(st.integers()), st.lists(st.integers()))
def test_equal_ends_are_always_paired(start, middle, end):
    pairs = align(start + end, start + middle + end)
    assert len(pairs) >= len(start) + len(end)


def test_long_sequences_without_much_in_common_take_no_square_of_their_length():
    seed = random.Random(0)
    sizes = []
    for length in (5_000, 40_000):
        left, right = ([seed.randrange(9) for _ in range(length)] for _ in range(2))
        began = time.perf_counter()
        align(left, right)
        sizes.append(time.perf_counter() - began)
    assert sizes[1] < 30 * sizes[0]  # the square would be 64
