"""`nnspec diff`, as a user types it."""

import json
from pathlib import Path

import pytest
import torch

import nnspec
from nnspec.cli.main import main
from nnspec.codegen.load import load
from nnspec.codegen.write import write
from nnspec.graph import parse_network
from nnspec.graph.compare import compare
from nnspec.graph.compare.weights import state_shapes
from nnspec.runs import create
from nnspec.spec.resolve import resolve

ROOT = Path(__file__).parent.parent.parent
BEFORE = """nnspec: 1
inputs: {image: [1, 8, 8]}
layers:
  - Conv2d: {out_channels: 16, kernel_size: 3}
  - ReLU
  - Conv2d: {out_channels: 16, kernel_size: 3}
  - ReLU
  - Flatten
  - Linear: 10
"""
AFTER = """nnspec: 1
inputs: {image: [1, 8, 8]}
layers:
  - Conv2d: {out_channels: 16, kernel_size: 3}
  - BatchNorm2d
  - ReLU
  - Conv2d: {out_channels: 16, kernel_size: 1}
  - ReLU
  - Conv2d: {out_channels: 16, kernel_size: 3}
  - ReLU
  - Flatten
  - Linear: 5
optimizer: {SGD: {lr: 0.1}}
"""
DIFFERENCE = """layers
  +  batchnorm2d_1  BatchNorm2d    16×6×6
  +  relu_1         ReLU           16×6×6
  +  conv2d_2       Conv2d(16, 1)  16×6×6
  ~  linear_1       Linear         out_features 10 → 5, 10 → 5

costs
  parameters                    5,050 → 4,069        -19 %
  MACs                          44.6k → 52.5k        +18 %
  training memory, batch of 32  289 KiB → 496 KiB    +72 %
  inference memory              24.2 KiB → 20.4 KiB  -16 %

values
  +  optimizer  SGD

weights
  3 of 6 tensors load as they are, 176 of 5,050 numbers
  of another shape in B
    conv2d_2.weight  16×16×3×3 → 16×16×1×1
    linear_1.weight  10×256 → 5×256
    linear_1.bias    10 → 5
  in B only
    batchnorm2d_1  weight, bias, running_mean, running_var, num_batches_tracked
    conv2d_3       weight, bias
  4 of 6 load under other names, with this `map` in `weights`
    conv2d_2.weight:  conv2d_3.weight
    conv2d_2.bias:    conv2d_3.bias
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(BEFORE)
    Path("b.yaml").write_text(AFTER)
    return tmp_path


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def names(found) -> dict[str, list[str]]:
    """The layers that are different, by what happened to them."""
    changes: dict[str, list[str]] = {}
    for item in found.layers:
        vertex = getattr(item, "vertex", None) or item.after
        changes.setdefault(type(item).__name__, []).append(vertex.name)
    return changes


def difference(before: str, after: str):
    return compare(parse_network(before), parse_network(after))


def test_layers_costs_values_and_weights_are_compared(capsys):
    assert run(capsys, "diff", "a.yaml", "b.yaml") == (0, DIFFERENCE, "")


def test_equal_specs_have_no_difference(capsys):
    assert run(capsys, "diff", "a.yaml", "a.yaml", "--exit-code") == (0, "no difference\n", "")


def test_the_exit_code_tells_of_a_difference_where_asked(capsys):
    assert run(capsys, "diff", "a.yaml", "b.yaml", "--exit-code") == (1, DIFFERENCE, "")


def test_a_spec_is_compared_with_itself_under_other_values(capsys):
    code, out, err = run(capsys, "diff", "a.yaml", "--set", "train.epochs=50", "--set", "layers[5].Linear=10")
    assert (code, out, err) == (
        0,
        "values\n  ~  train.epochs  10 → 50\n\nweights\n  6 of 6 tensors load as they are, 5,050 of 5,050 numbers\n",
        "",
    )


def test_one_spec_alone_is_a_mistake_of_usage(capsys):
    assert run(capsys, "diff", "a.yaml") == (
        2,
        "",
        "nnspec diff: takes two specs, or one and --set\n  help  nnspec diff --help\n",
    )


def test_a_run_folder_stands_for_the_spec_it_was_trained_with(folder, capsys):
    spec = parse_network(BEFORE, "a.yaml").spec
    create(folder, "a", resolve(spec), folder=folder / "run")
    assert run(capsys, "diff", "run", "a.yaml") == (0, "no difference\n", "")
    assert run(capsys, "diff", "run", "b.yaml")[1] == DIFFERENCE


def test_json_has_everything(capsys):
    code, out, err = run(capsys, "diff", "a.yaml", "b.yaml", "--format", "json")
    found = json.loads(out)
    assert (code, err, found["equal"]) == (0, "", False)
    assert found["layers"][-1] == {
        "change": "changed",
        "name": "linear_1",
        "was_named": "linear_1",
        "type": ["Linear", "Linear"],
        "arguments": {"out_features": [10, 5]},
        "output": ["10", "5"],
        "inputs": [["flatten_1"], ["flatten_1"]],
    }
    assert found["costs"] == {"parameters": [5050, 4069], "macs": [44608, 52544], "activations": [7976, 14868]}
    assert [value["key"] for value in found["values"]] == ["optimizer"]
    assert found["weights"]["map"] == {
        "conv2d_2.weight": "conv2d_3.weight",
        "conv2d_2.bias": "conv2d_3.bias",
    }


def test_a_mistake_in_either_spec_is_told_in_its_own_words(capsys):
    Path("wrong.yaml").write_text(BEFORE.replace("Linear: 10", "Linear: 0"))
    code, out, err = run(capsys, "diff", "a.yaml", "wrong.yaml")
    assert (code, out) == (1, "")
    assert err.startswith("wrong.yaml:9:13: error[wrong-value]: Linear: out_features must be")


def test_a_name_that_somebody_chose_is_matched_wherever_it_stands():
    before = "nnspec: 1\ninputs: {x: [8]}\nlayers: [{Linear: 8, name: a}, ReLU, {Linear: 8, name: b}]"
    after = "nnspec: 1\ninputs: {x: [8]}\nlayers: [{Linear: 8, name: b}, ReLU, {Linear: 8, name: a}]"
    found = difference(before, after)
    assert names(found) == {"Pair": ["relu_1"]}
    assert found.layers[0].rewired
    assert found.weights.map == {}


def test_a_new_name_is_a_change_and_has_a_map():
    before = "nnspec: 1\ninputs: {x: [8]}\nlayers: [{Linear: 4, name: head}]"
    found = difference(before, before.replace("head", "last"))
    assert [(pair.before.name, pair.after.name, pair.renamed) for pair in found.layers] == [("head", "last", True)]
    assert found.weights.map == {"head.weight": "last.weight", "head.bias": "last.bias"}
    assert found.weights.loaded_by_map == 2


def test_more_turns_of_a_block_are_whole_blocks_that_are_new(capsys):
    resnet = str(ROOT / "specs/vision/resnet.yaml")
    code, out, err = run(capsys, "diff", resnet, "--set", "params.depths=[2, 2, 3, 2]")
    assert (code, err) == (0, "")
    assert out.startswith("layers\n  +  stage3.2  basic, 7 layers  256×14×14\n\ncosts\n")
    assert "  122 of 122 tensors load as they are, 11,699,132 of 11,699,132 numbers\n" in out


def test_shapes_that_follow_from_a_change_share_a_line(capsys):
    out = run(capsys, "diff", str(ROOT / "specs/digits.yaml"), "--set", "layers[3].Conv2d.out_channels=48")[1]
    assert out.startswith(
        "layers\n"
        "  ~  conv2d_2                   Conv2d    out_channels 64 → 48, 64×8×8 → 48×8×8\n"
        "  ~  batchnorm2d_2 … dropout_1  5 layers  shapes that follow\n"
        "\n"
    )


def test_another_loss_and_another_optimizer_are_told_by_name(capsys):
    out = run(capsys, "diff", str(ROOT / "specs/mlp.yaml"), "--set", "optimizer={SGD: {lr: 0.1}}")[1]
    assert out.startswith(
        "costs\n"
        "  training memory, batch of 16  4.48 KiB → 3.46 KiB  -23 %\n"
        "\n"
        "values\n"
        "  ~  optimizer         Adam → SGD\n"
        "  ~  optimizer.SGD.lr  0.01 → 0.1\n"
    )


@pytest.mark.parametrize("spec", sorted((ROOT / "specs").rglob("*.yaml")), ids=lambda path: path.stem)
def test_a_state_dict_has_the_names_and_shapes_that_are_compared(spec):
    network = nnspec.load(spec)
    with torch.device("meta"):  # the shapes alone
        module = load(write(network.graph), "net.py", {})
    found = {name: tuple(x.shape) for name, x in module.state_dict().items() if name not in network.graph.learning.ties}
    assert state_shapes(network.graph) == found
