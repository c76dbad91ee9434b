"""Blocks where they are used: defaults that ask for the input, types from parameters, merging blocks, single turns."""

import json

import pytest

from nnspec.diagnostics import SpecError
from nnspec.graph import Network, Port, parse_network
from nnspec.spec.resolve import resolve

BLOCKS = """
  widen:
    params: {factor: $base, width: $(factor * in_channels), half: "$(in_shape[-1] // 2)"}
    layers: [{Linear: $width, name: wide}, {Linear: $half, name: narrow}]
  gate:
    params: {width: required}
    inputs: [left, right]
    layers: [{Linear: $width, from: left, name: a}, {Linear: $width, from: right, name: b}, {Mul: null, from: [a, b]}]
"""


def network(layers: str, more: str = "") -> Network:
    return parse_network(f"nnspec: 1\ninputs: {{x: [8]}}\nblocks:{BLOCKS}{more}\nlayers: {layers}\n")


def shapes(layers: str, more: str = "") -> dict[str, str]:
    return {vertex.name: str(vertex.gives[0]) for vertex in network(layers, more).graph}


def told(layers: str, more: str = "") -> list[str]:
    with pytest.raises(SpecError) as caught:
        network(layers, more)
    return [found.message for found in caught.value.diagnostics]


def test_a_default_sees_the_parameters_before_it_and_what_reaches_the_block():
    assert shapes("[{Linear: 6, name: a}, widen, widen: {factor: 2}]", "params: {base: 3}") == {
        "a": "(6)",
        "widen_1.wide": "(18)",
        "widen_1.narrow": "(3)",
        "widen_2.wide": "(6)",
        "widen_2.narrow": "(1)",
    }


def test_a_default_sees_no_input_of_what_is_broken():
    assert told("[{Linear: 0}, widen]", "params: {base: 3}") == [
        "Linear: out_features must be a whole number of at least 1, got 0"
    ]


def test_a_default_sees_the_first_input_where_they_are_given_by_name():
    more = "  two:\n    params: {width: $in_channels}\n    inputs: [a, b]\n    layers: [{Linear: $width, from: b}]"
    assert shapes("[{Linear: 3, name: small}, {two: null, from: {b: x, a: small}}]", f"{more}\nparams: {{base: 1}}")[
        "two_1.linear_1"
    ] == "(3)"  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "arguments", "wanted"),
    [
        ("Linear", "3", {"kind_1": "(3)"}),
        ("widen", "{width: 3}", {"kind_1.wide": "(3)", "kind_1.narrow": "(4)"}),
        ("Residual", "[Linear: $in_channels]", {"kind_1.body.linear_1": "(8)", "kind_1.add": "(8)"}),
        ("Branches", "{paths: [[Linear: 3], []], merge: Concat}",
         {"kind_1.paths.0.linear_1": "(3)", "kind_1.merge": "(11)"}),
    ],
)  # fmt: skip
def test_a_type_may_be_anything_that_a_list_may_hold(kind, arguments, wanted):
    assert shapes(f"[$kind: {arguments}]", f"params: {{base: 1, kind: {kind}}}") == wanted


def test_combinators_from_a_parameter_stand_beside_one_another():
    given = "[{$kind: [Linear: 8], repeat: 2}, Residual: [Linear: 8], $kind: [ReLU]]"
    assert list(shapes(given, "params: {base: 1, kind: Residual}")) == [
        "kind_1.0.body.linear_1", "kind_1.0.add", "kind_1.1.body.linear_1", "kind_1.1.add",
        "body.linear_1", "add", "kind_2.body.relu_1", "kind_2.add",
    ]  # fmt: skip


def test_a_mistake_in_a_combinator_from_a_parameter_is_told_once():
    assert told("[{$kind: {bodi: [ReLU]}, repeat: 3}]", "params: {base: 1, kind: Residual}") == [
        "Residual has no 'bodi'"
    ]


@pytest.mark.parametrize("merge", ["{gate: 3}", "{gate: {width: $(in_channels - 5)}}", "gated", "$how"])
def test_a_block_may_merge_branches(merge):
    more = "  gated:\n    inputs: [a, b]\n    layers: [{gate: 3, from: [a, b]}]\nparams: {base: 1, how: gated}"
    layers = f"[Branches: {{paths: [[Linear: 2], []], merge: {merge}}}, {{ReLU: null, from: branches_1}}]"
    found = network(layers, more).graph
    (product,) = [vertex for vertex in found if vertex.kind == "Mul"]
    assert str(product.gives[0]) == "(3)"
    assert product.name.startswith("branches_1.merge.")
    assert found.vertices["relu_1"].inputs == (Port(product.name),)
    assert found.scopes["branches_1.merge"].title == ("gate" if "3" in merge or "5" in merge else "gated")


def test_a_block_that_merges_takes_as_many_paths_as_it_has_inputs():
    layers = "[Branches: {paths: [[Linear: 2], [], [ReLU]], merge: {gate: 3}}]"
    assert told(layers, "params: {base: 1}") == ["gate branches_1.merge takes 2 inputs, got 3"]
    assert told("[Branches: {paths: [[], []], merge: gaet}]", "params: {base: 1}") == ["no layer is named 'gaet'"]


STAGE = "{widen: {factor: 1}, repeat: 3, name: stage}"


def test_a_reference_may_name_one_turn_of_a_repeat():
    layers = f"[{STAGE}, {{Concat: null, from: [stage.0, stage.1, stage]}}]"
    graph = network(layers, "params: {base: 1}").graph
    assert graph.vertices["concat_1"].inputs == (
        Port("stage.0.narrow"),
        Port("stage.1.narrow"),
        Port("stage.2.narrow"),
    )


def test_a_turn_with_several_outputs_gives_each_of_them():
    text = (
        "nnspec: 1\ninputs: {s: [T, 8]}\nlayers: [{LSTM: 8, repeat: 2, name: l}, {Add: null, from: [l.0.h_n, l.h_n]}]\n"
    )
    assert parse_network(text).graph.vertices["add_1"].inputs == (Port("l.0", 1), Port("l.1", 1))


def test_a_turn_that_is_not_there_is_told():
    assert told(f"[{STAGE}, {{ReLU: null, from: stage.3}}]", "params: {base: 1}") == [
        "widen stage has 3 turns, and 'stage.3' would be one more: the first is 0"
    ]
    assert told(f"[{STAGE}, {{ReLU: null, from: stage.1.h}}]", "params: {base: 1}") == [
        "widen stage.1 has no output 'h'"
    ]


def test_the_long_form_of_all_this_is_the_same_network():
    branches = "{Branches: {paths: [[], [Linear: 2]], merge: {gate: 3}}, name: b, from: stage.1}"
    layers = f"[{STAGE}, {{$kind: [Linear: 1]}}, {branches}]"
    first = network(layers, "params: {base: 1, kind: Residual}")
    again = parse_network(json.dumps(resolve(first.spec)), "spec.json", json=True)
    assert [(vertex.name, vertex.layer, vertex.inputs) for vertex in again.graph] == [
        (vertex.name, vertex.layer, vertex.inputs) for vertex in first.graph
    ]
