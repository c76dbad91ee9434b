"""Heads against the classes in the data: what a check knows is what the data say."""

import gzip

import numpy as np
import pytest

from nnspec.data.sources import read_source
from nnspec.diagnostics import Span, SpecError, Text
from nnspec.graph import load_network
from nnspec.spec.cells import SKLEARN_SETS
from nnspec.spec.reach import Reach

SPEC = """nnspec: 1
data: {source}
inputs: {{x: {{columns: [a]}}}}
layers: [Linear: {scores}]
outputs: {{y: {{column: kind, loss: CrossEntropyLoss{more}}}}}
"""


def told(folder, rows: str, scores: int, *, source: str = "rows.csv", more: str = "") -> str:
    """What a check says of the head, in one line; nothing where it passes."""
    (folder / "rows.csv").write_text(rows, encoding="utf-8")
    (folder / "net.yaml").write_text(SPEC.format(source=source, scores=scores, more=more))
    try:
        load_network(folder / "net.yaml")
    except SpecError as error:
        (found,) = error.diagnostics
        return found.message
    return ""


@pytest.mark.parametrize("name", SKLEARN_SETS)
def test_a_shipped_set_has_the_classes_that_are_stated(name, tmp_path):
    target = read_source(f"sklearn:{name}", Reach(tmp_path), Span(Text("spec.yaml"))).columns["target"]
    count = len(np.unique(target))
    assert SKLEARN_SETS[name] == (count if count <= 10 else 0)


@pytest.mark.parametrize(
    ("kinds", "classes"),
    [
        ("oak beech oak", 2),
        ("1 2.0 3 3.000 2", 3),
        ("007 7 7.5", 3),
    ],
)
def test_the_classes_of_a_file_are_counted_as_training_counts_them(tmp_path, kinds, classes):
    rows = "a,kind\n" + "".join(f"1, {kind} \n" for kind in kinds.split())
    assert told(tmp_path, rows, classes) == ""
    assert told(tmp_path, rows, 4) == f"y has {classes} classes in the data, but linear_1 gives 4 scores"


def test_the_classes_of_a_packed_file_are_counted(tmp_path):
    (tmp_path / "kinds.csv.gz").write_bytes(gzip.compress(b"a,kind\n1,oak\n2,beech\n"))
    wrong = "y has 2 classes in the data, but linear_1 gives 3 scores"
    assert told(tmp_path, "", 3, source="kinds.csv.gz") == wrong


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(b"a,kind\n" + b"1,x\n" * 300_000), gzip.compress(b"a,kind\n1,x\n")[:-9], b"a,kind\n1,x\n"],
    ids=["large", "cut short", "not packed"],
)
def test_a_packed_file_that_is_large_or_damaged_is_left_to_training(tmp_path, packed):
    (tmp_path / "kinds.csv.gz").write_bytes(packed)
    assert told(tmp_path, "", 3, source="kinds.csv.gz") == ""


def test_classes_that_the_spec_lists_are_its_own_to_say(tmp_path):
    assert told(tmp_path, "a,kind\n1,x\n2,y\n", 3, more=", classes: [x, y, z]") == ""


@pytest.mark.parametrize(
    "rows",
    [
        "a,kind\n1,x\n2,NA\n",
        "a,other\n1,x\n",
        "a,kind,kind\n1,x,y\n",
        "a,kind\n1\n",
        'a,kind\n1,"x\n',
        "",
        "a,kind\n" + "1,x\n" * 300_000,
    ],
)
def test_of_a_file_that_is_large_or_wrong_a_check_is_silent(tmp_path, rows):
    assert told(tmp_path, rows, 3) == ""


def test_a_file_out_of_reach_is_not_opened(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "rows.csv").write_text("a,kind\n1,x\n")
    assert told(tmp_path / "below", "", 3, source="../rows.csv") == "'../rows.csv' leaves the spec's folder"
