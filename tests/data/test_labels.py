import numpy as np
import pytest

from nnspec.data.labels import encode, learn_classes, list_classes, read_labels
from nnspec.diagnostics import SpecError
from nnspec.tables import Table


def csv_table(*values):
    return Table("data.csv", {"y": np.array(values, dtype=object)}, np.arange(2, len(values) + 2))


def npz_table(values):
    return Table("data.npz", {"y": np.asarray(values)})


def told(call, *args, **kwargs):
    with pytest.raises(SpecError) as caught:
        call(*args, **kwargs)
    return str(caught.value)


@pytest.mark.parametrize(
    "table, classes",
    [
        (csv_table("10", "9", "-1", "9"), (-1, 9, 10)),
        (csv_table("0.0", "1.0", "1.0"), (0, 1)),
        (csv_table("b", "a", "10", "9"), ("10", "9", "a", "b")),
        (csv_table("007", "7"), ("007", "7")),
        (csv_table(" yes", " no"), ("no", "yes")),
        (npz_table([3, 0, 1, 3]), (0, 1, 3)),
        (npz_table([1.0, 0.0]), (0, 1)),
        (npz_table([True, False]), (False, True)),
        (npz_table(["b", "a"]), ("a", "b")),
    ],
)
def test_classes_are_sorted_numbers_as_numbers(table, classes):
    learnt = learn_classes(read_labels(table, "y").known)
    assert learnt == classes
    assert [type(name) for name in learnt] == [type(name) for name in classes]


def test_a_label_is_its_classs_index():
    table = csv_table("dog", "cat", "dog")
    labels = read_labels(table, "y").values
    assert encode(labels, ("cat", "dog"), table, np.arange(3), "y", given=False).tolist() == [1, 0, 1]
    images = npz_table([[[5, 7], [7, 5]]])
    labels = read_labels(images, "y").values
    assert encode(labels, (5, 7), images, np.arange(1), "y", given=False).tolist() == [[[0, 1], [1, 0]]]


def test_classes_given_as_text_meet_labels_that_are_numbers():
    table = csv_table("1", "0")
    labels = read_labels(table, "y", ("0", "1")).values
    assert encode(labels, ("0", "1"), table, np.arange(2), "y", given=True).tolist() == [1, 0]


def test_labels_that_differ_only_by_spaces_are_refused():
    assert told(read_labels, csv_table("1", "0", " 1"), "y") == (
        "data.csv:4: error[data-value]: column 'y': the classes ' 1' and '1' differ only by spaces\n"
        "  help  write the class in one way throughout"
    )


@pytest.mark.parametrize("gap", ["", " ", "NA", "nan"])
def test_a_row_without_a_class_is_seen(gap):
    labels = read_labels(csv_table("a", gap, "b"), "y")
    assert labels.missing.tolist() == [False, True, False]
    assert labels.known.tolist() == ["a", "b"]


def test_a_label_that_is_ignored_counts_as_missing():
    labels = read_labels(npz_table([[3, 255], [255, 0]]), "y").without(255)
    assert labels.missing.tolist() == [[False, True], [True, False]]
    assert learn_classes(labels.known) == (0, 3)
    assert read_labels(csv_table("a", "-1", "b"), "y").without(-1).missing.tolist() == [False, True, False]


def test_a_class_may_be_called_na_where_it_is_given():
    assert read_labels(csv_table("NA", "EU"), "y", ("EU", "NA")).values.tolist() == ["NA", "EU"]


def test_a_label_with_a_fraction_is_refused():
    assert told(read_labels, npz_table([0.0, 1.5]), "y") == (
        "data.npz: error[data-value]: row 2 of 'y': 1.5 names no class\n  help  classes are text or whole numbers"
    )


def test_a_label_that_no_training_row_has_is_told_with_its_line():
    table = csv_table("a", "b", "c")
    labels = read_labels(table, "y").values[2:]
    assert told(encode, labels, ("a", "b"), table, np.array([2]), "y", given=False) == (
        "data.csv:4: error[data-value]: column 'y': no training row has the class 'c'; they have a, b\n"
        "  help  list it in the output's `classes`, or keep each class's share in every part with `stratify: true`"
    )


def test_a_label_that_is_not_among_the_given_is_told_with_its_row():
    table = npz_table([0, -1])
    labels = read_labels(table, "y").values
    assert told(encode, labels, (0, 1, 2), table, np.arange(2), "y", given=True) == (
        "data.npz: error[data-value]: row 2 of 'y': '-1' is none of the classes given: 0, 1, 2\n"
        "  help  add it to `classes`, or leave the row out"
    )


def test_many_classes_are_cut_short():
    assert list_classes(range(14)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more"
