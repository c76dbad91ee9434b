"""Conditions, repeats, blocks and combinators: what they give, what they are called. Mistakes: tests/mistakes."""

import json
import time
from pathlib import Path

import pytest

from nnspec.diagnostics import SpecError
from nnspec.graph import Port, load_network, parse_network
from nnspec.graph.cost import cost
from nnspec.graph.draw import dot, mermaid, svg
from nnspec.shapes import tensor
from nnspec.spec.resolve import resolve

ROOT = Path(__file__).parents[2]
RESNET = ROOT / "specs" / "vision" / "resnet.yaml"
RESNET_50 = ["params.block=bottleneck", "params.depths=[3, 4, 6, 3]"]


def network(layers: str, *, blocks: str = "", inputs: str = "{x: [8]}", more: str = ""):
    blocks = f"blocks: {blocks}\n" if blocks else ""
    return parse_network(f"nnspec: 1\n{more}inputs: {inputs}\n{blocks}layers: {layers}\n")


def names(layers: str, **given: str) -> list[str]:
    return list(network(layers, **given).graph.vertices)


def test_resnets_have_their_published_parameters():
    assert cost(load_network(RESNET).graph).parameters == 11_689_512
    assert cost(load_network(RESNET, RESNET_50).graph).parameters == 25_557_032


def test_a_condition_leaves_a_layer_out():
    given = "[{Linear: 4, when: $(in_features > 4), repeat: 3}, {ReLU: null, when: $wide}, Linear: 2]"
    assert names(given, more="params: {wide: false}\n") == ["linear_1.0", "linear_1.1", "linear_1.2", "linear_2"]
    assert names("[{Linear: 4, when: false}, Linear: 2]") == ["linear_2"]


def test_the_turns_of_a_repeat_take_one_another():
    graph = network("[{Linear: $(8 * (index + 1)), repeat: 3, name: stage}, {ReLU: null, from: stage}]").graph
    assert [(vertex.name, vertex.inputs[0].vertex, str(vertex.gives[0])) for vertex in graph] == [
        ("stage.0", "x", "(8)"),
        ("stage.1", "stage.0", "(16)"),
        ("stage.2", "stage.1", "(24)"),
        ("relu_1", "stage.2", "(24)"),
    ]


def test_a_turn_takes_what_the_one_before_gives_in_place_of_the_underscore():
    graph = network("[{Linear: 8, name: a}, {Add: null, from: [x, _], repeat: 2, name: sum}]").graph
    assert graph.vertices["sum.1"].inputs == (Port("x"), Port("sum.0"))


def test_no_turn_leaves_the_layer_out():
    assert names("[Linear: 2, {ReLU: null, repeat: 0}]") == ["linear_1"]


def test_a_block_sees_its_parameters_the_documents_and_its_inputs():
    blocks = "{mlp: {params: {width: $base, twice: $(2 * width)}, layers: [Linear: $twice, Linear: $in_features]}}"
    graph = network("[mlp, {mlp: 3, name: last}]", blocks=blocks, more="params: {base: 5}\n").graph
    assert [(vertex.name, str(vertex.gives[0])) for vertex in graph] == [
        ("mlp_1.linear_1", "(10)"),
        ("mlp_1.linear_2", "(10)"),
        ("last.linear_1", "(6)"),
        ("last.linear_2", "(6)"),
    ]


def test_a_block_with_several_inputs_and_outputs_hands_them_on():
    layers = "[{Add: null, from: [a, b], name: s}, {Mul: null, from: [a, b], name: p}]"
    blocks = f"{{mix: {{inputs: [a, b], outputs: [s, p], layers: {layers}}}}}"
    given = "[{mix: null, from: [x, y], repeat: 2, name: m}, {ReLU: null, from: m.p}, {Concat: null, from: m}]"
    graph = network(given, blocks=blocks, inputs="{x: [8], y: [8]}").graph
    assert graph.vertices["m.1.p"].inputs == (Port("m.0.s"), Port("m.0.p"))
    assert graph.vertices["relu_1"].inputs == (Port("m.1.p"),)
    assert graph.vertices["concat_1"].inputs == (Port("m.1.s"), Port("m.1.p"))


