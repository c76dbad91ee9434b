"""Tuning: values are looked for, the best are written out, and a study goes on where it was left."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnspec.cli.main import main
from nnspec.diagnostics import SpecError
from nnspec.graph import load_network
from nnspec.spec.compose import read_document
from nnspec.spec.search import find_searches
from nnspec.tuning import Tuned, tune
from nnspec.tuning.best import best_text
from nnspec.tuning.goal import find_goal
from nnspec.tuning.study import Study, grid_size

SPEC = """\
nnspec: 1
data: {source: rows.csv, split: {validation: 0.25, test: 0.1}}
inputs: {x: {columns: [a, b], prepare: [Standardize]}}
layers:
  - Linear: {$search: {int: [2, 6], step: 2}}  # wide enough?
  - {$search: [Tanh, ReLU]}
  - Linear: 1
outputs: {y: {column: y, loss: MSELoss, metrics: [R2Score]}}
optimizer:
  Adam:
    lr:
      $search:
        log: [1.0e-4, 1.0e-1]
train: {epochs: 7, batch_size: 16}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    random = np.random.default_rng(0)
    rows = random.normal(size=(80, 2))
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        written = csv.writer(file)
        written.writerow("aby")
        written.writerows([a, b, 3 * a - b] for a, b in rows.tolist())
    (tmp_path / "net.yaml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Quiet:
    def begin(self, number, values): ...

    def end(self, trial, best, seconds): ...


def tuned(metric: str = "loss") -> Tuned:
    root = read_document("net.yaml")
    goal = find_goal(load_network("net.yaml").spec, metric)
    return Tuned(root, find_searches(root), Path("net.yaml"), goal)


def values_of(study: Study) -> list[dict[str, object]]:
    return [dict(trial.values) for trial in study.trials()]


def test_a_study_finds_a_rate_that_learns(folder: Path):
    what = tuned()
    study = Study(folder, what.searches, what.goal.direction)
    assert tune(what, study, folder, 12, Quiet())
    best, trials = study.best(), study.trials()
    assert best
    assert len(trials) == 12
    assert best.figure == min(trial.figure for trial in trials if trial.state == "complete")
    assert best.values["optimizer.Adam.lr"] > 3e-3
    kept = [path.parent.name for path in folder.glob("trials/*/weights.safetensors")]
    assert kept == [f"{best.number + 1:04}"]


def test_the_best_spec_gives_its_trials_figure(folder: Path):
    assert main(["tune", "net.yaml", "--trials", "4", "--study", "study"]) == 0
    what = tuned()
    best = Study(Path("study"), what.searches, what.goal.direction).best()
    assert best
    text = Path("net-best.yaml").read_text()
    assert text.startswith(f"# the best of 4 trials: validation loss {best.figure:.5g}\nnnspec: 1\n")
    assert "# wide enough?" in text
    assert "$search" not in text
    assert f"    lr: {best.values['optimizer.Adam.lr']}\n" in text
    assert main(["train", "net-best.yaml", "--run", "again", "--quiet"]) == 0
    assert (Path("again") / "result.json").read_text().count(f'"loss": {best.figure}') == 1
    assert (Path("study") / "study.svg").read_text().startswith("<svg ")


def test_a_study_that_is_left_goes_on(folder: Path, capsys):
    whole, parts = tuned(), tuned()
    for name, counts in (("one", [4]), ("two", [2, 4])):
        for count in counts:
            assert main(["tune", "net.yaml", "--trials", str(count), "--study", name, "--sampler", "random"]) == 0
    one = Study(Path("one"), whole.searches, "minimize")
    two = Study(Path("two"), parts.searches, "minimize")
    assert values_of(one)[:2] == values_of(two)[:2]
    assert len(values_of(two)) == 4
    assert len({trial["optimizer.Adam.lr"] for trial in values_of(two)}) == 4
    assert "trial 3/4" in capsys.readouterr().out


def test_several_processes_share_a_study(folder: Path):
    words = ["tune", "net.yaml", "--trials", "4", "--jobs", "2", "--study", "study"]
    done = subprocess.run([sys.executable, "-m", "nnspec", *words], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    study = Study(Path("study"), tuned().searches, "minimize")
    assert sorted(trial.number for trial in study.trials() if trial.state != "failed") == [0, 1, 2, 3]


def test_a_grid_tries_every_combination_once(folder: Path):
    what = tuned()
    assert grid_size(what.searches) == 3 * 2 * 5
    lines = SPEC.replace("{int: [2, 6], step: 2}", "[2, 4]").replace(
        "      $search:\n        log: [1.0e-4, 1.0e-1]\n", "      0.01\n"
    )
    Path("net.yaml").write_text(lines)
    assert main(["tune", "net.yaml", "--sampler", "grid", "--study", "grid", "--quiet"]) == 0
    tried = values_of(Study(Path("grid"), tuned().searches, "minimize"))
    pairs = {tuple(values.values()) for values in tried}
    assert pairs == {(2, "Tanh"), (2, "ReLU"), (4, "Tanh"), (4, "ReLU")}
    assert len(tried) == 4


def test_a_metric_of_which_more_is_better_is_maximised(folder: Path):
    what = tuned("R2Score")
    study = Study(folder, what.searches, what.goal.direction)
    assert tune(what, study, folder, 3, Quiet())
    best = study.best()
    assert best
    assert best.figure == max(trial.figure for trial in study.trials() if trial.figure is not None)


def test_values_that_do_not_go_together_fail_alone(folder: Path):
    Path("net.yaml").write_text(
        SPEC.replace(
            "step: 2}}  # wide enough?", "step: 2}}\n  - Unflatten: {dim: 1, unflattened_size: [2, 2]}\n  - Flatten"
        )
    )
    what = tuned()
    study = Study(folder, what.searches, what.goal.direction, sampler="random")
    assert tune(what, study, folder, 8, Quiet())
    states = {(trial.values["layers[0].Linear"], trial.state) for trial in study.trials() if trial.state != "pruned"}
    assert {state for _, state in states} == {"complete", "failed"}
    assert {width for width, state in states if state == "complete"} == {4}


def test_a_value_in_another_file_leaves_the_best_to_the_lines(folder: Path):
    Path("base.yaml").write_text(SPEC)
    Path("net.yaml").write_text("extends: ./base.yaml\nname: over\n")
    what = tuned()
    values = {search.name: search.default for search in what.searches}
    assert best_text(Path("net.yaml"), what.searches, values, "") is None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["--metric", "R2"],
            "command line:1:10: error[unknown-metric]: the spec has no metric 'R2'\n"
            "    1 | --metric R2\n      |          ^^\n  help  it has loss, y.R2Score, R2Score\n",
        ),
        (
            ["--study", "."],
            "error[run-folder]: . is not empty, and no study\n  help  give a folder that is empty or not there yet\n",
        ),
    ],
)
def test_what_cannot_be_tuned_is_told(words: list[str], says: str, folder: Path, capsys):
    assert main(["tune", "net.yaml", *words]) == 1
    assert capsys.readouterr().err == says


