"""Every code is explained, and the examples of specs give what they say."""

import pytest

from nnspec.diagnostics import CODES, SpecError
from nnspec.explanations import EXPLANATIONS
from nnspec.graph import parse_network
from nnspec.graph.lint import LINTS

REST = {"nnspec": "nnspec: 1", "inputs": "inputs: {x: [8]}", "layers": "layers: [Linear: 2]"}
OF_SPECS = [code for code, explanation in EXPLANATIONS.items() if explanation.spec]


def codes_of(example: str) -> list[str]:
    """What nnspec says of an example, completed with the keys that every spec has."""
    keys = {line.partition(":")[0] for line in example.splitlines()}
    rest = [line for key, line in REST.items() if key not in keys]
    try:
        return [found.code for found in parse_network("\n".join([*rest, example, ""])).warnings]
    except SpecError as error:
        return [found.code for found in error.diagnostics]


def test_every_code_is_explained_and_no_other():
    assert set(EXPLANATIONS) == set(CODES)
    assert set(LINTS) <= set(OF_SPECS)


@pytest.mark.parametrize("code", OF_SPECS)
def test_a_wrong_example_gives_its_code_and_a_right_one_passes(code):
    assert codes_of(EXPLANATIONS[code].wrong) == [code]
    assert codes_of(EXPLANATIONS[code].right) == []


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_an_explanation_is_short(code):
    found = EXPLANATIONS[code]
    lines = [*found.text.splitlines(), *found.wrong.splitlines(), *found.right.splitlines()]
    assert len(found.text.splitlines()) <= 8
    assert max(map(len, lines)) <= 118
    assert found.wrong != found.right
