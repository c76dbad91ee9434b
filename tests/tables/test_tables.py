import csv
import io
import os
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnspec.diagnostics import SpecError
from nnspec.tables import arrays as arrays_module
from nnspec.tables import find_column, numbers, read_table

ROWS = "a,b,c,y\n0,0,0.5,0\n1,2,1.5,1\n2,4,2.5,0\n"


def table(folder, content, name="data.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, name)


def arrays(folder, **columns):
    path = folder / "data.npz"
    np.savez(path, **columns)
    return read_table(path, "data.npz")


def told(call, *args):
    with pytest.raises(SpecError) as caught:
        call(*args)
    return str(caught.value)


def columns_of(read):
    return {name: values.tolist() for name, values in read.columns.items()}


def test_columns_come_as_text_with_their_lines(tmp_path):
    read = table(tmp_path, ROWS)
    assert columns_of(read) == {
        "a": ["0", "1", "2"],
        "b": ["0", "2", "4"],
        "c": ["0.5", "1.5", "2.5"],
        "y": ["0", "1", "0"],
    }
    assert [read.span(row).place for row in range(read.rows)] == ["data.csv:2", "data.csv:3", "data.csv:4"]
    assert numbers(read, "c").tolist() == [0.5, 1.5, 2.5]


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + ROWS,
        ROWS.rstrip("\n"),
        ROWS.replace("\n", "\r\n"),
        ROWS.replace("\n", "\r"),
        ROWS.replace("a,b", " a , b "),
        ROWS.replace("1,2,1.5,1", '1,"2",1.5,1'),
    ],
    ids=["bom", "no final newline", "crlf", "cr", "spaces around names", "quotes"],
)
def test_ways_to_write_the_same_table(tmp_path, content):
    assert columns_of(table(tmp_path, content)) == columns_of(table(tmp_path, ROWS))


def test_blank_lines_are_skipped_and_lines_stay_right(tmp_path):
    read = table(tmp_path, "a,b\n1,2\n\n   \n3,4\n\n")
    assert (columns_of(read), read.lines.tolist()) == ({"a": ["1", "3"], "b": ["2", "4"]}, [2, 5])


def test_a_row_with_a_line_break_in_quotes_has_the_line_where_it_begins(tmp_path):
    read = table(tmp_path, 'a,b\n1,"x\ny"\n3,z\n')
    assert (read.columns["b"].tolist(), read.lines.tolist()) == (["x\ny", "z"], [2, 4])


def test_tabs_separate_the_columns_of_a_tsv(tmp_path):
    assert columns_of(table(tmp_path, "a\tb\n1,5\t2\n", "data.tsv")) == {"a": ["1,5"], "b": ["2"]}


