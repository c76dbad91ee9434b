import numpy as np
import pytest

from nnspec.data.sources import read_source
from nnspec.diagnostics import Span, SpecError, Text
from nnspec.spec.cells import SKLEARN_SETS
from nnspec.spec.reach import Reach
from nnspec.spec.sources import find_file

HERE = Span(Text("spec.yaml"), 5, 11)
BESIDE = "\n  help  name a file beside the spec or below its folder"
BELOW = f"{BESIDE}, or allow its folder with `--allow-path DIR`"


def told(source, folder):
    with pytest.raises(SpecError) as caught:
        read_source(source, Reach(folder), HERE)
    return str(caught.value)


def test_a_file_is_found_from_the_specs_folder(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "rows.csv").write_text("a\n1\n")
    table = read_source("deep/rows.csv", Reach(tmp_path), HERE)
    assert (table.name, table.columns["a"].tolist()) == ("deep/rows.csv", ["1"])
    assert read_source("./deep/rows.csv", Reach(tmp_path), HERE).rows == 1


@pytest.mark.parametrize(
    "source, fault",
    [
        ("", "the path is empty"),
        ("../rows.csv", "'../rows.csv' leaves the spec's folder"),
        ("deep/../../rows.csv", "'deep/../../rows.csv' leaves the spec's folder"),
        ("..\\rows.csv", "'..\\\\rows.csv' leaves the spec's folder"),
        ("/etc/passwd", "'/etc/passwd' is an absolute path"),
        ("C:\\rows.csv", "'C:\\\\rows.csv' is an absolute path"),
        ("~/rows.csv", "'~/rows.csv' begins with ~, which is not expanded"),
        ("a\0.csv", "'a\\x00.csv' has a NUL character"),
        ("x" * 5000, "the path has 5,000 characters, more than 4,096"),
    ],
)
def test_a_path_that_leaves_the_folder_is_refused(tmp_path, source, fault):
    help = BELOW if source.startswith(("/", "../", "deep/..")) else BESIDE
    assert told(source, tmp_path) == f"spec.yaml:5:11: error[data-file]: {fault}{help}"


def test_an_address_is_refused(tmp_path):
    assert told("https://example.org/rows.csv", tmp_path) == (
        "spec.yaml:5:11: error[data-file]: 'https://example.org/rows.csv' is an address, not a file\n"
        "  help  name a file beside the spec or below its folder, "
        "or one of sklearn:digits, sklearn:iris, sklearn:wine, sklearn:breast_cancer, sklearn:diabetes"
    )


def test_a_link_that_leaves_the_folder_is_refused(tmp_path):
    inside = tmp_path / "project"
    inside.mkdir()
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (inside / "rows.csv").symlink_to(tmp_path / "secret.csv")
    (inside / "folder").symlink_to(tmp_path)
    assert told("rows.csv", inside) == (
        "spec.yaml:5:11: error[data-file]: 'rows.csv' is a link that leaves the spec's folder\n"
        "  help  put a copy below the folder"
    )
    assert "is a link that leaves" in told("folder/secret.csv", inside)


def test_a_link_within_the_folder_is_followed(tmp_path):
    (tmp_path / "rows.csv").write_text("a\n1\n")
    (tmp_path / "latest.csv").symlink_to("rows.csv")
    assert find_file("latest.csv", Reach(tmp_path), HERE) == tmp_path / "latest.csv"


def test_a_missing_file_is_told_where_the_spec_names_it(tmp_path):
    (tmp_path / "train.csv").write_text("a\n1\n")
    assert told("trian.csv", tmp_path) == (
        "spec.yaml:5:11: error[data-file]: there is no file 'trian.csv'\n  help  did you mean 'train.csv'?"
    )


def test_an_unknown_set_is_told_with_what_was_meant(tmp_path):
    assert told("sklearn:digit", tmp_path) == (
        "spec.yaml:5:11: error[data-file]: scikit-learn ships no set that is named 'digit' here\n"
        "  help  did you mean 'digits'?"
    )


@pytest.mark.parametrize("name", SKLEARN_SETS)
def test_a_set_has_its_features_one_by_one_and_together(tmp_path, name):
    table = read_source(f"sklearn:{name}", Reach(tmp_path), HERE)
    data = table.columns["data"]
    features = [column for column in table.columns if column not in ("data", "image", "target")]
    assert np.array_equal(np.stack([table.columns[column] for column in features], axis=1), data)
    assert len(table.columns["target"]) == len(data) == table.rows


def test_targets_are_words_where_they_have_names(tmp_path):
    def targets(name):
        return read_source(f"sklearn:{name}", Reach(tmp_path), HERE).columns["target"]

    assert np.unique(targets("iris")).tolist() == ["setosa", "versicolor", "virginica"]
    assert np.unique(targets("breast_cancer")).tolist() == ["benign", "malignant"]
    assert np.unique(targets("wine")).tolist() == ["class_0", "class_1", "class_2"]
    assert np.unique(targets("digits")).tolist() == list(range(10))
    assert targets("diabetes").dtype == np.float64


def test_digits_are_images_too(tmp_path):
    table = read_source("sklearn:digits", Reach(tmp_path), HERE)
    assert table.columns["image"].shape == (1797, 8, 8)
    assert (table.columns["image"].min(), table.columns["image"].max()) == (0, 16)
    assert np.array_equal(table.columns["image"].reshape(1797, 64), table.columns["data"])


def test_a_link_to_itself_is_told(tmp_path):
    (tmp_path / "rows.csv").symlink_to("rows.csv")
    with pytest.raises(SpecError) as caught:
        read_source("rows.csv", Reach(tmp_path), Span(Text("spec.yaml")))
    assert str(caught.value).startswith("spec.yaml: error[data-file]: 'rows.csv' ")
