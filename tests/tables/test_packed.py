"""Texts that are packed with gzip, and arrays that stay on the disk."""

import gzip

import numpy as np
import pytest

from nnspec.diagnostics import SpecError
from nnspec.tables import read_table, text


def told(path):
    with pytest.raises(SpecError) as caught:
        read_table(path, path.name)
    return str(caught.value)


def test_packed_texts_read_as_the_texts_in_them(tmp_path):
    for name, content in {"a.csv.gz": b"x,y\n1,2\n", "a.tsv.gz": b"x\ty\n1\t2\n", "a.jsonl.gz": b'{"x": 1}\n'}.items():
        (tmp_path / name).write_bytes(gzip.compress(content))
    assert read_table(tmp_path / "a.csv.gz").columns["y"].tolist() == ["2"]
    assert read_table(tmp_path / "a.tsv.gz").columns["y"].tolist() == ["2"]
    assert read_table(tmp_path / "a.jsonl.gz").columns["x"].tolist() == [1]


def test_a_packed_file_that_is_damaged_is_told(tmp_path):
    packed = gzip.compress(b"x,y\n" + b"1,2\n" * 1000)
    cut, none = tmp_path / "cut.csv.gz", tmp_path / "none.csv.gz"
    cut.write_bytes(packed[:-9])
    none.write_bytes(b"x,y\n1,2\n")
    help = "\n  help  `gzip --test` says so too"
    assert told(cut) == (
        "cut.csv.gz: error[data-file]: the file is cut short or is not a gzip file: "
        f"Compressed file ended before the end-of-stream marker was reached{help}"
    )
    assert told(none) == (
        f"none.csv.gz: error[data-file]: the file is cut short or is not a gzip file: Not a gzipped file (b'x,'){help}"
    )


def test_a_small_file_that_unpacks_to_a_huge_one_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "MAX_TEXT_BYTES", 3_000_000)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(bytes(10_000_000)))
    assert told(path) == (
        "bomb.csv.gz: error[limit]: the file unpacks to more than the 3,000,000 bytes that nnspec reads"
    )


def test_the_array_of_an_npy_file_is_a_column_that_stays_on_the_disk(tmp_path):
    for order in "CF":
        np.save(tmp_path / "x.npy", np.asarray(np.arange(24.0).reshape(4, 3, 2), order=order))
        read = read_table(tmp_path / "x.npy")
        assert (list(read.columns), read.rows, read.place(2)) == (["x"], 4, "row 3")
        assert isinstance(read.columns["x"], np.memmap)
        assert read.columns["x"].tolist() == np.arange(24.0).reshape(4, 3, 2).tolist()


REFUSED = {
    "pickle": (
        np.array([{}], dtype=object),
        "x.npy: error[data-file]: 'x' holds Python objects (a pickle), which can run code when read\n"
        "  help  store numbers or text: array.astype(float), array.astype(str)",
    ),
    "no rows": (np.ones((0, 3)), "x.npy: error[data-file]: 'x' has no rows"),
    "single value": (np.array(3.0), "x.npy: error[data-file]: 'x' is a single value, not one for each row"),
}


@pytest.mark.parametrize("array, expected", REFUSED.values(), ids=REFUSED)
def test_an_array_that_cannot_be_used_is_told(tmp_path, array, expected):
    np.save(tmp_path / "x.npy", array, allow_pickle=True)
    assert told(tmp_path / "x.npy") == expected


def test_an_array_cut_short_is_told(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((100, 3)))
    (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:-8])
    help = "\n  help  write it with numpy.save(FILE, x)"
    assert told(tmp_path / "x.npy") == (
        "x.npy: error[data-file]: the file is cut short or is not an NPY file: "
        f"'x' has 2,392 bytes, other than its shape (100, 3) says{help}"
    )
    (tmp_path / "x.npy").write_bytes(b"no array")
    assert told(tmp_path / "x.npy").startswith("x.npy: error[data-file]: the file is cut short or is not an NPY file: ")