MALFORMED = {
    "empty": (b"", "data.csv: error[data-file]: the file is empty\n  help  the first line names the columns"),
    "blank": (b"\n\n", "data.csv: error[data-file]: the file is empty\n  help  the first line names the columns"),
    "header only": (b"a,b\n", "data.csv:1: error[data-file]: the file has a header and no rows"),
    "name twice": (
        b"a,a,y\n1,2,3\n",
        "data.csv:1: error[data-file]: two columns are called 'a'\n  help  rename one of them",
    ),
    "no name": (
        b",a\n0,1\n",
        "data.csv:1: error[data-file]: column 1 of the header has no name\n"
        "  help  name it; pandas leaves its index out with to_csv(..., index=False)",
    ),
    "row too long": (
        b"a,b,c,y\n0,0,0,0\n1,2,3,1\n2,4,6,0\n3,6,9,1,9\n",
        "data.csv:5: error[data-file]: line 5 has 5 fields, the header names 4 columns\n"
        "  help  a field that holds a delimiter stands in quotes",
    ),
    "row too short": (
        b"a,b\n1\n",
        "data.csv:2: error[data-file]: line 2 has 1 field, the header names 2 columns",
    ),
    "row cut by a blank line": (
        b"a,b,c\n2,4,0\n2,0\n\n.6,0\n",
        "data.csv:3: error[data-file]: line 3 has 2 fields, the header names 3 columns",
    ),
    "semicolons": (
        b"a;b;y\n1,5;2;0\n",
        "data.csv:1: error[data-file]: the header has semicolons and no comma: 'a;b;y'\n"
        "  help  separate the columns by commas, and write decimals with a point (1.5)",
    ),
    "tabs": (
        b"a\tb\n1\t2\n",
        "data.csv:1: error[data-file]: the header has tabs and no comma: 'a\\tb'\n"
        "  help  separate the columns by commas, or name the file .tsv",
    ),
    "a million columns": (
        ",".join(f"c{i}" for i in range(1_000_000)).encode() + b"\n",
        "data.csv:1: error[limit]: the header names 1,000,000 columns, more than the 100,000 that nnspec reads\n"
        "  help  keep wide rows as one array: NPZ or NPY",
    ),
    "NUL": (
        b"a,b\n1,2\n3,\x006\n",
        "data.csv:3: error[encoding]: a NUL byte stands in this line: the file is not text",
    ),
    "UTF-16": (
        "a,b\n1,2\n".encode("utf-16"),
        "data.csv: error[encoding]: the file is UTF-16 text, not UTF-8\n  help  save it as UTF-8 (`CSV UTF-8`)",
    ),
    "Latin-1": (
        "a,b\n1,2\ncaf\xe9,2\n".encode("latin-1"),
        "data.csv:3: error[encoding]: the byte 0xe9 in this line is not UTF-8\n"
        "  help  save the file as UTF-8 (`CSV UTF-8`)",
    ),
    "open quote": (
        b'a,b\n1,2\n3,"x\n5,6\n',
        "data.csv:3: error[data-file]: a quote opened in this row is never closed",
    ),
    "quote within": (
        b'a,b\n1,"x"y\n',
        "data.csv:2: error[data-file]: a quoted field goes on after its closing quote\n"
        '  help  a quote inside a quoted field is written twice: "say ""yes"""',
    ),
    "endless field": (
        b'a,b\n1,"' + b"x" * 200_000 + b'"\n',
        "data.csv:2: error[data-file]: a field in this row has more than 131,072 characters\n"
        "  help  is a quote left open?",
    ),
}


