"""The JSON Schema: every spec of ours fits it, wrong ones do not, and it is draft 7 all through."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from nnspec import layers, source
from nnspec.layers.describe import examples
from nnspec.spec.schema import editor_line, json_schema

jsonschema = pytest.importorskip("jsonschema", reason="part of the dev extra")

ROOT = Path(__file__).parents[2]
FOLDERS = ("specs/**", "examples/*", "tests/golden", "tests/networks")
SPECS = sorted(path for folder in FOLDERS for path in ROOT.glob(f"{folder}/*.yaml"))
SMALL: dict[str, Any] = {"nnspec": 1, "inputs": {"x": [4]}, "layers": ["ReLU"]}
MODERN = {"$defs", "prefixItems", "unevaluatedProperties", "dependentSchemas", "words"}


@cache
def validator() -> Any:
    return jsonschema.Draft7Validator(json_schema())


def test_it_is_a_schema_of_draft_7():
    jsonschema.Draft7Validator.check_schema(json_schema())
    assert json_schema()["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert not MODERN & set(keys_of(json_schema()))
    assert json_schema() == json.loads(json.dumps(json_schema()))


def test_every_reference_leads_somewhere():
    schema = json_schema()
    references = {value for key, value in pairs_of(schema) if key == "$ref"}
    assert references <= {f"#/definitions/{name}" for name in schema["definitions"]}


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_our_specs_fit(path: Path):
    validator().validate(source.read(path).plain())


@pytest.mark.parametrize("name", layers.known())
def test_every_example_of_a_layer_fits(name: str):
    layer = layers.find(name)
    assert layer
    for _, entry in examples(name, layer):
        spec = source.parse(f"nnspec: 1\ninputs: {{x: [4]}}\nlayers:\n{entry}", "spec.yaml").plain()
        validator().validate(spec)


RIGHT = {
    "a budget": {"budget": {"params": "500k", "macs": 3e7, "memory": "64MB", "onnx": "$(2 * 1024)"}},
    "a name alone": {"layers": ["ReLU", "Flatten", {"ReLU": None}, {"ReLU": {}}]},
    "the first argument alone": {"layers": [{"Linear": 3}, {"Dropout": 0.2}, {"Mean": [1, 2]}]},
    "a list for a size": {"layers": [{"Conv1d": {"out_channels": 1, "kernel_size": [3]}}]},
    "name and inputs beside": {"layers": [{"ReLU": None, "name": "a"}, {"Add": None, "from": ["a", "_"], "name": "b"}]},
    "a long input": {"inputs": {"x": {"shape": ["T", 4], "dtype": "int64", "prepare": ["Standardize", {"Scale": 2}]}}},
    "no outputs but a loss": {"loss": "MSELoss", "optimizer": "SGD", "scheduler": {"StepLR": 3}},
    "data and weights by their files": {"data": "rows.csv", "weights": "start.safetensors"},
    "given weights": {"weights": {"load": "a.safetensors", "map": {"x.": ""}, "strict": False, "freeze": ["x.*"]}},
    "weights beside layers": {
        "layers": [
            {"Linear": 3, "name": "a", "freeze": "$(b > 3)", "init": {"weight": {"normal_": None}, "bias": "zeros_"}},
            {"share": "a", "name": "b"},
            {"Linear": 3, "tie": {"weight": "a.weight"}},
        ],
        "init": [{"match": "*", "constant_": 0.5}, {"match": "*.weight", "orthogonal_": None}],
    },
    "an output of defaults": {"outputs": {"y": None}},
    "losses and metrics": {"outputs": {"y": {"from": "_", "loss": {"HuberLoss": 2}, "metrics": ["R2Score"]}}},
    "expressions": {
        "params": {"width": 3, "kinds": ["ReLU"]},
        "inputs": {"x": {"shape": ["$width", 4], "dtype": "$kind"}},
        "layers": [{"Linear": "$width"}, {"Conv2d": {"out_channels": "$(2 * width)", "kernel_size": ["$k", 3]}}],
        "train": {"epochs": "$(10 * width)"},
        "optimizer": {"AdamW": {"lr": "$lr"}},
    },
    "conditions and repeats": {
        "layers": [{"Linear": 3, "repeat": 3}, {"ReLU": None, "when": "$(a > 3)", "repeat": "$n", "name": "a"}]
    },
    "blocks": {
        "blocks": {"mlp": {"params": {"width": "required"}, "layers": [{"Linear": "$width"}, "ReLU"]}, "two": ["ReLU"]},
        "layers": [{"mlp": {"width": 3}, "repeat": 3}, "two", {"mlp": 3, "name": "a"}],
    },
    "combinators": {
        "layers": [
            {"Residual": ["ReLU"]},
            {"Residual": {"body": ["ReLU"], "shortcut": [{"Linear": 3}], "skip": "$(a == b)"}, "name": "a"},
            {"Branches": {"paths": [["ReLU"], []], "merge": "Add"}},
            {"Branches": {"paths": [["ReLU"], []], "merge": {"fuse": {"width": 3}}}},
            {"Branches": {"paths": [["ReLU"], []], "merge": "$how"}},
            {"Branches": {"paths": {"repeat": 3, "layers": ["ReLU"]}, "merge": {"Concat": {"dim": 1}}}},
        ]
    },
    "imports": {
        "imports": {"a": "./a.yaml", "b": {"nnspec": 1, "inputs": {"x": [1]}, "layers": ["ReLU"]}},
        "layers": ["a", {"b": None, "name": "c"}],
    },
    "a base": {"extends": "./base.yaml", "layers": ["ReLU"]},
    "a layer's type from a parameter": {"layers": ["$activation", {"$activation": {"inplace": True}, "name": "a"}]},
    "training": {"train": {"batch_size": "full", "epochs": 3, "early_stopping": {}, "clip_grad_norm": None}},
}  # fmt: skip
RIGHT |= {
    "values that are looked for": {
        "optimizer": {"Adam": {"lr": {"$search": {"log": [1e-5, 1e-1]}}}},
        "layers": [
            {"Linear": {"$search": {"int": [3, 8]}}},
            {"Conv2d": {"out_channels": 4, "kernel_size": 3, "padding": {"$search": ["same", "valid"]}}},
            {"$search": ["ReLU", "Tanh"]},
        ],
    },
}
WRONG = {
    "a budget of another unit": {"budget": {"params": "500kB"}},
    "a budget below nothing": {"budget": {"params": -1}},
    "no layers": {"layers": []},
    "another version": {"nnspec": 2},
    "an unknown key": {"layer": []},
    "an unknown layer": {"layers": ["Relu"]},
    "an unknown layer with arguments": {"layers": [{"Lineer": 3}]},
    "a layer without its argument": {"layers": ["Linear"]},
    "a text that is no expression": {"train": {"epochs": "many"}},
    "a layer with null for its argument": {"layers": [{"Linear": None}]},
    "a layer with a required argument left out": {"layers": [{"Conv2d": {"out_channels": 3}}]},
    "a block with a capital": {"blocks": {"Mlp": ["ReLU"]}},
    "an import with a capital": {"imports": {"A": "a.yaml"}},
    "imports without names": {"imports": ["a.yaml"]},
    "a base that is no path": {"extends": 3},
    "a repeat below zero": {"layers": [{"ReLU": None, "repeat": -1}]},
    "a residual without a body": {"layers": [{"Residual": {"skip": True}}]},
    "branches with an unknown merge": {"layers": [{"Branches": {"paths": [[], []], "merge": {"Ad": {}}}}]},
    "branches without a merge": {"layers": [{"Branches": {"paths": [[]]}}]},
    "an unknown argument": {"layers": [{"Linear": {"out_features": 3, "in_features": 2}}]},
    "an argument out of range": {"layers": [{"Linear": 0}]},
    "an argument of another type": {"layers": [{"Linear": {"out_features": "3"}}]},
    "a list of another length": {"layers": [{"Conv2d": {"out_channels": 3, "kernel_size": [3, 3, 3]}}]},
    "an empty list of axes": {"layers": [{"Mean": []}]},
    "a word that is not a choice": {"layers": [{"GELU": "tan"}]},
    "two layers in one entry": {"layers": [{"ReLU": None, "Tanh": None}]},
    "two layers in one named entry": {"layers": [{"ReLU": None, "Tanh": None, "name": "a"}]},
    "two layers in a full entry": {"layers": [{"ReLU": None, "Tanh": None, "name": "a", "from": "x"}]},
    "no layer in an entry": {"layers": [{"name": "a", "from": "x"}]},
    "a stranger beside a layer": {"layers": [{"ReLU": None, "times": 3}]},
    "an entry that is a number": {"layers": [3]},
    "a name with a dot": {"layers": [{"ReLU": None, "name": "a.b"}]},
    "a name that begins with a digit": {"inputs": {"1x": [4]}},
    "inputs from nowhere": {"layers": [{"ReLU": None, "from": []}]},
    "a size of zero": {"inputs": {"x": [0]}},
    "an unknown element type": {"inputs": {"x": {"shape": [1], "dtype": "float16"}}},
    "an unknown step": {"inputs": {"x": {"shape": [1], "prepare": ["Standardise"]}}},
    "an unknown loss": {"loss": "MSE"},
    "an unknown metric": {"outputs": {"y": {"metrics": ["Acuracy"]}}},
    "two optimizers": {"optimizer": {"SGD": {}, "Adam": {}}},
    "a scheduler without its argument": {"scheduler": "StepLR"},
    "a learning rate of zero": {"optimizer": {"SGD": {"lr": 0}}},
    "an initializer that needs an argument": {"layers": [{"Linear": 3, "init": {"weight": "constant_"}}]},
    "a rule without a pattern": {"init": [{"zeros_": None}]},
    "a rule of two initializers": {"init": [{"match": "*", "zeros_": None, "ones_": None}]},
    "weights of no file": {"weights": {"strict": True}},
    "sharing with a list": {"layers": [{"share": ["a"]}]},
    "training for no epoch": {"train": {"epochs": 0}},
    "a share of one": {"data": {"split": {"test": 1}}},
    "a mapping that looks for nothing": {"layers": [{"Linear": {"out_features": {"log": [1, 2]}}}]},
    "an opset too new": {"export": {"opset": 99}},
}


@pytest.mark.parametrize("case", RIGHT)
def test_a_right_spec_fits(case: str):
    validator().validate({**SMALL, **RIGHT[case]})


def test_what_a_spec_extends_says_the_rest():
    assert validator().is_valid({"extends": "./base.yaml", "params": {"width": 3}})
    assert not validator().is_valid({"nnspec": 1, "params": {"width": 3}})


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_spec_does_not_fit(case: str):
    assert not validator().is_valid({**SMALL, **WRONG[case]})


def test_what_an_editor_shows_comes_from_the_classes():
    entry = json_schema()["definitions"]["layer"]["properties"]
    assert entry["Linear"]["description"].startswith("Affine map of the last axis: y = x @ weight.T + bias.")
    assert "```yaml\n- Linear: 10  # (20) -> (10)\n```" in entry["Linear"]["markdownDescription"]
    arguments = json_schema()["definitions"]["layer.Linear"]["properties"]
    assert arguments["out_features"] == {
        "title": "out_features", "description": "size of the last axis of the output",
        "markdownDescription": "size of the last axis of the output\n\n_a whole number of at least 1; required_",
        "errorMessage": "out_features is a whole number of at least 1",
        "type": ["integer", "string", "object"], "minimum": 1, "pattern": r"\$", "required": ["$search"],
    }  # fmt: skip
    assert json_schema()["definitions"]["TrainSection"]["description"] == "How long and how training goes."
    assert json_schema()["properties"]["layers"]["description"].startswith("The layers in order")


def test_an_editor_points_at_the_key_or_value_that_is_wrong():
    assert messages({"layers": [{"Lineer": 3}]}) == ["layers.0: 'Lineer' does not match any of the regexes: '^[a-z$]'"]
    assert messages({"layers": [{"Linear": 0}]}) == ["layers.0.Linear: 0 is less than the minimum of 1"]
    assert messages({"layers": [{"ReLU": None, "Tanh": None}]}) == [
        "layers.0: {'ReLU': None, 'Tanh': None} has too many properties"
    ]


def test_a_spec_names_its_schema_in_its_first_line():
    assert editor_line() == "# yaml-language-server: $schema=nnspec.schema.json"
    assert editor_line("../nnspec.schema.json") == "# yaml-language-server: $schema=../nnspec.schema.json"


def messages(changes: dict[str, Any]) -> list[str]:
    errors = validator().iter_errors({**SMALL, **changes})
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]


def pairs_of(schema: Any) -> list[tuple[str, Any]]:
    if isinstance(schema, list):
        return [pair for item in schema for pair in pairs_of(item)]
    if not isinstance(schema, dict):
        return []
    return [*schema.items(), *(pair for item in schema.values() for pair in pairs_of(item))]


def keys_of(schema: Any) -> list[str]:
    return [key for key, _ in pairs_of(schema)]
