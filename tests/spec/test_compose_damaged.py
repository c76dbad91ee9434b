"""Documents of several files, damaged at random: each is refused, or a network whose long form is the same."""

import json
import random
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from nnspec.diagnostics import SpecError
from nnspec.graph import load_network, parse_network
from nnspec.spec.resolve import resolve

PART = {
    "nnspec": 1,
    "params": {"width": 4},
    "inputs": {"x": [9]},
    "blocks": {"d": ["ReLU"]},
    "layers": [{"Linear": "$width"}, "d"],
    "outputs": {"o": {"from": "_"}},
}
INLINE = {
    "nnspec": 1,
    "imports": {"inner": "part.json"},
    "inputs": {"a": [3], "b": [3]},
    "layers": [{"inner": 3, "from": "a"}, {"Add": None, "from": ["_", "b"]}],
}
BASE = {
    "nnspec": 1,
    "params": {"w": 4, "k": "Residual"},
    "imports": {"part": "./part.json", "two": INLINE},
    "inputs": {"x": [8]},
    "blocks": {
        "b": {"params": {"n": "$in_channels"}, "layers": [{"Linear": "$n"}, {"part": {"width": "$w"}}]},
        "m": {"inputs": ["p", "q"], "layers": [{"Add": None, "from": ["p", "q"]}]},
    },
    "layers": [
        {"b": None, "repeat": 2, "name": "s"},
        {"$k": {"body": ["ReLU"]}},
        {"Branches": {"paths": [["ReLU"], [{"part": 3}]], "merge": "m"}},
        {"Concat": None, "from": ["_", "s.0"]},
    ],
    "outputs": {"y": {"loss": "MSELoss"}},
    "optimizer": {"AdamW": {"lr": 0.1}},
}
NET = {"extends": "./base.json", "params": {"w": 3}, "optimizer": {"SGD": None}, "outputs": {"y": {"weight": 2.0}}}
DOCUMENTS = {"base": BASE, "net": NET, "part": PART}
JUNK = [None, 3, -1, 1.5, True, "x", "", [], {}, "./part.json", "net.json", "base.json", "../x", "$w", "$(w*10**9)",
        "$k", "part", "b", "m", ["part"], {"part": None}, {"a": 1, "b": 2}, "s.0", "s.5.x", "_"]  # fmt: skip
KEYS = ["x", "part", "extends", "imports", "blocks", "layers", "repeat", "from", "name", "when"]


def places(value: Any, around: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    return [*([around] if around else []), *(p for step, inner in steps for p in places(inner, (*around, step)))]


def damaged(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    document = deepcopy(document)
    here: Any = document
    *path, last = chance.choice(places(document))
    for step in path:
        here = here[step]
    match chance.randrange(6):
        case 0:
            del here[last]
        case 1 if isinstance(here, dict):
            here[chance.choice(KEYS)] = chance.choice(JUNK)
        case _:
            here[last] = chance.choice(JUNK)
    return document


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_spec_is_refused_or_right(seed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chance = random.Random(seed)
    passed = 0
    for _ in range(60):
        for name, document in DOCUMENTS.items():
            text = json.dumps(damaged(document, chance) if chance.random() < 0.5 else document)
            Path(f"{name}.json").write_text(text)
        try:
            network = load_network("net.json")
        except SpecError as error:
            told = [(found.code, found.span, found.message) for found in error.diagnostics]
            assert len(set(told)) == len(told)
            continue
        passed += 1
        again = parse_network(json.dumps(resolve(network.spec)), "again.json", json=True)
        assert [(vertex.name, vertex.layer, vertex.inputs) for vertex in again.graph] == [
            (vertex.name, vertex.layer, vertex.inputs) for vertex in network.graph
        ]
    assert passed
