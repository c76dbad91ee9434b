"""The budget of the ONNX file, measured where it is written."""

import re

import pytest
from runs_made import TWO_HEADS, made_run

from nnspec.diagnostics import SpecError
from nnspec.exporting import export_run

BUDGET = TWO_HEADS + "budget: {onnx: %s}\n"


def test_a_file_over_budget_is_not_delivered(tmp_path):
    run = made_run(tmp_path, text=BUDGET % "6kB")
    with pytest.raises(SpecError) as caught:
        export_run(run)
    (told,) = caught.value.diagnostics
    path = run.file("model.onnx")
    assert told.code == "budget"
    figures = r"would take 6\.\d+kB, \d+B \(\d+%\) more than the 6kB of its budget: it is not written"
    assert re.fullmatch(f"{re.escape(str(path))} {figures}", told.message)
    assert not path.exists()


def test_a_file_within_budget_is_delivered(tmp_path):
    run = made_run(tmp_path, text=BUDGET % "16KiB")
    path, proof = export_run(run)
    assert proof.proven
    assert 6_000 < path.stat().st_size < 16 * 1024