@pytest.mark.parametrize("content, expected", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_file_is_told_with_its_line(tmp_path, content, expected):
    assert told(table, tmp_path, content) == expected


VALUES = {
    "text": ("abc", "data.csv:3: error[data-value]: column 'b': 'abc' is not a number"),
    "infinity": ("inf", "data.csv:3: error[data-value]: column 'b': 'inf' is not a finite number"),
    "overflow": ("1e999", "data.csv:3: error[data-value]: column 'b': '1e999' is not a finite number"),
    "underscore": ("1_000", "data.csv:3: error[data-value]: column 'b': '1_000' is not a number"),
    "other digits": ("\u0663", "data.csv:3: error[data-value]: column 'b': '\u0663' is not a number"),
    "decimal comma": (
        '"1,5"',
        "data.csv:3: error[data-value]: column 'b': '1,5' is not a number\n  help  write decimals with a point: 1.5",
    ),
    "formula": (
        "=cmd|' /C calc'!A0",
        "data.csv:3: error[data-value]: column 'b': \"=cmd|' /C calc'!A0\" is not a number",
    ),
    "terminal": ("\x1b[2J", "data.csv:3: error[data-value]: column 'b': '\\x1b[2J' is not a number"),
    "long": ("x" * 500, f"data.csv:3: error[data-value]: column 'b': '{'x' * 60}'… is not a number"),
}


@pytest.mark.parametrize("value, expected", VALUES.values(), ids=VALUES)
def test_a_value_that_is_no_number_is_told_with_its_line(tmp_path, value, expected):
    read = table(tmp_path, f"a,b\n1,2\n3,{value}\n5,6\n")
    assert told(numbers, read, "b") == expected


@pytest.mark.parametrize("gap", ["", "NA", "NaN", "nan", "null", "None", " ", "N/A"])
def test_missing_values_are_counted_and_the_first_is_shown(tmp_path, gap):
    read = table(tmp_path, f"a,b\n1,2\n3,{gap}\n5,{gap}\n7,8\n")
    assert told(numbers, read, "b") == (
        "data.csv:3: error[data-value]: column 'b': 2 of its 4 rows lack a value, the first is line 3\n"
        "  help  fill the gaps in, or leave those rows out"
    )
    assert numbers(read, "a").tolist() == [1, 3, 5, 7]


def test_numbers_in_every_usual_form(tmp_path):
    read = table(tmp_path, "a\n1\n-2.\n.5\n+1e-3\n 7 \n1E5\n")
    assert numbers(read, "a").tolist() == [1.0, -2.0, 0.5, 0.001, 7.0, 1e5]


def test_an_unknown_column_is_told_with_what_was_meant(tmp_path):
    read = table(tmp_path, "height,b\n1,2\n")
    assert told(find_column, read, "heigth") == (
        "data.csv: error[unknown-column]: data.csv has no column 'heigth'\n  help  did you mean 'height'?"
    )
    assert told(find_column, read, "zzz") == (
        "data.csv: error[unknown-column]: data.csv has no column 'zzz'\n  help  its columns are height, b"
    )


def test_a_file_that_is_not_there(tmp_path):
    table(tmp_path, ROWS, "train.csv")
    assert told(read_table, tmp_path / "trian.csv", "trian.csv") == (
        "trian.csv: error[data-file]: there is no file 'trian.csv'\n  help  did you mean 'train.csv'?"
    )
    assert told(read_table, tmp_path / "no" / "rows.csv", "rows.csv") == (
        "rows.csv: error[data-file]: there is no file 'rows.csv'"
    )


def test_what_is_not_a_plain_file_is_refused_without_waiting(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    assert told(read_table, tmp_path / "folder.csv", "f.csv") == (
        "f.csv: error[data-file]: 'f.csv' is a folder, not a file"
    )
    for name in ("pipe.csv", "zero.csv"):
        message = f"{name}: error[data-file]: '{name}' is a pipe or a device, not a file"
        assert told(read_table, tmp_path / name, name) == message


def test_a_file_of_another_kind_is_refused(tmp_path):
    assert told(read_table, tmp_path / "rows.xlsx", "rows.xlsx") == (
        "rows.xlsx: error[data-file]: 'rows.xlsx' is a .xlsx file\n"
        "  help  nnspec reads .csv, .tsv, .jsonl, .ndjson, .txt, .npz, .npy, .parquet, .feather, .arrow, "
        ".ipc, and texts as .gz"
    )


def test_a_file_too_large_is_not_read(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(3 * 10**9)
    assert told(read_table, path, "large.csv") == (
        "large.csv: error[limit]: 'large.csv' has 3,000,000,000 bytes, more than the 2,000,000,000 that nnspec reads"
    )


def test_arrays_keep_their_types_and_rows_count_from_one(tmp_path):
    read = arrays(tmp_path, x=np.ones((2, 3, 4), np.float32), y=np.array(["cat", "dog"]), z=np.array([True, False]))
    assert {name: (values.shape, values.dtype.kind) for name, values in read.columns.items()} == {
        "x": ((2, 3, 4), "f"),
        "y": ((2,), "U"),
        "z": ((2,), "b"),
    }
    assert (read.rows, read.place(1), read.span(1).place) == (2, "row 2", "data.npz")
    assert numbers(read, "x").dtype == np.float32


def test_fortran_order_and_other_byte_orders_read_the_same(tmp_path):
    x = np.arange(12, dtype=">f8").reshape(3, 4)
    read = arrays(tmp_path, x=x, y=np.asfortranarray(x))
    assert np.array_equal(read.columns["x"], x)
    assert np.array_equal(read.columns["y"], x)
    assert read.columns["x"].dtype == np.dtype("float64")


ARRAYS = {
    "pickle": (
        {"x": np.array([{}], dtype=object)},
        "data.npz: error[data-file]: 'x' holds Python objects (a pickle), which can run code when read\n"
        "  help  store numbers or text: array.astype(float), array.astype(str)",
    ),
    "complex": (
        {"x": np.ones(2, complex)},
        "data.npz: error[data-file]: 'x' holds complex128, where numbers or text are needed\n"
        "  help  store it with array.astype(float) or array.astype(str)",
    ),
    "single value": (
        {"x": np.array(3.0)},
        "data.npz: error[data-file]: 'x' is a single value, not one for each row",
    ),
    "lengths": (
        {"x": np.ones((4, 2)), "y": np.ones(5)},
        "data.npz: error[data-file]: 'x' has 4 rows, 'y' has 5\n"
        "  help  the first axis counts the examples in every array",
    ),
    "no rows": ({"x": np.ones((0, 2))}, "data.npz: error[data-file]: 'x' has no rows"),
    "no arrays": ({}, "data.npz: error[data-file]: the file holds no arrays"),
}


@pytest.mark.parametrize("columns, expected", ARRAYS.values(), ids=ARRAYS)
def test_arrays_that_cannot_be_used(tmp_path, columns, expected):
    assert told(lambda: arrays(tmp_path, **columns)) == expected


def test_an_array_with_nan_or_infinity_is_told_with_its_row(tmp_path):
    x = np.ones((4, 2), np.float32)
    x[2:, 1] = np.nan
    y = np.array([1.0, np.inf, 1.0, 1.0])
    read = arrays(tmp_path, x=x, y=y)
    assert told(numbers, read, "x") == (
        "data.npz: error[data-value]: column 'x': 2 of its 4 rows lack a value, the first is row 3\n"
        "  help  fill the gaps in, or leave those rows out"
    )
    assert told(numbers, read, "y") == "data.npz: error[data-value]: row 2 of 'y': 'inf' is not a finite number"


def test_a_file_cut_short_is_refused(tmp_path):
    arrays(tmp_path, x=np.ones((5, 3)))
    data = (tmp_path / "data.npz").read_bytes()[:-100]
    assert told(table, tmp_path, data, "cut.npz") == (
        "cut.npz: error[data-file]: the file is cut short or is not an NPZ file: File is not a zip file\n"
        "  help  write it with numpy.savez(FILE, x=..., y=...)"
    )


def test_a_shape_that_the_bytes_do_not_fill_allocates_nothing(tmp_path):
    member = io.BytesIO()
    np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": (10**13,)})
    with zipfile.ZipFile(tmp_path / "lie.npz", "w") as archive:
        archive.writestr("x.npy", member.getvalue())
    assert told(read_table, tmp_path / "lie.npz", "lie.npz") == (
        "lie.npz: error[data-file]: the file is cut short or is not an NPZ file: "
        "'x' has 0 bytes, other than its shape (10000000000000,) says\n"
        "  help  write it with numpy.savez(FILE, x=..., y=...)"
    )


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays_module, "MAX_ARRAY_BYTES", 10_000)
    np.savez_compressed(tmp_path / "bomb.npz", x=np.zeros(100_000))
    assert told(read_table, tmp_path / "bomb.npz", "bomb.npz") == (
        "bomb.npz: error[limit]: the file unpacks to 800,128 bytes, more than the 10,000 that nnspec reads"
    )


def test_damaged_arrays_are_read_or_refused_never_worse(tmp_path):
    np.savez_compressed(tmp_path / "whole.npz", x=np.arange(40.0).reshape(10, 4), y=np.array(["a", "b"] * 5))
    whole = (tmp_path / "whole.npz").read_bytes()
    random = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(whole)
        for place in random.integers(0, len(whole), 3):
            damaged[place] = random.integers(256)
        try:
            table(tmp_path, bytes(damaged), "damaged.npz")
        except SpecError as error:
            assert len(error.diagnostics) == 1


names = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="\ufeff,\t;"), min_size=1, max_size=8
).filter(lambda name: name == name.strip())
fields = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_the_csv_module_writes_reads_back(tmp_path, data):
    header = data.draw(st.lists(names, min_size=2, max_size=4, unique=True))
    rows = data.draw(st.lists(st.lists(fields, min_size=len(header), max_size=len(header)), min_size=1, max_size=6))
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    read = table(tmp_path, text.getvalue())
    assert list(read.columns) == header
    assert [list(row) for row in zip(*(read.columns[name] for name in header), strict=True)] == rows


def test_a_folder_without_an_ending_is_a_folder(tmp_path):
    with pytest.raises(SpecError) as caught:
        read_table(tmp_path, "runs")
    assert str(caught.value) == "runs: error[data-file]: 'runs' is a folder, not a file"
