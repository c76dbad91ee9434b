"""JSON lines as a table, and what is told of lines that are not."""

import numpy as np
import pytest

from nnspec.diagnostics import SpecError
from nnspec.tables import numbers, read_table


def table(folder, text):
    path = folder / "rows.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path, "rows.jsonl")


def told(folder, text):
    with pytest.raises(SpecError) as caught:
        table(folder, text)
    return str(caught.value)


def test_columns_keep_their_types_and_lines(tmp_path):
    read = table(tmp_path, '{"a": 1, "b": "x", "c": true, "d": 1}\n\n{"d": 2.5, "c": false, "b": "é", "a": 2}\r\n')
    assert {name: (column.dtype.kind, column.tolist()) for name, column in read.columns.items()} == {
        "a": ("i", [1, 2]),
        "b": ("O", ["x", "é"]),
        "c": ("b", [True, False]),
        "d": ("f", [1.0, 2.5]),
    }
    assert read.lines.tolist() == [1, 3]


def test_null_is_a_missing_value_of_its_column(tmp_path):
    read = table(tmp_path, '{"a": null, "b": null}\n{"a": 1, "b": "x"}\n')
    assert np.isnan(read.columns["a"]).tolist() == [True, False]
    assert read.columns["b"].tolist() == ["", "x"]
    with pytest.raises(SpecError) as caught:
        numbers(read, "a")
    assert str(caught.value) == (
        "rows.jsonl:1: error[data-value]: column 'a': one row lacks a value, the first is line 1\n"
        "  help  fill the gaps in, or leave those rows out"
    )


WRONG = {
    '{"a": 1, "b": 2}\n{"a": 1}\n': (
        "rows.jsonl:2: error[data-file]: the object lacks the key 'b', which line 1 has\n"
        "  help  write null for a value that is missing"
    ),
    '{"a": 1}\n{"a": 1, "c": 2}\n': (
        "rows.jsonl:2: error[data-file]: the object has the key 'c', which line 1 lacks\n"
        "  help  every line has the same keys; write null for what is missing"
    ),
    '{"age": 1}\n{"agee": 1}\n': (
        "rows.jsonl:2: error[data-file]: the object lacks the key 'age', which line 1 has\n  help  did you mean 'agee'?"
    ),
    '{"a": 1}\n{"a": "x"}\n': (
        "rows.jsonl:2: error[data-value]: column 'a' holds text, where line 1 holds a number\n"
        "  help  write one type throughout"
    ),
    '{"a": 1}\n{"a": [1, 2]}\n': (
        "rows.jsonl:2: error[data-value]: column 'a' holds a list\n"
        "  help  give each value a key of its own, or store arrays in an NPZ file"
    ),
    '{"a": {"b": 1}}\n': (
        "rows.jsonl:1: error[data-value]: column 'a' holds an object\n"
        "  help  give each value a key of its own, or store arrays in an NPZ file"
    ),
    '{"a": 1}\n[1, 2]\n': (
        'rows.jsonl:2: error[data-file]: the line holds a list, not an object\n  help  as in {"age": 31}'
    ),
    '{"a": 1, "a": 2}\n': ("rows.jsonl:1: error[data-file]: the line cannot be read: the key 'a' stands there twice"),
    '{"a": NaN}\n': (
        "rows.jsonl:1: error[data-file]: the line cannot be read: NaN is not JSON, write null for "
        "a number that is missing"
    ),
    '{"a": 1}\n{"a": 1': (
        "rows.jsonl:2: error[data-file]: the line is not JSON: expecting ',' delimiter at character 8\n"
        "  help  each line is one whole object"
    ),
    '{"a": "\\ud800"}\n': (
        "rows.jsonl:1: error[encoding]: a text in this line holds half of a character (a surrogate)"
    ),
    "[" * 100_000: ("rows.jsonl:1: error[data-file]: the line is nested too deep, its object must be flat"),
    '{"a": ' + "1" * 5000 + "}": (
        "rows.jsonl:1: error[data-file]: the line cannot be read: a number of 5,000 digits stands there"
    ),
    '{"a": 1' + "0" * 400 + "}": ("rows.jsonl:1: error[data-value]: column 'a' holds a number beyond 1e308"),
    "{}\n": ("rows.jsonl:1: error[data-file]: the object in this line has no keys"),
    "\n": (
        'rows.jsonl: error[data-file]: the file is empty\n  help  each line is an object: {"age": 31, "city": "Rome"}'
    ),
    b'{"a": "\x00"}\n': ("rows.jsonl:1: error[encoding]: a NUL byte stands in this line: the file is not text"),
    b"\xff\xfe{\x00}\x00": (
        "rows.jsonl: error[encoding]: the file is UTF-16 text, not UTF-8\n  help  save it as UTF-8 (`CSV UTF-8`)"
    ),
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_one_mistake_is_told_with_its_line(tmp_path, text):
    assert told(tmp_path, text) == WRONG[text]
