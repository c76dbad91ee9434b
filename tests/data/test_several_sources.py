"""Sources of several files: lists, patterns, arrays beside one another, folders of classes, saved datasets."""

import json
import os

import numpy as np
import polars
import pytest

from nnspec.data.sources import read_source
from nnspec.diagnostics import Span, SpecError, Text
from nnspec.graph import load_network
from nnspec.spec.reach import Reach
from nnspec.tables import numbers

HERE = Span(Text("spec.yaml"), 2, 7)


def read(folder, source):
    return read_source(source, Reach(folder), HERE)


def told(call, *args):
    with pytest.raises(SpecError) as caught:
        call(*args)
    return str(caught.value)


def write(folder, **files):
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)


def columns_of(table):
    return {name: values.tolist() for name, values in table.columns.items()}


def test_a_list_of_files_and_a_pattern_are_one_table(tmp_path):
    write(tmp_path, a_csv="x,y\n1,p\n2,q\n", b_csv="y,x\n\nr,3\n")
    for source in (["a.csv", "b.csv"], "*.csv", "?.csv"):
        table = read(tmp_path, source)
        assert columns_of(table) == {"x": ["1", "2", "3"], "y": ["p", "q", "r"]}
        assert [table.span(row).place for row in range(table.rows)] == ["a.csv:2", "a.csv:3", "b.csv:3"]
        assert (table.place(2), numbers(table, "x").tolist()) == ("line 3 of b.csv", [1.0, 2.0, 3.0])
    assert read(tmp_path, ["a.csv", "b.csv"]).name == "a.csv and 1 more"


def test_a_mistake_in_one_of_several_files_has_its_file_and_line(tmp_path):
    write(tmp_path, a_csv="x,y\n1,p\n", b_csv="x,y\n2,q\nthree,r\n")
    assert told(numbers, read(tmp_path, "*.csv"), "x") == (
        "b.csv:3: error[data-value]: column 'x': 'three' is not a number"
    )


def test_files_of_one_table_have_the_same_columns(tmp_path):
    write(tmp_path, a_csv="x,label\n1,p\n", b_csv="x,labels\n1,p\n", c_csv="x,label,z\n1,p,0\n")
    note = "\n  together  files that are read as one table have the same columns"
    assert told(read, tmp_path, ["a.csv", "b.csv"]) == (
        f"b.csv:1: error[unknown-column]: the file lacks the column 'label', which a.csv has{note}\n"
        "  help      did you mean 'labels'?"
    )
    assert told(read, tmp_path, ["a.csv", "c.csv"]) == (
        f"c.csv:1: error[unknown-column]: the file has the column 'z', which a.csv lacks{note}"
    )


def test_files_of_one_table_hold_one_type_and_one_shape(tmp_path):
    write(tmp_path, a_jsonl='{"x": 1}\n', b_jsonl='{"x": "1"}\n')
    assert told(lambda: read(tmp_path, "*.jsonl").columns["x"]) == (
        "b.jsonl:1: error[data-value]: column 'x' holds text, in a.jsonl it holds numbers\n"
        "  help  write one type throughout"
    )
    for name, size in (("a", 2), ("b", 3)):
        np.savez(tmp_path / f"{name}.npz", x=np.ones((4, size)))
    assert told(lambda: read(tmp_path, "*.npz").columns["x"]) == (
        "b.npz: error[data-shape]: column 'x' has (3,) a row, in a.npz (2,)\n"
        "  help  files of one table hold rows of one shape"
    )


