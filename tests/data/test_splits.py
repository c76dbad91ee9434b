import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnspec.data import split
from nnspec.diagnostics import SpecError
from nnspec.spec.document import SplitSection


def sizes(cut):
    return len(cut.train), len(cut.validation), len(cut.test)


def told(rows, labels=None, **section):
    with pytest.raises(SpecError) as caught:
        split(rows, SplitSection(**section), labels)
    return str(caught.value)


@given(
    rows=st.integers(20, 500),
    validation=st.sampled_from([0.0, 0.1, 0.15, 0.25]),
    test=st.sampled_from([0.0, 0.1, 0.2, 0.5]),
    seed=st.integers(0, 5),
)
def test_every_row_is_in_one_part_and_sizes_are_exact_to_a_row(rows, validation, test, seed):
    cut = split(rows, SplitSection(validation=validation, test=test, seed=seed))
    assert sorted([*cut.train, *cut.validation, *cut.test]) == list(range(rows))
    assert abs(len(cut.validation) - rows * validation) < 1
    assert abs(len(cut.test) - rows * test) < 1
    assert abs(len(cut.train) - rows * (1 - validation - test)) < 1


@given(counts=st.lists(st.integers(20, 90), min_size=1, max_size=4), seed=st.integers(0, 3))
def test_a_stratified_split_keeps_each_classs_share_to_a_row(counts, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    cut = split(len(labels), SplitSection(validation=0.1, test=0.2, stratify=True, seed=seed), labels)
    assert sorted([*cut.train, *cut.validation, *cut.test]) == list(range(len(labels)))
    for label, count in enumerate(counts):
        for part, share in ((cut.train, 0.7), (cut.validation, 0.1), (cut.test, 0.2)):
            assert abs(sum(labels[part] == label) - count * share) < 1


def test_the_same_seed_gives_the_same_rows_everywhere():
    cut = split(12, SplitSection(validation=0.25, test=0.25, seed=7))
    assert [part.tolist() for part in (cut.train, cut.validation, cut.test)] == [
        [3, 4, 6, 9, 10, 11],
        [0, 2, 8],
        [1, 5, 7],
    ]


def test_another_seed_gives_other_rows():
    first, second = (split(100, SplitSection(seed=seed)).test.tolist() for seed in (0, 1))
    assert first != second


def test_a_share_of_nothing_gives_an_empty_part():
    assert sizes(split(10, SplitSection(validation=0, test=0))) == (10, 0, 0)
    assert sizes(split(10, SplitSection(validation=0, test=0.2))) == (8, 0, 2)


def test_a_part_without_rows_is_refused():
    assert told(3, validation=0.15, test=0.15) == (
        "error[split]: the source has 3 rows, so a share of 0.15 leaves none for test\n"
        "  help  7 rows are enough for these shares"
    )
    assert told(1, validation=0.5, test=0.25) == (
        "error[split]: the source has 1 row, so a share of 0.25 leaves none for training\n"
        "  help  4 rows are enough for these shares"
    )


def test_a_class_with_too_few_rows_is_named():
    labels = np.array(["cat"] * 20 + ["dog"] * 2)
    assert told(22, labels, validation=0.1, test=0.1, stratify=True) == (
        "error[split]: class 'dog' has 2 rows, so a share of 0.1 leaves none for validation\n"
        "  help  10 rows are enough for these shares; or set `stratify: false`"
    )
