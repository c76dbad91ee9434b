"""What `nnspec layers` prints."""

import pytest

from nnspec.diagnostics import SpecError
from nnspec.layers import find, known
from nnspec.layers.describe import WIDTH, describe, flow, listing, summary

LINEAR = """\
Linear: Affine map of the last axis: y = x @ weight.T + bias.

  (..., in_features) -> (..., out_features)

arguments
  out_features  required  a whole number of at least 1
                          size of the last axis of the output
  bias          true      true or false
                          add a learnt offset

examples, their shapes without the batch
  (20) -> (10)
    - Linear: 10
  (t, 8) -> (t, 4)
    - Linear: {out_features: 4, bias: false}"""


def test_a_layer_is_described_by_its_class():
    assert describe("Linear") == LINEAR


def test_several_outputs_are_named():
    line = "  output goes to the layer after it; `from: NAME.h_n` and `from: NAME.c_n` take the others"
    assert line in describe("LSTM").splitlines()


def test_several_inputs_stand_beside_the_layer():
    assert "    - Add:\n      from: [a, b]" in describe("Add")


@pytest.mark.parametrize("name", known())
def test_every_layer_says_what_it_does_and_shows_it(name: str):
    text = describe(name)
    assert text.startswith(f"{name}: {summary(find(name) or object)}")
    assert " -> " in text
    assert "examples" in text
    assert "any value" not in text


def test_an_unknown_layer_is_told_with_the_one_meant():
    with pytest.raises(SpecError) as caught:
        describe("rleu")
    assert str(caught.value) == ("error[unknown-layer]: no layer type is named 'rleu'\n  help  did you mean 'ReLU'?")


def test_the_listing_holds_every_layer_below_its_family():
    lines = listing().splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == known()
    assert lines[0] == "linear"
    assert max(map(len, lines)) <= WIDTH


def test_values_are_written_as_yaml():
    value = {"a": [1, 2.5], "b": "same", "c": True, "d": None, "e": "no", "f": "b c -> b", "g": (1,)}
    assert flow(value) == '{a: [1, 2.5], b: same, c: true, d: null, e: "no", f: "b c -> b", g: [1]}'
