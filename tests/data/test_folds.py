"""Folds: every row is tested once, and what belongs together stays together."""

import numpy as np
import pytest

from nnspec.data.folds import folds
from nnspec.diagnostics import Span, SpecError, Text
from nnspec.spec.document import SplitSection
from nnspec.tables import Table

FIRST_OF_SEED_1 = [2, 3, 9, 12, 19, 20, 30, 38, 42, 49]
HERE = Span(Text("net.yaml"), 3)


def cut(table, section, count, labels=None):
    return list(folds(table, section, count, labels, HERE))


def rows(count, **columns):
    return Table("rows.csv", {"x": np.arange(count), **columns})


def test_each_row_is_tested_once_and_stands_in_one_part_of_each_fold():
    found = cut(rows(103), SplitSection(validation=0.2, seed=4), 5)
    assert sorted(np.concatenate([each.test for each in found])) == list(range(103))
    for each in found:
        everything = np.concatenate([each.train, each.validation, each.test])
        assert sorted(everything) == list(range(103))
        assert len(each.validation) == round(0.2 * (103 - len(each.test)))
        assert len(each.test) in (20, 21)


def test_a_seed_gives_the_same_folds_and_another_others():
    first, again, other = (cut(rows(50), SplitSection(seed=seed), 5) for seed in (1, 1, 2))
    assert all((a.test == b.test).all() and (a.train == b.train).all() for a, b in zip(first, again, strict=True))
    assert not (first[0].test == other[0].test).all()
    assert first[0].test.tolist() == FIRST_OF_SEED_1


def test_classes_keep_their_shares():
    labels = np.array(["a"] * 60 + ["b"] * 20)
    for each in cut(rows(80), SplitSection(validation=0.25, stratify=True), 4, labels):
        assert [(labels[part] == "b").sum() for part in (each.train, each.validation, each.test)] == [12, 3, 5] or (
            [(labels[part] == "b").sum() for part in (each.train, each.validation, each.test)] == [11, 4, 5]
        )


def test_groups_stay_together():
    group = np.repeat(np.arange(12), 5).astype(str)
    for each in cut(rows(60, patient=group), SplitSection(group="patient", validation=0.25), 4):
        parts = [set(group[part]) for part in (each.train, each.validation, each.test)]
        assert not parts[0] & parts[1]
        assert not (parts[0] | parts[1]) & parts[2]
        assert len(each.test) == 15


def test_by_time_each_test_follows_what_is_learnt_from():
    found = cut(rows(60, day=np.arange(60)), SplitSection(time="day", validation=0.2), 5)
    assert [each.test.tolist() for each in found] == [list(range(start, start + 10)) for start in (10, 20, 30, 40, 50)]
    for each in found:
        assert each.train.max() < each.validation.min() <= each.validation.max() < each.test.min()


def test_by_hash_a_value_decides_whatever_other_rows_there_are():
    ids = np.array([f"id{i}" for i in range(200)])
    fewer, more = (cut(rows(count, id=ids[:count]), SplitSection(hash="id"), 4) for count in (150, 200))
    for few, many in zip(fewer, more, strict=True):
        assert set(few.test) <= set(many.test)
        assert len(many.validation) > 10


@pytest.mark.parametrize(
    ("table", "section", "labels", "message"),
    [
        (
            rows(9, part=np.array(["train"] * 9)),
            SplitSection(column="part"),
            None,
            "folds are drawn, and column 'part' says each row's part",
        ),
        (rows(4), SplitSection(), None, "4 rows are too few for 5 folds"),
        (
            rows(20),
            SplitSection(stratify=True),
            np.array(["a"] * 17 + ["b"] * 3),
            "class 'b' has 3 rows, too few for 5 folds",
        ),
        (rows(6, g=np.array(list("aabbcc"))), SplitSection(group="g"), None, "column 'g' has 3 groups for 5 folds"),
        (
            rows(6, t=np.array([1, 1, 2, 2, 3, 3])),
            SplitSection(time="t"),
            None,
            "column 't' has 3 different times, and 5 folds need 6",
        ),
    ],
)
def test_too_few_for_the_folds_is_told(table, section, labels, message):
    with pytest.raises(SpecError) as caught:
        cut(table, section, 5, labels)
    (found,) = caught.value.diagnostics
    assert (found.code, found.message, found.span) == ("split", message, HERE)
