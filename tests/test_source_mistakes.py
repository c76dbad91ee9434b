"""Each case in tests/source_cases is a text that cannot be read, and the exact words that nnspec has for it.

A case is a headline, the text as a Python literal, and what is told. `python tests/test_source_mistakes.py` writes it
anew: read the difference before you keep it.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

from nnspec.diagnostics import SpecError
from nnspec.source import parse

FOLDER = Path(__file__).parent / "source_cases"
HEADLINE = "## "


@dataclass(frozen=True)
class Case:
    file: Path
    title: str
    literal: str
    expected: str


def cases(name: str) -> list[Case]:
    file = FOLDER / name
    blocks = file.read_text(encoding="utf-8").split(f"\n{HEADLINE}")
    parts = [block.removeprefix(HEADLINE).rstrip("\n").split("\n", 2) for block in blocks]
    return [Case(file, title, literal, expected) for title, literal, expected in parts]


CASES = [*cases("yaml.txt"), *cases("json.txt")]


def told(case: Case) -> str:
    with pytest.raises(SpecError) as caught:
        parse(ast.literal_eval(case.literal), "f", json=case.file.stem == "json")
    return "\n".join(line.rstrip() for line in str(caught.value).splitlines())


@pytest.mark.parametrize("case", CASES, ids=[f"{case.file.stem}: {case.title}" for case in CASES])
def test_a_mistake_is_told_word_for_word(case):
    assert told(case) == case.expected


@pytest.mark.parametrize("case", CASES, ids=[f"{case.file.stem}: {case.title}" for case in CASES])
def test_a_mistake_has_one_place_inside_the_text(case):
    with pytest.raises(SpecError) as caught:
        parse(ast.literal_eval(case.literal), "f", json=case.file.stem == "json")
    (diagnostic,) = caught.value.diagnostics
    span = diagnostic.span
    assert 1 <= span.line <= len(span.text.lines)
    assert 1 <= span.column <= len(span.text.lines[span.line - 1]) + 1


def write_anew(name: str) -> None:
    blocks = [f"{HEADLINE}{case.title}\n{case.literal}\n{told(case)}\n" for case in cases(name)]
    (FOLDER / name).write_text("\n".join(blocks), encoding="utf-8")


if __name__ == "__main__":
    write_anew("yaml.txt")
    write_anew("json.txt")
