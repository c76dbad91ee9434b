"""Specs that pass: short forms, defaults, names, overrides, and the long form. Mistakes stand in tests/mistakes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnspec.diagnostics import Findings, SpecError
from nnspec.graph import build, parse_network
from nnspec.objectives.losses.classes import CrossEntropyLoss
from nnspec.objectives.losses.values import MSELoss
from nnspec.objectives.optimizers.adam import AdamW
from nnspec.objectives.optimizers.descent import SGD
from nnspec.shapes import tensor
from nnspec.spec.names import MODULE_ATTRIBUTES, name_fault
from nnspec.spec.resolve import resolve

SMALL = """nnspec: 1
inputs: {x: [8]}
layers:
  - Linear: 4
  - ReLU
  - Linear: {out_features: 3}
"""


def test_short_forms_mean_the_long_ones():
    spec = parse_network(SMALL + "loss: MSELoss\noptimizer: SGD\n").spec
    assert [entry.name for entry in spec.entries] == ["linear_1", "relu_1", "linear_2"]
    assert spec.inputs["x"].tensor == tensor("n 8")
    assert spec.optimizer == SGD()
    output = spec.outputs["output"]
    assert (output.loss, output.source.text, output.column) == (MSELoss(), "_", "output")


def test_a_spec_is_named_after_its_file():
    assert parse_network(SMALL, "nets/small.yaml").spec.name == "small"


def test_the_first_field_may_be_a_list():
    graph = parse_network("nnspec: 1\ninputs: {x: [3, 8, 8]}\nlayers:\n  - MaxPool2d: [2, 4]\n").graph
    assert graph.vertices["maxpool2d_1"].layer.kernel_size == (2, 4)


def test_names_that_yaml_1_1_turns_into_truth_values_are_names():
    spec = parse_network(
        "nnspec: 1\ninputs: {y: [8]}\nlayers:\n  - {Linear: 4, name: no}\n  - {Linear: 4, name: on}\n"
    ).spec
    assert [entry.name for entry in spec.entries] == ["no", "on"]


def test_a_given_name_is_not_given_again():
    spec = parse_network("nnspec: 1\ninputs: {a: [8]}\nlayers:\n  - Linear: 4\n  - {Linear: 4, name: linear_1}\n").spec
    assert [entry.name for entry in spec.entries] == ["linear_2", "linear_1"]


def test_several_columns_are_a_vector():
    spec = parse_network(SMALL.replace("[8]", "{columns: [a, b, c]}")).spec
    assert spec.inputs["x"].raw == tensor("n 3")


def test_an_input_without_a_column_is_read_from_its_own_name():
    assert parse_network(SMALL).spec.inputs["x"].columns == ("x",)


def test_sizes_may_be_symbols():
    assert parse_network(SMALL.replace("[8]", "[T, 8]")).spec.inputs["x"].raw == tensor("n T 8")


def test_a_json_spec_is_the_same_language():
    text = '{"nnspec": 1, "inputs": {"x": [8]}, "layers": [{"Linear": 4}, "ReLU", {"Linear": {"out_features": 3}}]}'
    assert resolve(parse_network(text, "spec.json", json=True).spec) == resolve(parse_network(SMALL).spec)


def test_overrides_reach_sections_layers_and_classes():
    overrides = ["train.epochs=3", "layers[0].Linear=16", "layers[2].Linear.out_features=5", "optimizer=AdamW"]
    spec = parse_network(SMALL, overrides=[*overrides, "optimizer.AdamW.lr=1e-2"]).spec
    assert spec.train.epochs == 3
    assert [vertex.layer.out_features for vertex in build(spec, Findings()) if vertex.kind == "Linear"] == [16, 5]
    assert spec.optimizer == AdamW(lr=1e-2)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "train.epoch=3",
            "command line:1:7: error[unknown-key]: train has no 'epoch'\n"
            "    1 | --set train.epoch=3\n"
            "      |       ^^^^^^^^^^^\n"
            "  help  did you mean 'epochs'?",
        ),
        (
            "train.epochs=many",
            'command line:1:20: error[wrong-type]: train: epochs must be a whole number of at least 1, got "many"\n'
            "    1 | --set train.epochs=many\n"
            "      |                    ^^^^",
        ),
        (
            "epochs",
            "command line:1:7: error[syntax]: --set takes key=value, got 'epochs'\n"
            "    1 | --set epochs\n"
            "      |       ^^^^^^\n"
            "  help  as in --set train.epochs=5 or --set layers[0].Linear=64",
        ),
        (
            "layers[7].Linear=3",
            "command line:1:7: error[unknown-key]: --set: there is no item [7]: the list has 3\n"
            "    1 | --set layers[7].Linear=3\n"
            "      |       ^^^^^^^^^^^^^^^^",
        ),
        (
            "nnspec.x=3",
            "command line:1:7: error[unknown-key]: --set: 'x' has no place in a number\n"
            "    1 | --set nnspec.x=3\n"
            "      |       ^^^^^^^^",
        ),
    ],
)
def test_a_wrong_override_is_told_at_its_place_on_the_command_line(override, message):
    with pytest.raises(SpecError) as caught:
        parse_network(SMALL, overrides=[override])
    assert str(caught.value) == message


def test_the_name_of_a_parameter_is_short_for_its_path():
    text = "nnspec: 1\nparams: {width: 4, train: 2}\ninputs: {x: [8]}\nlayers: [Linear: $width, Linear: $train]\n"
    network = parse_network(text, overrides=["width=6", "train.epochs=3"])
    assert network.graph.parameters["linear_1.weight"] == (6, 8)
    assert network.spec.train.epochs == 3


@pytest.mark.parametrize(
    ("top", "help"),
    [
        ("params: {width: 4}\n", "did you mean 'width'?"),
        ("params: {deep: 4}\n", "it has deep"),
        ("", "it has no parameters"),
    ],
)
def test_a_parameter_that_is_set_must_be_there(top, help):
    with pytest.raises(SpecError) as caught:
        parse_network(SMALL + top, overrides=["params.widht=8"])
    assert str(caught.value) == (
        "command line:1:7: error[unknown-parameter]: the spec has no parameter 'widht' to set\n"
        "    1 | --set params.widht=8\n"
        "      |       ^^^^^^^^^^^^\n"
        f"  help  {help}"
    )


def test_the_long_form_says_everything():
    spec = parse_network(SMALL + "outputs: {y: {loss: CrossEntropyLoss, metrics: [Accuracy]}}\n", "small.yaml").spec
    document = resolve(spec)
    assert document["inputs"] == {"x": {"shape": [8], "dtype": "float32", "column": "x", "prepare": []}}
    assert document["layers"] == [
        {"Linear": {"out_features": 4, "bias": True, "parametrization": None}, "name": "linear_1", "from": ["x"]},
        {"ReLU": {"inplace": False}, "name": "relu_1", "from": ["linear_1"]}
        if "inplace" in document["layers"][1]["ReLU"]
        else {"ReLU": {}, "name": "relu_1", "from": ["linear_1"]},
        {"Linear": {"out_features": 3, "bias": True, "parametrization": None}, "name": "linear_2", "from": ["relu_1"]},
    ]
    assert document["outputs"]["y"]["from"] == "linear_2"
    assert spec.outputs["y"].loss == CrossEntropyLoss()


@pytest.mark.parametrize(
    ("classes", "meant", "long"),
    [("3", (0, 1, 2), 3), ("[0, 1, 2]", (0, 1, 2), 3), ("[2, 1, 0]", (2, 1, 0), [2, 1, 0])],
)
def test_a_number_of_classes_is_so_many_whole_numbers(classes, meant, long):
    text = f"nnspec: 1\ninputs: {{x: [4]}}\nlayers: [Linear: 3]\noutputs: {{y: {{classes: {classes}, loss: "
    spec = parse_network(f"{text}CrossEntropyLoss}}}}\n").spec
    assert spec.outputs["y"].classes == meant
    assert resolve(spec)["outputs"]["y"]["classes"] == long


LAYERS = st.sampled_from(
    [
        "ReLU",
        "Sigmoid",
        "BatchNorm1d",
        "LayerNorm",
        "Dropout: 0.2",
        "Linear: 5",
        "Linear: {out_features: 7, bias: false}",
    ]
)


@settings(deadline=None, max_examples=50)
@given(st.lists(LAYERS, min_size=1, max_size=8), st.booleans())
def test_the_long_form_reads_back_as_the_same_network(layers, second):
    import json

    text = "nnspec: 1\ninputs: {a: [8], b: [T, 8]}\nlayers:\n"
    lines = [f"{{{layer}, from: a}}" if ":" in layer else f"{{{layer}: null, from: a}}" for layer in layers[:1]]
    text += "".join(f"  - {line}\n" for line in [*lines, *layers[1:]])
    text += "  - {Linear: 2, from: b, name: of_b}\n" if second else ""
    first = parse_network(text)
    document = resolve(first.spec)
    again = parse_network(json.dumps(document), "spec.json", json=True)
    assert resolve(again.spec) == document
    assert [(v.name, v.layer, v.inputs, v.gives) for v in again.graph] == [
        (v.name, v.layer, v.inputs, v.gives) for v in first.graph
    ]
    assert again.graph.outputs == first.graph.outputs


def test_the_names_of_modules_are_torchs():
    from torch import nn

    taken = {name for name in {*dir(nn.Module), *nn.Module().__dict__} if not name.startswith("_")}
    assert taken <= MODULE_ATTRIBUTES
    assert all(name_fault(name) for name in taken)


@given(st.text(max_size=80))
def test_only_plain_identifiers_are_names(name):
    if not name_fault(name):
        assert name.isascii() and name.isidentifier() and not name.startswith("_")
