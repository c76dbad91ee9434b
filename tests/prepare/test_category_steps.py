"""Steps on categories and moments: what is known, what is not, and their counterparts in scikit-learn."""

from datetime import UTC, datetime

import numpy as np
import pytest
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from nnspec.prepare.category import OneHot, Ordinal, Vocabulary
from nnspec.prepare.fitted import apply, fit
from nnspec.prepare.moment import Datetime, Timestamp
from nnspec.prepare.step import FitError, RowError

TEXTS = ["red", "Red", "zürich", "東京", "🙂", "a b", "1"]


def texts(*rows):
    return np.array(rows, dtype=object).reshape(len(rows), -1)


def test_one_hot_equals_the_one_hot_encoder():
    random = np.random.default_rng(0)
    rows = np.array(TEXTS, dtype=object)[random.integers(len(TEXTS), size=(100, 2))]
    others = np.concatenate([rows, texts(("RED", "zurich"), ("", " red"))])
    reference = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(rows)
    found = apply(fit([OneHot(size=len(TEXTS))], rows), others)
    assert np.array_equal(found, reference.transform(others))


def test_ordinal_equals_the_ordinal_encoder():
    order = ["low", "middle", "high"]
    rows = texts("high", "low", "Low", "", "middle", "NaN")
    reference = OrdinalEncoder(categories=[order], handle_unknown="use_encoded_value", unknown_value=-1)
    reference.fit(texts("low", "middle", "high"))
    found = apply(fit([Ordinal(values=order)], rows), rows)
    assert np.array_equal(found, reference.transform(rows))


def test_missing_texts_are_no_category():
    rows = texts("red", "", "NA", "nan", "None", "red", "blue")
    (step,) = fit([OneHot(size=3)], rows)
    assert step.state["values"] == [["blue", "red"]]
    assert apply([step], rows).sum(axis=1).tolist() == [1, 0, 0, 0, 0, 1, 1]


def test_a_text_for_missing_that_is_listed_is_a_category():
    rows = texts("NA", "EU", "")
    assert apply(fit([OneHot(values=["EU", "NA"])], rows), rows).tolist() == [[0, 1], [1, 0], [0, 0]]


def test_of_too_many_categories_the_most_frequent_have_a_place():
    rows = texts(*"bbbbaaacd")
    (step,) = fit([OneHot(size=2)], rows)
    assert step.state == {"values": [["a", "b"]], "others": 2, "rows": 2}
    assert step.step.remarks(step.state) == ["2 of the values found no place, in 2 training rows: they are unknown"]


def test_a_vocabulary_is_ordered_by_frequency_and_zero_is_unknown():
    rows = texts(*"bbaaacd")
    (step,) = fit([Vocabulary(size=4)], rows)
    assert step.state["values"] == [["a", "b", "c"]]
    assert apply([step], texts("a", "b", "c", "d", "e", "")).ravel().tolist() == [1, 2, 3, 0, 0, 0]


def test_whole_numbers_may_be_categories():
    rows = np.array([[7], [-3], [7]])
    assert apply(fit([OneHot(size=2)], rows), np.array([[7], [0], [-3]])).tolist() == [[0, 1], [0, 0], [1, 0]]


def test_a_column_without_any_category_is_told():
    with pytest.raises(FitError) as caught:
        fit([OneHot(size=2)], texts(("a", ""), ("b", "NA")))
    assert (caught.value.message, caught.value.entry) == ("no training row has a value", 1)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: OneHot(), "needs its `size`, or the `values` that it knows"),
        (lambda: OneHot(size=3, values=["a"]), "`size` follows from `values`: leave it out"),
        (lambda: Vocabulary(values=["a", "b", "a"]), "the value a stands there twice"),
        (lambda: Ordinal(values=["low", 2]), "values are all texts, or all whole numbers"),
        (lambda: Datetime(parts=[]), "name `parts` or `cycles`, otherwise nothing is left of a date"),
    ],
)
def test_arguments_that_do_not_fit_one_another_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


MOMENTS = [
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
    datetime(2000, 12, 31, 12, 30, 1, tzinfo=UTC),
    datetime(1900, 3, 1, 0, 0, 1, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 0, 0, tzinfo=UTC),
    *(datetime.fromtimestamp(86_400 * 97 * day + 3_671 * day, UTC) for day in range(-500, 500)),
]


def test_the_parts_of_a_date_are_those_of_pythons_calendar():
    parts = ["year", "month", "day", "weekday", "hour", "minute", "second", "dayofyear"]
    rows = np.array([[moment.timestamp()] for moment in MOMENTS]).astype(np.int64)
    wanted = [
        [*moment.timetuple()[:3], moment.weekday(), *moment.timetuple()[3:6], moment.timetuple().tm_yday]
        for moment in MOMENTS
    ]
    assert apply(fit([Datetime(parts=parts)], rows), rows).tolist() == wanted


def test_a_cycle_ends_where_it_begins():
    hours = np.arange(0, 26 * 3600, 3600).reshape(-1, 1)
    found = apply(fit([Datetime(parts=[], cycles=["hour"])], hours), hours)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(np.diff(found, axis=0), axis=1), 2 * np.sin(np.pi / 24), rtol=1e-5)


def test_dates_become_seconds_in_utc():
    rows = texts("1970-01-02", "1970-01-01T01:00:00+01:00", "1969-12-31 23:59:59.5")
    assert apply(fit([Timestamp()], rows), rows).ravel().tolist() == [86_400, 0, -1]
    written = texts("24.12.2024 18:00")
    assert apply(fit([Timestamp(format="%d.%m.%Y %H:%M")], written), written).tolist() == [[1_735_063_200]]


@pytest.mark.parametrize(
    "text, message, help",
    [
        ("tomorrow", "'tomorrow' is not a date", "write 2024-01-31 or 2024-01-31T08:30"),
        ("", "the value is missing", "leave the row out"),
        ("2023-02-29", "'2023-02-29' is not a date", "write 2024-01-31 or 2024-01-31T08:30"),
    ],
)
def test_a_text_that_is_no_date_is_told_with_its_row(text, message, help):
    with pytest.raises(RowError) as caught:
        Timestamp().apply(texts("2024-01-01", text), {})
    assert (caught.value.row, caught.value.message, caught.value.help) == (1, message, help)