def test_residuals_are_named_after_their_parts():
    assert names("[Residual: [Linear: 8]]") == ["body.linear_1", "add"]
    assert names("[{Residual: [Linear: 8], name: a}]") == ["a.body.linear_1", "a.add"]
    assert names("[Residual: [ReLU], Residual: [ReLU]]")[0] == "residual_1.body.relu_1"
    assert names("[Residual: [ReLU], {ReLU: null, name: body}]")[0] == "residual_1.body.relu_1"


def test_a_residual_may_have_a_shortcut_or_none():
    both = "[Residual: {body: [Linear: 4], shortcut: [{Linear: 4, when: $(in_features != 4)}], skip: %s}]"
    assert names(both % "true") == ["body.linear_1", "shortcut.linear_1", "add"]
    assert names(both % "$(in_features == 4)") == ["body.linear_1"]


def test_a_residual_sees_the_names_around_it():
    graph = network("[{Linear: 8, name: a}, Residual: [{Mul: null, from: [_, x]}]]").graph
    assert graph.vertices["body.mul_1"].inputs == (Port("a"), Port("x"))


def test_branches_are_merged_or_given_on():
    assert network("[Branches: {paths: [[Linear: 3], [], [ReLU]], merge: Concat}]").graph.output_tensors == {
        "output": tensor("n 19")
    }
    branches = "{Branches: {paths: {repeat: 3, layers: [Linear: $(index + 1)]}, merge: null}, name: b}"
    assert network(f"[{branches}, {{Concat: null, from: b}}]").graph.output_tensors["output"] == tensor("n 6")


def test_a_type_may_be_a_block():
    assert names("[$kind]", blocks="{mlp: [Linear: 3]}", more="params: {kind: mlp}\n") == ["kind_1.linear_1"]


def test_dotted_names_stand_in_drawings():
    found = load_network(ROOT / "tests" / "golden" / "blocks.yaml")
    for text in (dot(found.graph), mermaid(found.graph)):
        assert "<i>wider.0</i>" in text
        assert "wider.0.conv2d_1" not in text
    assert b"<title>wider.0.conv2d_1</title>" in svg(found.graph)
    assert "heads.paths.1.conv2d_1" in found.graph.digraph


@pytest.mark.parametrize("path", [RESNET, ROOT / "tests" / "golden" / "blocks.yaml"], ids=lambda path: path.stem)
def test_the_long_form_of_blocks_reads_back_as_the_same_network(path):
    first = load_network(path)
    document = resolve(first.spec)
    again = parse_network(json.dumps(document), "spec.json", json=True)
    assert resolve(again.spec) == document
    assert [(v.name, v.layer, v.inputs, v.gives) for v in again.graph] == [
        (v.name, v.layer, v.inputs, v.gives) for v in first.graph
    ]
    assert again.graph.outputs == first.graph.outputs


def test_a_mistake_in_a_block_is_told_once():
    blocks = "{conv: [{Conv2d: {out_channels: 0, kernel_size: $(k)}}, {Linear: 0.5}]}"
    with pytest.raises(SpecError) as caught:
        network("[{conv: null, repeat: 5}, conv]", blocks=blocks, inputs="{x: [1, 9, 9]}")
    assert [found.message for found in caught.value.diagnostics] == [
        "no parameter is named 'k'",
        "Linear: out_features must be a whole number of at least 1, got 0.5",
    ]


def test_blocks_end_when_they_stand_too_deep_in_one_another():
    chain = ", ".join(f"b{n}: [b{n + 1}]" for n in range(500)) + ", b500: [ReLU]"
    with pytest.raises(SpecError, match="more than 40 deep"):
        network("[b0]", blocks=f"{{{chain}}}")


def test_a_network_is_never_larger_than_its_limit():
    start = time.process_time()
    for layers in (
        "[{Linear: 8, repeat: 1000000000}]",
        "[Branches: {paths: {repeat: 1000000000, layers: [ReLU]}, merge: Add}]",
    ):
        with pytest.raises(SpecError, match="more than 100,000 layers"):
            network(layers)
    assert time.process_time() - start < 1


def seconds(turns: int) -> float:
    start = time.process_time()
    network(
        f"[{{mlp: 8, repeat: {turns}}}]",
        blocks="{mlp: {params: {width: required}, layers: [Residual: [Linear: $width, ReLU]]}}",
    )
    return time.process_time() - start


def test_time_grows_with_the_turns_and_not_with_their_square():
    seconds(30)
    assert seconds(2500) < 40 * max(seconds(250), 0.01)
