"""A run folder whose preparation or test rows are not its spec's exports nothing."""

import json

import numpy as np
import pytest
from runs_made import made_run

from nnspec.diagnostics import SpecError
from nnspec.exporting.export import export_run, open_trained
from nnspec.runs import Run

HELP = "\n  help  it is another run's, or was changed: train again"


@pytest.fixture
def run(tmp_path) -> Run:
    return made_run(tmp_path, rows=20)


def refusal(run: Run, name: str) -> str:
    with pytest.raises(SpecError) as error:
        export_run(run)
    assert not run.has("model.onnx")
    return str(error.value).removeprefix(f"error[run-folder]: {run.file(name)} cannot be used: ")


LEARNT = ("inputs", "sizes", 0, "state")
PREPARATIONS = [
    (("inputs", "sizes"), [], "it has other steps than the spec for the input sizes"),
    (("inputs",), {}, "it has other steps than the spec for the input sizes"),
    (("columns",), {}, "it names no columns for the input sizes"),
    (("columns", "sizes"), [1, 2], "it names no columns for the input sizes"),
    (LEARNT, {}, "it has not learnt what prepares the input sizes"),
    ((*LEARNT, "mean"), ["a", "b"], "it has not learnt what prepares the input sizes"),
    ((*LEARNT, "mean"), [1, 2, 3], "it has not learnt what prepares the input sizes"),
    ((*LEARNT, "mean"), [1, None], "it has not learnt what prepares the input sizes"),
    ((*LEARNT, "mean"), [1, 1e300], "it has not learnt what prepares the input sizes"),
    ((*LEARNT, "std"), [0, 1], "it has not learnt what prepares the input sizes"),
    (("outputs",), {}, "it has other steps than the spec for the output kind"),
    (("outputs", "price", "steps"), [], "it has other steps than the spec for the output price"),
    (("outputs", "price", "steps", 0, "state", "std"), None, "it has not learnt what prepares the output price"),
    (("outputs", "kind", "classes"), ["flat", "house"], "it has other classes than the network for the output kind"),
    (("outputs", "kind", "classes"), ["a", "a", "b"], "it has other classes than the network for the output kind"),
    (("outputs", "kind", "classes"), ["a", None, "b"], "it has other classes than the network for the output kind"),
    (("outputs", "price", "classes"), ["a", "b"], "it has other classes than the network for the output price"),
]


@pytest.mark.parametrize(("path", "value", "expected"), PREPARATIONS)
def test_a_preparation_of_another_run_is_refused(run, path, value, expected):
    file = run.file("preparation.json")
    whole = part = json.loads(file.read_text())
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    file.write_text(json.dumps(whole))
    assert refusal(run, "preparation.json") == expected + HELP


EXAMPLES = [
    ("sizes", lambda x: x[:, :1], "sizes has the shape (20, 1), not (2)"),
    ("sizes", lambda x: x[:, 0], "sizes has the shape (20,), not (2)"),
    ("views", lambda x: x[:3], "views has the shape (3, 4, 3), not (T, 3)"),
    ("sizes", lambda x: x * np.nan, "sizes holds something other than numbers"),
    ("sizes", lambda x: x.astype(str), "sizes holds something other than numbers"),
    ("kind", lambda x: x + 50, "kind holds indices that are none of its 3 classes"),
    ("kind", lambda x: x[:3], "kind has the shape (3,), not int64 ()"),
    ("price", lambda x: x[:, 0], "price has the shape (20,), not (1)"),
]


@pytest.mark.parametrize(("name", "change", "expected"), EXAMPLES)
def test_test_rows_of_another_run_are_refused(run, name, change, expected):
    arrays = run.examples()
    run.write_examples({**arrays, name: change(arrays[name])})
    assert refusal(run, "examples.npz") == expected + HELP


def test_numbers_of_another_width_are_the_same_rows(run):
    arrays = run.examples()
    run.write_examples({**arrays, "sizes": arrays["sizes"].astype(np.float64)})
    assert open_trained(run).examples.inputs["sizes"].dtype == np.float32
