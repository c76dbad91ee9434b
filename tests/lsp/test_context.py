"""Where the cursor stands, in texts that are not YAML yet. `|` is the cursor."""

from pathlib import Path

import pytest

from nnspec.lsp import completion
from nnspec.lsp.analysis import analyse
from nnspec.lsp.context import Context, context_at
from nnspec.lsp.hover import hover

ROOT = Path(__file__).parents[2]
NET = ROOT / "specs" / "vision" / "resnet.yaml"


def at(text: str) -> Context:
    before, _, after = text.partition("|")
    return context_at((before + after).split("\n"), before.count("\n"), len(before.rpartition("\n")[2]))


CASES = {
    "|": ((), "key", ""),
    "lay|": ((), "key", "lay"),
    "loss: |": (("loss",), "value", ""),
    "loss: MSE|": (("loss",), "value", "MSE"),
    "layers:\n  - |": (("layers", 0), "either", ""),
    "layers:\n  - Con|": (("layers", 0), "either", "Con"),
    "layers:\n- ReLU\n- Con|": (("layers", 1), "either", "Con"),
    "layers:\n  - Lin|ear: 3": (("layers", 0), "key", "Linear"),
    "layers:\n  - Linear: 3|": (("layers", 0, "Linear"), "value", "3"),
    "layers:\n  - Linear: $|w # the width": (("layers", 0, "Linear"), "value", "$w"),
    "layers:\n  - Conv2d:\n      |": (("layers", 0, "Conv2d"), "either", ""),
    "layers:\n  - Conv2d:\n      out_channels: 3\n      ker|": (("layers", 0, "Conv2d"), "key", "ker"),
    "layers:\n  - Conv2d:\n      out_channels: 3\n    |": (("layers", 0), "key", ""),
    "layers:\n  - Conv2d: {out_channels: 3, ker|": (("layers", 0, "Conv2d"), "key", "ker"),
    "layers:\n  - Conv2d: {out_channels: 3,\n      ker|": (("layers", 0, "Conv2d"), "key", "ker"),
    "layers:\n  - Conv2d: {out_channels: 3\n  - Lin|": (("layers", 1), "either", "Lin"),
    "layers: [Linear: 16, Tan|h]": (("layers", 1), "either", "Tanh"),
    "layers: [Linear: 1|6, Tanh]": (("layers", 0, "Linear"), "value", "16"),
    "layers: [ReLU, Lin|ear: 16]": (("layers", 1), "key", "Linear"),
    "layers:\n  - Add:\n    from: [a, b|]": (("layers", 0, "from", 1), "either", "b"),
    "layers:\n- Residual:\n    body:\n      - ReLU\n      - L|": (("layers", 0, "Residual", "body", 1), "either", "L"),
    "description: |-\n  layers: 3\nlayers:\n  - R": (("description",), "value", "-"),
    "description: >\n  layers:\n  - a\nloss: M|": (("loss",), "value", "M"),
    '{"layers": ["ReLU", {"Lin|ear": {"out": 3}}]}': (("layers", 1), "key", "Linear"),
    '{"layers": [\n  "ReLU",\n  {"Linear": {"|': (("layers", 1, "Linear"), "key", ""),
}


@pytest.mark.parametrize("text", CASES)
def test_the_path_to_the_cursor_is_found(text: str):
    context = at(text)
    assert (context.path, context.role, context.text) == CASES[text]


def test_the_keys_that_stand_there_already_are_known():
    assert at("layers:\n  - Conv2d: {out_channels: 3, ker|").present == {"out_channels"}
    assert at("layers:\n  - Conv2d:\n      out_channels: 3\n    |").present == {"Conv2d"}


def test_something_is_answered_wherever_the_cursor_stands_and_the_text_breaks_off():
    text = NET.read_text(encoding="utf-8")
    known = analyse(text, NET)
    for end in range(0, len(text), 7):
        lines = text[:end].split("\n")
        line, column = len(lines) - 1, len(lines[-1])
        context = context_at(lines, line, column)
        offers = completion.completions(known.spec, context, column, has_colon=False, json=False)
        assert all(offer.label and "$1" not in offer.plain for offer in offers)
        assert context.start <= column <= max(context.end, column)
        hover(known, context, line, column)


def test_a_broken_text_is_analysed_wherever_it_breaks_off():
    text = NET.read_text(encoding="utf-8")
    for end in range(0, len(text), 97):
        known = analyse(text[:end], NET)
        assert known.diagnostics or known.graph
        assert all(found.span.line <= text[:end].count("\n") + 1 for found in known.annotations)