def test_a_pattern_finds_only_what_is_within_reach(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    write(tmp_path, secret_csv="x\n1\n")
    assert told(read, inside, "*.csv") == "spec.yaml:2:7: error[data-file]: no file matches '*.csv'"
    assert told(read, inside, "../*.csv") == (
        "spec.yaml:2:7: error[data-file]: '../*.csv' leaves the spec's folder\n"
        "  help  name a file beside the spec or below its folder, or allow its folder with `--allow-path DIR`"
    )
    (inside / "link.csv").symlink_to(tmp_path / "secret.csv")
    assert told(read, inside, "*.csv") == (
        "spec.yaml:2:7: error[data-file]: 'link.csv' is a link that leaves the spec's folder\n"
        "  help  put a copy below the folder"
    )


def test_npy_files_are_columns_beside_one_another(tmp_path):
    np.save(tmp_path / "images.npy", np.ones((4, 2, 2)))
    np.save(tmp_path / "labels.npy", np.arange(4))
    np.save(tmp_path / "few.npy", np.arange(3))
    write(tmp_path, rows_csv="x\n1\n")
    table = read(tmp_path, {"image": "images.npy", "digit": "labels.npy"})
    assert {name: values.shape for name, values in table.columns.items()} == {"image": (4, 2, 2), "digit": (4,)}
    assert told(read, tmp_path, {"image": "images.npy", "digit": "few.npy"}) == (
        "spec.yaml:2:7: error[data-file]: 'image' has 4 rows, 'digit' has 3\n"
        "  help  the first axis counts the examples in every array"
    )
    assert told(read, tmp_path, {"x": "rows.csv"}) == (
        "spec.yaml:2:7: error[data-file]: 'rows.csv' is not an .npy file, of which a column can be\n"
        "  help  as in `source: {image: images.npy, label: labels.npy}`"
    )


def test_a_text_file_is_a_column_of_lines(tmp_path):
    write(tmp_path, lines_txt="one, two\n\n  \nthree\u2028four\r\nfive")
    table = read(tmp_path, "lines.txt")
    assert (columns_of(table), table.lines.tolist()) == ({"text": ["one, two", "three\u2028four", "five"]}, [1, 4, 5])


def folder_of(tmp_path, files):
    for name, data in files.items():
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path


def test_class_folders_of_images_are_paths_and_classes(tmp_path):
    files = ["dog/b.png", "cat/deep/a.JPG", "cat/1.jpeg", "cat/notes.md", ".git/x.png", "dog/.hidden.png", "top.png"]
    table = read(folder_of(tmp_path, dict.fromkeys(files, b"")), "set/")
    assert columns_of(table) == {
        "image": ["cat/1.jpeg", "cat/deep/a.JPG", "dog/b.png"],
        "class": ["cat", "cat", "dog"],
    }
    assert table.folder == tmp_path / "set"


def test_class_folders_of_texts_are_texts_and_classes(tmp_path):
    table = read(folder_of(tmp_path, {"neg/1.txt": b"bad\nfilm", "pos/1.txt": "gut é".encode()}), "set")
    assert columns_of(table) == {"text": ["bad\nfilm", "gut é"], "class": ["neg", "pos"]}
    folder_of(tmp_path, {"pos/2.txt": b"caf\xe9"})
    assert told(read, tmp_path, "set") == (
        "set/pos/2.txt:1: error[encoding]: the byte 0xe9 in this line is not UTF-8\n"
        "  help  save the file as UTF-8 (`CSV UTF-8`)"
    )


def test_a_folder_that_is_no_set_is_told(tmp_path):
    endings = ".png, .jpg, .jpeg, .bmp, .gif, .webp, .tif, .tiff, .ppm, .pgm"
    assert told(read, folder_of(tmp_path, {"a.png": b""}), "set") == (
        "spec.yaml:2:7: error[data-file]: 'set' has no class folders of images or texts\n"
        f"  help  it needs a folder for each class, with images ({endings}) or .txt files in it"
    )
    assert told(read, folder_of(tmp_path, {"a/1.png": b"", "b/1.txt": b""}), "set") == (
        "spec.yaml:2:7: error[data-file]: 'set' holds images (a/1.png) and texts (b/1.txt)\n"
        "  help  keep them in folders of their own"
    )


def test_links_in_a_folder_stay_within_it(tmp_path):
    folder_of(tmp_path, {"a/1.png": b""})
    inner = tmp_path / "set" / "a"
    (inner / "2.png").symlink_to("1.png")
    assert read(tmp_path, "set").columns["image"].tolist() == ["a/1.png", "a/2.png"]
    (inner / "3.png").symlink_to("/etc/hostname")
    assert told(read, tmp_path, "set") == (
        "spec.yaml:2:7: error[data-file]: 'a/3.png' of 'set' is a link that leaves the folder\n"
        "  help  put a copy of the file there"
    )
    (inner / "3.png").unlink()
    (inner / "loop").symlink_to(inner)
    assert told(read, tmp_path, "set") == (
        "spec.yaml:2:7: error[data-file]: 'a/loop' of 'set' is a link to a folder, which is not followed\n"
        "  help  put the folder itself there"
    )


def saved(tmp_path, info=None):
    """A folder as `datasets.Dataset.save_to_disk` writes it."""
    folder = tmp_path / "saved"
    folder.mkdir()
    for number, (text, label) in enumerate([("good", 1), ("bad", 0)]):
        frame = polars.DataFrame({"text": [text], "label": [label]})
        frame.write_ipc_stream(folder / f"data-0000{number}-of-00002.arrow")
    names = sorted(path.name for path in folder.iterdir())
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in names]}))
    features = {"text": {"_type": "Value"}, "label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}
    (folder / "dataset_info.json").write_text(info or json.dumps({"features": features}))


def test_a_saved_dataset_has_its_columns_and_class_names(tmp_path):
    saved(tmp_path)
    assert columns_of(read(tmp_path, "saved")) == {"text": ["good", "bad"], "label": ["pos", "neg"]}


def test_a_saved_dataset_that_is_damaged_is_told(tmp_path):
    saved(tmp_path, info="{")
    assert told(read, tmp_path, "saved").startswith(
        "saved/dataset_info.json: error[data-file]: the file cannot be read: "
    )
    (tmp_path / "saved" / "state.json").write_text("{}")
    assert told(read, tmp_path, "saved") == "saved/state.json: error[data-file]: the file lists no `_data_files`"
    (tmp_path / "saved" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    assert told(read, tmp_path, "saved/") == (
        "spec.yaml:2:7: error[data-file]: 'saved/' holds several datasets\n"
        "  help  name them one by one: `train: saved/train`, `test: saved/test`"
    )


def test_a_folder_that_may_not_be_read_is_told(tmp_path):
    folder_of(tmp_path, {"a/1.png": b""})
    (tmp_path / "set" / "a").chmod(0)
    try:
        if not os.access(tmp_path / "set" / "a", os.R_OK):
            assert told(read, tmp_path, "set") == (
                "spec.yaml:2:7: error[data-file]: 'set' cannot be read: Permission denied"
            )
    finally:
        (tmp_path / "set" / "a").chmod(0o700)


def test_a_check_tells_of_each_file_that_is_out_of_reach(tmp_path):
    spec = "nnspec: 1\ndata: {source: [a.csv, ../b.csv]}\ninputs: {x: [1]}\nlayers: [Linear: 1]\n"
    write(tmp_path, spec_yaml=spec)
    assert told(load_network, tmp_path / "spec.yaml").replace(f"{tmp_path}/", "") == (
        "spec.yaml:2:24: error[data-file]: '../b.csv' leaves the spec's folder\n"
        "    2 | data: {source: [a.csv, ../b.csv]}\n"
        "      |                        ^^^^^^^^\n"
        "  help  name a file beside the spec or below its folder, or allow its folder with `--allow-path DIR`"
    )