def test_a_spec_that_looks_for_nothing_is_told(folder: Path, capsys):
    Path("net.yaml").write_text(SPEC.replace("{$search: {int: [2, 6], step: 2}}", "2").split("optimizer")[0])
    text = Path("net.yaml").read_text().replace("{$search: [Tanh, ReLU]}", "Tanh") + "optimizer: Adam\n"
    Path("net.yaml").write_text(text)
    assert main(["tune", "net.yaml"]) == 1
    assert capsys.readouterr().err == (
        "net.yaml:1:1: error[not-trainable]: the spec looks for no value\n    1 | nnspec: 1\n      | ^^^^^^^^^\n"
        "  help  write `{$search: {log: [1e-5, 1e-1]}}` in the place of a value, as of `lr`\n"
    )


def test_a_study_of_another_spec_is_refused(folder: Path, capsys):
    assert main(["tune", "net.yaml", "--trials", "1", "--study", "study", "--quiet"]) == 0
    Path("net.yaml").write_text(SPEC.replace("epochs: 7", "epochs: 8"))
    assert main(["tune", "net.yaml", "--trials", "2", "--study", "study"]) == 1
    assert capsys.readouterr().err == (
        "error[run-folder]: study holds a study of another spec\n"
        "  help  give another folder with --study, or none for a new one\n"
    )


def test_trials_that_all_fail_end_the_study(folder: Path):
    Path("net.yaml").write_text(SPEC.replace("{column: y,", "{column: z,"))
    what = tuned()
    study = Study(folder, what.searches, what.goal.direction)
    with pytest.raises(SpecError) as caught:
        tune(what, study, folder, 20, Quiet())
    assert caught.value.diagnostics[0].message == (
        "the first 3 trials all fail, the last one so: rows.csv has no column 'z'"
    )
    assert len(study.trials()) == 3
