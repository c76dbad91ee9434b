"""`nnspec new`, as a user types it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nnspec.cli.main import main
from nnspec.graph import parse_network
from nnspec.templates import FOLDERS, templates, write_template

ROOT = Path(__file__).parent.parent.parent

MLP = """nnspec: 1
name: mine
description: Three kinds of iris from four lengths, with one hidden layer.

# Where examples come from; absent in a bare architecture.
data:
  source: sklearn:iris
  split: {validation: 0.15, test: 0.2, stratify: true, seed: 0}

# What goes in: named tensors, the batch implied.
inputs:
  flower: {column: data, shape: [4], prepare: [Standardize]}

# The layers in order; each takes what the one before gives.
layers:
  - Linear: 64
  - Tanh
  - Linear: 3

# What comes out, and what each output learns.
outputs:
  species: {column: target, loss: CrossEntropyLoss, metrics: [Accuracy]}

# The optimizer, by PyTorch's name.
optimizer: {Adam: {lr: 1e-2}}

# How long and how training goes.
train: {epochs: 100, batch_size: 16, early_stopping: {patience: 20}}
"""


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.name)
def test_every_template_is_right_and_says_what_it_is(template):
    network = parse_network(write_template(template), template.path.name)
    assert network.warnings == ()
    assert template.description


def test_every_reference_spec_that_stands_alone_is_a_template():
    assert {"digits", "linear_regression", "lstm", "mlp", "perceptron"} <= {template.name for template in templates()}


def test_without_a_name_all_are_listed(capsys):
    code, out, err = run(capsys, "new")
    assert (code, err) == (0, "")
    assert out == run(capsys, "new", "--list")[1]
    *lines, empty, last = out.splitlines()
    assert [line.split()[0] for line in lines] == [template.name for template in templates()]
    assert (empty, last) == ("", "nnspec new digits -o net.yaml writes one as a file of your own.")


def test_a_template_is_printed_with_a_line_on_each_section_and_values_of_ones_own(capsys):
    assert run(capsys, "new", "mlp", "--set", "name=mine", "--set", "layers[0].Linear=64") == (0, MLP, "")


def test_a_file_is_written_with_what_to_type_next(capsys):
    code, out, err = run(
        capsys, "new", "mlp", "-o", "my net.yaml", "--set", "name=mine", "--set", "layers[0].Linear=64"
    )
    assert (code, err) == (0, "")
    assert Path("my net.yaml").read_text() == MLP
    assert out == (
        "wrote my net.yaml; next:\n"
        "  nnspec explain 'my net.yaml'\n"
        "  nnspec check 'my net.yaml'\n"
        "  nnspec train 'my net.yaml'\n"
    )


def test_a_file_that_is_there_is_kept_unless_forced(capsys):
    Path("net.yaml").write_text("mine")
    assert run(capsys, "new", "mlp", "-o", "net.yaml") == (
        1,
        "",
        "command line:1:4: error[file]: net.yaml is there already\n"
        "    1 | -o net.yaml\n"
        "      |    ^^^^^^^^\n"
        "  help  --force writes over it\n",
    )
    assert Path("net.yaml").read_text() == "mine"
    assert run(capsys, "new", "mlp", "-o", "net.yaml", "--force")[0] == 0
    assert Path("net.yaml").read_text().startswith("nnspec: 1\nname: mlp\n")


def test_an_unknown_template_is_one_error(capsys):
    assert run(capsys, "new", "digts") == (
        1,
        "",
        "command line:1:5: error[unknown-template]: no template is named 'digts'\n"
        "    1 | new digts\n"
        "      |     ^^^^^\n"
        "  help  did you mean 'digits'?\n",
    )


def test_comments_stay_where_a_value_is_set(capsys):
    out = run(capsys, "new", "linear_regression", "--set", "train.epochs=7")[1]
    assert "train: {epochs: 7, batch_size: full}  # every step sees every example: plain gradient descent\n" in out


def test_a_network_without_data_says_how_to_name_some(capsys):
    out = run(capsys, "new", "googlenet", "--set", "classes=5")[1]
    assert (
        "params: {classes: 5, width: 1, size: 224}\n\n"
        "# What it learns from: a CSV, TSV, JSON lines or NPZ file beside this one with the columns image, label.\n"
        "# data: {source: data.npz, split: {validation: 0.15, test: 0.15}}\n\n"
        "# What goes in: named tensors, the batch implied.\n"
    ) in out


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "train.epoch=3",
            "command line:1:7: error[unknown-key]: train has no 'epoch' to set\n"
            "    1 | --set train.epoch=3\n"
            "      |       ^^^^^^^^^^^\n"
            "  help  did you mean 'epochs'?\n",
        ),
        (
            "layers[9]=ReLU",
            "command line:1:7: error[unknown-key]: layers has no item [9]\n"
            "    1 | --set layers[9]=ReLU\n"
            "      |       ^^^^^^^^^\n"
            "  help  it has 3\n",
        ),
        (
            "layers[0].Linear=-1",
            "mlp.yaml:16:13: error[wrong-value]: Linear: out_features must be a whole number of at least 1, got -1\n"
            "   16 |   - Linear: -1\n"
            "      |             ^^\n",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_told_before_anything_is_written(setting, message, capsys):
    assert run(capsys, "new", "mlp", "-o", "mlp.yaml", "--set", setting) == (1, "", message)
    assert not Path("mlp.yaml").exists()


def test_a_built_package_carries_the_specs(tmp_path):
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    inside = [name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("nnspec/specs/")]
    specs = [path.relative_to(FOLDERS[1]).as_posix() for path in FOLDERS[1].rglob("*.yaml")]
    assert sorted(name for name in inside if name.endswith(".yaml")) == sorted(f"nnspec/specs/{path}" for path in specs)


def test_the_data_beside_a_template_come_along(capsys, tmp_path):
    lessons = FOLDERS[1] / "lessons"
    (tmp_path / "mine").mkdir()
    code, out, _ = run(capsys, "new", "lessons/imbalance", "-o", "mine/net.yaml")
    assert (code, out.splitlines()[:2]) == (
        0,
        ["wrote mine/rare.csv, which it learns from", "wrote mine/net.yaml; next:"],
    )
    assert (tmp_path / "mine" / "rare.csv").read_bytes() == (lessons / "rare.csv").read_bytes()
    assert run(capsys, "check", "mine/net.yaml")[0] == 0


def test_data_of_that_name_are_not_written_over(capsys, tmp_path):
    (tmp_path / "rare.csv").write_text("a,b\n1,2\n")
    assert run(capsys, "new", "lessons/imbalance", "-o", "net.yaml") == (
        1,
        "",
        "error[file]: rare.csv is there already, and the template has another\n"
        "  help  --force writes over it; or give another folder\n",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["rare.csv"]
    assert run(capsys, "new", "lessons/imbalance", "-o", "net.yaml", "--force")[0] == 0
