"""Large CSV texts through polars: the same table as the strict reader's, or left to it."""

import random

import numpy as np
import pytest

from nnspec.data.labels import read_labels
from nnspec.diagnostics import SpecError
from nnspec.tables import numbers, quick, text, texts
from nnspec.tables.delimited import read_delimited
from nnspec.tables.frames import FrameColumns
from nnspec.tables.quick import read_plain
from nnspec.tables.read import read_table


@pytest.fixture(autouse=True)
def _small_texts_count_as_large(monkeypatch):
    monkeypatch.setattr(quick, "QUICK_BYTES", 0)


def both(data):
    return read_plain(data, "a.csv", ","), read_delimited(text.decode(data, "a.csv"), "a.csv", ",")


def told(read):
    """What a reading gives, or the message that it ends in."""
    try:
        return read()
    except SpecError as error:
        return str(error)


PLAIN = {
    "ends with a line": b"a,b\n1,x\n2,y\n",
    "ends without one": b"a,b\n1,x\n2,y",
    "byte order mark": "\ufeffa,b\n1,é\n2,y\n".encode(),
    "Windows": b"a,b\r\n1,x\r\n2,y\r\n",
    "both line ends": b"a,b\n1,x\r\n2,y\n",
    "spaces": b" a , b \n 1, x\n2 ,y \n",
    "empty cells": b"a,b,c\n,,\n,x,\n",
    "hash, apostrophe": b"a,b\n#1,'x\n1_0,NaN\n",
}


@pytest.mark.parametrize("data", PLAIN.values(), ids=PLAIN)
def test_a_plain_text_gives_the_strict_readers_table(data):
    quickly, strictly = both(data)
    assert quickly and isinstance(quickly.columns, FrameColumns)
    assert {name: column.tolist() for name, column in quickly.columns.items()} == {
        name: column.tolist() for name, column in strictly.columns.items()
    }
    assert (quickly.rows, quickly.lines.tolist()) == (strictly.rows, strictly.lines.tolist())


LEFT = {
    "quotes": b'a,b\n1,"x"\n',
    "a blank line": b"a,b\n\n1,x\n",
    "a blank line of Windows": b"a,b\r\n\r\n1,x\r\n",
    "a line of spaces": b"a,b\n  \n1,x\n",
    "lone returns": b"a,b\r1,x\r",
    "one column": b"a\n1\n",
    "a row too long": b"a,b\n1,x,y\n",
    "a row too short": b"a,b\n1\n2,x\n",
    "one row too long, one too short": b"a,b\n1,2,3\n1\n",
    "one name twice": b"a,a\n1,2\n",
    "no name": b"a,\n1,2\n",
    "NUL": b"a,b\n1,\0\n",
    "Latin-1": b"a,b\n1,\xe9\n",
    "header alone": b"a,b",
}


@pytest.mark.parametrize("data", LEFT.values(), ids=LEFT)
def test_what_is_not_plain_is_left_to_the_strict_reader(data):
    assert read_plain(data, "a.csv", ",") is None


def test_numbers_are_the_very_same():
    drawn = random.Random(0)
    texts = [repr(drawn.uniform(-1, 1) * 10.0 ** drawn.randint(-300, 300)) for _ in range(5000)]
    texts += [f"{drawn.random():.{drawn.randint(1, 25)}f}" for _ in range(5000)]
    texts += [" 7 ", "+1", "-.5", "5.", "1E+5", "-0", "1e-400"]
    quickly, strictly = both("\n".join(["a,b", *(f"{value},1" for value in texts)]).encode())
    assert np.array_equal(numbers(quickly, "a"), numbers(strictly, "a"))


@pytest.mark.parametrize("value", ["x", "inf", "nan", "", "1e999", "1_000", "1d", "0x1", "\u0663", "\u00a01"])
def test_a_value_that_is_no_number_is_told_alike(value):
    quickly, strictly = both(f"a,b\n1,x\n{value},y\n{value},z\n".encode())
    message = told(lambda: numbers(quickly, "a"))
    assert isinstance(message, str)
    assert message == told(lambda: numbers(strictly, "a"))


def test_a_large_file_is_read_quickly(tmp_path, monkeypatch):
    monkeypatch.undo()
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 300_000)
    read = read_table(tmp_path / "a.csv", "a.csv")
    assert isinstance(read.columns, FrameColumns)
    assert (read.rows, read.span(299_999).place) == (300_000, "a.csv:300001")


@pytest.mark.parametrize(
    "last", ["2.50", "7", "", "x", " 1.5 ", "inf", "nan", "1e999", "1_0.5", "0x1.8p1", "1.5d", "-.5"]
)
def test_a_column_that_begins_with_decimals_is_the_strict_readers(last):
    quickly, strictly = both(f"a,b\n1.50,x\n-2.25,y\n{last},z\n".encode())
    assert quickly.columns["a"].tolist() == strictly.columns["a"].tolist()
    assert texts(quickly.part(1, 2), "a").tolist() == texts(strictly.part(1, 2), "a").tolist()
    assert told(lambda: numbers(quickly, "a").tolist()) == told(lambda: numbers(strictly, "a").tolist())
    assert told(lambda: numbers(quickly.part(1, 2), "a").tolist()) == told(
        lambda: numbers(strictly.part(1, 2), "a").tolist()
    )


@pytest.mark.parametrize("last", ["x", "", "nan", "inf", " 2.5", "1_0.5", "0x1", "1.5d", "\u0663.5", "+2.5"])
def test_a_column_that_goes_on_otherwise_after_its_begin_is_the_strict_readers(monkeypatch, last):
    monkeypatch.setattr(quick, "SEEN_BYTES", 20)
    quickly, strictly = both(("a,b\n" + "1.50,x\n" * 5 + f"{last},y\n").encode())
    assert quickly.columns["a"].tolist() == strictly.columns["a"].tolist()
    assert told(lambda: numbers(quickly, "a").tolist()) == told(lambda: numbers(strictly, "a").tolist())


@pytest.mark.parametrize("rows", [["b", " a", "b", "a "], ["1", "2"] * 20, [" b", "a", ""] * 20, ["x", " x"] * 20])
def test_categories_and_classes_are_the_strict_readers(rows):
    quickly, strictly = both(("a,b\n" + "".join(f"{value},1\n" for value in rows)).encode())
    assert texts(quickly, "a").tolist() == texts(strictly, "a").tolist()
    assert told(lambda: shown_labels(quickly)) == told(lambda: shown_labels(strictly))


def shown_labels(table):
    labels = read_labels(table, "a")
    return labels.values.tolist(), labels.missing.tolist()
