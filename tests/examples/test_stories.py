"""The stories in examples/: what their pages show is printed, and networks do as well beside baselines as they say."""

import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from nnspec.cli.main import main

EXAMPLES = Path(__file__).parents[2] / "examples"
STORIES = ("voters", "digits", "docstrings", "sunspots")
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")


def commands(page: str) -> list[tuple[str, list[str]]]:
    """Each command of a page, with the lines that stand below it."""
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    found = [each for block in blocks for each in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)]
    return [(command, [line.rstrip() for line in output.splitlines()]) for command, output in found]


def alike(shown: str, printed: str) -> bool:
    """The same text, with numbers as near as another processor's rounding lets a training come."""
    same = " ".join(NUMBER.sub("0", shown).split()) == " ".join(NUMBER.sub("0", printed).split())
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=False)
    return same and all(
        float(one.replace(",", "")) == pytest.approx(float(other.replace(",", "")), rel=0.1, abs=0.1)
        for one, other in pairs
    )


def lacking(shown: list[str], printed: list[str]) -> list[str]:
    """Lines that are shown and not printed, in their order; `...` stands for lines that are left out."""
    rest = iter(printed)
    return [line for line in shown if line != "..." and not any(alike(line, other) for other in rest)]


def run(command: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    program, *arguments = shlex.split(command)
    if program == "python":
        runpy.run_path(arguments[0])
    else:
        assert main(arguments) == 0
    captured = capsys.readouterr()
    return [line.rstrip() for line in (captured.out + captured.err).splitlines()]


@pytest.mark.parametrize(
    "story", [pytest.param(story, marks=pytest.mark.slow) if story == "digits" else story for story in STORIES]
)
def test_a_storys_commands_print_what_its_page_shows(story, tmp_path, monkeypatch, capsys):
    shutil.copytree(EXAMPLES / story, tmp_path / story, ignore=shutil.ignore_patterns("images", "run"))
    monkeypatch.chdir(tmp_path / story)
    shown = commands(Path("README.md").read_text(encoding="utf-8"))
    assert [command for command, _ in shown][-1].startswith("nnspec predict")
    for command, lines in shown:
        assert lacking(lines, run(command, capsys)) == []


BEATEN = {
    "voters": ["most frequent"],
    "digits": ["LogisticRegression", "RandomForestClassifier"],
    "docstrings": ["most frequent", "Tfidf + MultinomialNB", "Tfidf + LogisticRegression"],
    "sunspots": ["persistence", "LinearRegression of 33 years"],
}


@pytest.mark.parametrize("story", STORIES)
def test_a_network_beats_its_baselines_on_the_same_rows(story, tmp_path, monkeypatch):
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("images", "run"))
    monkeypatch.syspath_prepend(tmp_path / "examples")
    monkeypatch.delitem(sys.modules, "compare", raising=False)
    if story == "digits":
        runpy.run_path(str(tmp_path / "examples" / "digits" / "write.py"))
    from compare import STORIES as KNOWN
    from compare import compare

    scores = compare(story, seed=0)
    sign = -1 if KNOWN[story][2] == "MeanAbsoluteError" else 1
    assert [name for name in BEATEN[story] if sign * scores["nnspec"] <= sign * scores[name]] == []
