"""Parquet and Feather files as tables, and what is told of those that are none."""

import datetime
import sys

import numpy as np
import polars
import pytest

from nnspec.diagnostics import SpecError
from nnspec.tables import frames, numbers, read_table

WRITERS = {".parquet": polars.DataFrame.write_parquet, ".feather": polars.DataFrame.write_ipc}


def table(folder, columns, ending=".parquet"):
    path = folder / f"rows{ending}"
    WRITERS[ending](polars.DataFrame(columns), path)
    return read_table(path, path.name)


def told(call, *args):
    with pytest.raises(SpecError) as caught:
        call(*args)
    return str(caught.value)


@pytest.mark.parametrize("ending", WRITERS)
def test_columns_are_numbers_with_nan_and_texts_with_an_empty_one(tmp_path, ending):
    read = table(
        tmp_path,
        {
            "whole": [1, 2, 3],
            "gaps": [1, None, 3],
            "flags": [True, False, True],
            "few flags": [True, None, False],
            "texts": ["a", None, "é"],
            "nothing": [None, None, None],
            "days": [datetime.date(2024, 1, day) for day in (1, 2, 3)],
            "vectors": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
        },
        ending,
    )
    assert {name: (column.dtype.kind, column.tolist()) for name, column in read.columns.items()} == {
        "whole": ("i", [1, 2, 3]),
        "gaps": ("f", [1.0, pytest.approx(np.nan, nan_ok=True), 3.0]),
        "flags": ("b", [True, False, True]),
        "few flags": ("f", [1.0, pytest.approx(np.nan, nan_ok=True), 0.0]),
        "texts": ("O", ["a", "", "é"]),
        "nothing": ("O", ["", "", ""]),
        "days": ("O", ["2024-01-01", "2024-01-02", "2024-01-03"]),
        "vectors": ("f", [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
    }
    assert (read.rows, read.lines, read.place(1), list(read.columns)[:2]) == (3, None, "row 2", ["whole", "gaps"])


def test_texts_become_numbers_as_those_of_a_csv_do(tmp_path):
    read = table(tmp_path, {"a": ["1", " 2.5 ", "-1e-3"], "b": ["1", "x", "3"], "c": ["1", None, "3"]})
    assert numbers(read, "a").tolist() == [1.0, 2.5, -0.001]
    assert told(numbers, read, "b") == "rows.parquet: error[data-value]: row 2 of 'b': 'x' is not a number"
    assert told(numbers, read, "c") == (
        "rows.parquet: error[data-value]: column 'c': one row lacks a value, the first is row 2\n"
        "  help  fill the gaps in, or leave those rows out"
    )


UNUSABLE = {
    "structs": (
        {"a": [{"b": 1}]},
        "rows.parquet: error[data-value]: column 'a' holds Struct({'b': Int64}), where numbers or text are needed\n"
        "  help  give each field a column of its own (polars: `unnest`)",
    ),
    "bytes": (
        {"a": [b"\0"]},
        "rows.parquet: error[data-value]: column 'a' holds Binary, where numbers or text are needed\n"
        "  help  write numbers or text",
    ),
    "ragged lists": (
        {"a": [[1.0, 2.0], [3.0, 4.0], [5.0]]},
        "rows.parquet: error[data-shape]: row 3 of 'a' is a list of 1 numbers, that of row 1 has 2\n"
        "  help  lists of one length are vectors",
    ),
}


@pytest.mark.parametrize("columns, expected", UNUSABLE.values(), ids=UNUSABLE)
def test_a_column_that_cannot_be_used_is_told_when_it_is_asked_for(tmp_path, columns, expected):
    rows = len(columns["a"])
    read = table(tmp_path, {**columns, "good": [7] * rows})
    assert read.columns["good"].tolist() == [7] * rows
    assert told(lambda: read.columns["a"]) == expected


@pytest.mark.parametrize("ending", WRITERS)
def test_a_file_cut_short_is_told(tmp_path, ending):
    table(tmp_path, {"a": list(range(1000))}, ending)
    path = tmp_path / f"cut{ending}"
    path.write_bytes((tmp_path / f"rows{ending}").read_bytes()[:-40])
    name = path.name
    message = told(read_table, path, name)
    assert message.startswith(f"{name}: error[data-file]: the file is cut short or damaged: ")
    assert message.endswith("\n  help  write it again")


def test_a_file_without_rows_or_columns_is_told(tmp_path):
    assert told(table, tmp_path, {"a": []}) == ("rows.parquet: error[data-file]: the file has columns and no rows")
    assert told(table, tmp_path, {}) == "rows.parquet: error[data-file]: the file has no columns"


def test_a_text_that_stands_there_too_often_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(frames, "MAX_COLUMN_BYTES", 1_000_000)
    read = table(tmp_path, {"a": ["x" * 1000] * 10_000})
    assert told(lambda: read.columns["a"]) == (
        "rows.parquet: error[limit]: column 'a' holds 10,000,000 bytes of text, "
        "more than the 1,000,000 that nnspec reads"
    )


def test_without_polars_a_message_says_how_to_install_it(tmp_path, monkeypatch):
    table(tmp_path, {"a": [1]})
    monkeypatch.setitem(sys.modules, "polars", None)
    assert told(read_table, tmp_path / "rows.parquet", "rows.parquet") == (
        "rows.parquet: error[missing-extra]: 'rows.parquet' is read with polars, which is not installed\n"
        "  help  pip install 'nnspec[data]'"
    )
