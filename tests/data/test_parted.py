"""Splits that a column decides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnspec.data import split_by
from nnspec.diagnostics import Span, SpecError, Text
from nnspec.spec.document import SplitSection
from nnspec.tables import Table

HERE = Span(Text("spec.yaml"))


def table(**columns):
    made = {
        name: np.array(values, dtype=object if isinstance(values[0], str) else None) for name, values in columns.items()
    }
    return Table("rows.csv", made, np.arange(len(next(iter(made.values())))) + 2)


def parts(rows, **section):
    cut = split_by(rows, SplitSection(**section), HERE)
    return [part.tolist() for part in (cut.train, cut.validation, cut.test)]


def told(rows, **section):
    with pytest.raises(SpecError) as caught:
        parts(rows, **section)
    return str(caught.value)


@given(sizes=st.lists(st.integers(1, 6), min_size=25, max_size=40), seed=st.integers(0, 3))
def test_no_group_stands_in_two_parts_and_every_row_in_one(sizes, seed):
    group = np.repeat([f"p{i}" for i in range(len(sizes))], sizes)
    shuffled = group[np.random.default_rng(seed).permutation(len(group))].tolist()
    found = parts(table(patient=shuffled), group="patient", validation=0.2, test=0.2, seed=seed)
    assert sorted(row for rows in found for row in rows) == list(range(len(group)))
    train, validation, test = ({shuffled[row] for row in rows} for rows in found)
    assert not (train & validation or train & test or validation & test)
    for rows, share in zip(found, (0.6, 0.2, 0.2), strict=True):
        assert abs(len(rows) - share * len(group)) <= max(sizes)


def test_the_same_seed_gives_the_same_groups_everywhere():
    rows = table(patient=["d", "a", "b", "a", "c", "e", "b", "f", "f", "c"])
    assert parts(rows, group="patient", validation=0.25, test=0.25, seed=7) == [[0, 1, 3, 5], [4, 7, 8, 9], [2, 6]]


def test_too_few_groups_for_a_part_are_told():
    assert told(table(patient=["a", "b", "b", "a"]), group="patient") == (
        "spec.yaml: error[split]: column 'patient' has 2 groups, which leaves none for test, whose share is 0.15\n"
        "  help  give more groups, a larger share, or another `seed`"
    )


def test_the_earliest_rows_train_and_the_latest_test():
    days = ["2024-03-01", "2023-12-31", "2024-01-05", "2024-02-01", "2024-01-05"]
    assert parts(table(day=days), time="day", validation=0.2, test=0.2) == [[1, 2, 4], [3], [0]]
    numbers = [5.5, 1, 3, 4, 2]
    assert parts(table(day=numbers), time="day", validation=0.2, test=0.2) == [[1, 2, 4], [3], [0]]


def test_rows_of_one_time_stay_together():
    assert parts(table(day=["1", "2", "2", "2", "3", "3"]), time="day", validation=0, test=0.3) == [
        [0, 1, 2, 3],
        [],
        [4, 5],
    ]


def test_times_are_compared_across_offsets():
    times = ["2024-01-01T12:00+05:00", "2024-01-01T08:00Z", "2024-01-01T08:30+00:00"]
    assert parts(table(at=times), time="at", validation=0.33, test=0.33) == [[0], [1], [2]]


def test_what_is_no_date_is_told_with_its_line():
    assert told(table(day=["2024-01-01", "soon"]), time="day") == (
        "rows.csv:3: error[data-value]: column 'day': 'soon' is not a date\n"
        "  help  write dates as 2024-01-31 or 2024-01-31T08:30, or as numbers"
    )
    assert told(table(day=["2024-01-01", "2024-01-02T08:00Z"]), time="day") == (
        "rows.csv:3: error[data-value]: column 'day': some dates say their offset from UTC, others don't\n"
        "  help  write all of them in one way"
    )
    assert told(table(day=["2024-01-01", "NA"]), time="day") == (
        "rows.csv:3: error[data-value]: column 'day': one row lacks a value, the first is line 3\n"
        "  help  fill the gaps in, or leave those rows out"
    )
    assert told(table(day=["3", "2024-01-01"]), time="day") == (
        "rows.csv:3: error[data-value]: column 'day': '2024-01-01' is not a number"
    )


def test_a_hash_keeps_each_row_in_its_part_as_rows_come():
    first = [f"id{i}" for i in range(200)]
    more = [*(f"new{i}" for i in range(100)), *reversed(first)]
    ways = [
        {key: number for number, rows in enumerate(parts(table(id=ids), hash="id")) for key in (ids[r] for r in rows)}
        for ids in (first, more)
    ]
    assert {key: ways[1][key] for key in first} == ways[0]
    assert [list(ways[0].values()).count(number) for number in range(3)] == [136, 30, 34]


def test_a_hash_is_the_same_everywhere_and_for_numbers_and_their_texts():
    expected = [[0, 1, 2, 3, 5, 6, 8, 10, 11, 12, 13, 14, 16, 17, 19], [4, 9], [7, 15, 18]]
    assert parts(table(id=list(range(20))), hash="id", test=0.25) == expected
    assert parts(table(id=[str(float(i)) for i in range(20)]), hash="id", test=0.25) == expected
    assert told(table(id=["a", "a"]), hash="id") == (
        "spec.yaml: error[split]: no value of column 'id' hashes into validation, whose share is 0.15\n"
        "  help  give more rows, a larger share, or another `seed`"
    )


def test_a_column_says_which_part_each_row_is_in():
    assert parts(table(part=["test", "train", " train", "validation"]), column="part") == [[1, 2], [3], [0]]
    assert parts(table(part=["train", "train"]), column="part") == [[0, 1], [], []]
    assert told(table(part=["train", "tset"]), column="part") == (
        "rows.csv:3: error[data-value]: column 'part': 'tset' is no part\n  help  did you mean 'test'?"
    )
    assert told(table(part=["test", "test"]), column="part") == (
        "spec.yaml: error[split]: column 'part' of rows.csv has no row of train"
    )


def test_a_column_that_is_not_there_or_wide_is_told():
    assert told(table(patient=["a"]), group="patent") == (
        "spec.yaml: error[unknown-column]: rows.csv has no column 'patent'\n  help  did you mean 'patient'?"
    )
    assert told(table(image=np.zeros((4, 2, 2)).tolist()), hash="image") == (
        "spec.yaml: error[data-shape]: column 'image' has 2×2 values a row, a split goes by one"
    )
