"""A layer type from another package, found through its entry point."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parent / "plugin"

SPEC = """nnspec: 1
name: gated
inputs: {x: [8]}
layers:
  - Linear: 4
  - Swish: 2.0
"""


@pytest.fixture
def installed(tmp_path):
    """An environment in which the plugin is installed: its code and its entry points on the path."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    record = tmp_path / f"nnspec_swish-{project['version']}.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = project["entry-points"]
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {at}\n" for name, at in points.items()) for group, points in groups.items()
    ]
    (record / "entry_points.txt").write_text("".join(lines))
    (tmp_path / "gated.yaml").write_text(SPEC)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(PLUGIN), *sys.path])}


def run(environment, folder, *arguments):
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def test_a_plugins_layer_is_checked_listed_and_compiled(installed, tmp_path):
    checked = run(installed, tmp_path, "-m", "nnspec", "check", "gated.yaml")
    assert (checked.returncode, checked.stdout) == (0, "gated.yaml: ok, 2 layers, 36 parameters\n")
    assert "Swish" in run(installed, tmp_path, "-m", "nnspec", "layers").stdout
    assert "(x * 2.0).sigmoid()" in run(installed, tmp_path, "-m", "nnspec", "compile", "gated.yaml").stdout


def test_a_plugins_layer_passes_the_contract(installed, tmp_path):
    program = "from nnspec.layers import find\nfrom nnspec.testing import check_layer\n"
    program += "for name in ('Swish', 'Modulate'):\n    check_layer(find(name))"
    done = run(installed, tmp_path, "-c", program)
    assert done.returncode == 0, done.stderr


def test_a_plugins_step_is_listed_checked_and_passes_the_contract(installed, tmp_path):
    assert "\nplugins\n  Fahrenheit  " in run(installed, tmp_path, "-m", "nnspec", "steps").stdout
    (tmp_path / "warm.yaml").write_text(SPEC.replace("{x: [8]}", "{x: {shape: [8], prepare: [{Fahrenheit: 30}]}}"))
    checked = run(installed, tmp_path, "-m", "nnspec", "check", "warm.yaml")
    assert (checked.returncode, checked.stdout) == (0, "warm.yaml: ok, 2 layers, 36 parameters\n"), checked.stderr
    program = "from nnspec.prepare import find\nfrom nnspec.testing import check_step\ncheck_step(find('Fahrenheit'))"
    done = run(installed, tmp_path, "-c", program)
    assert done.returncode == 0, done.stderr


LOGGED = """nnspec: 1
name: noted
data: sklearn:iris
inputs: {flower: {column: data, shape: [4]}}
layers: [Linear: 3]
outputs: {species: {column: target, loss: CrossEntropyLoss}}
optimizer: SGD
train: {epochs: 2, log: [notes]}
"""


def test_a_plugins_logger_is_told_of_each_epoch(installed, tmp_path):
    (tmp_path / "noted.yaml").write_text(LOGGED)
    done = run(installed, tmp_path, "-m", "nnspec", "train", "noted.yaml", "--run", "run", "--quiet")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "notes.txt").read_text() == "noted begins\nepoch 1\nepoch 2\nends well"


MODULATED = """nnspec: 1
name: modulate
inputs: {x: [4], by: [3]}
layers:
  - {Linear: 4, name: shift, from: by}
  - {Modulate: 2.0, from: {shift: shift, x: x}}
"""

SOURCE = """
class Modulate(nn.Module):
    def __init__(self, features: int, gain: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((features,), gain))

    def forward(self, x: Tensor, scale: Tensor | None = None, shift: Tensor | None = None) -> Tensor:
        x = x * self.weight
        if scale is not None:
            x = x * (1 + scale)
        return x if shift is None else x + shift


class Modulate2(nn.Module):
    \"\"\"From x and by to output.

    Input:  x       (n, 4)
    Input:  by      (n, 3)
    Output: output  (n, 4)

    n is the batch.
    \"\"\"

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Linear(3, 4)        # (4)
        self.modulate_1 = Modulate(4, 2.0)  # (4)

    def forward(self, x: Tensor, by: Tensor) -> Tensor:
        \"\"\"Returns output.\"\"\"
        h = self.shift(by)               # (n, 4)
        h = self.modulate_1(x, None, h)  # (n, 4)
        return h
"""

EXPORTED = """
import torch
from nnspec.codegen.load import load
from nnspec.codegen.write import write
from nnspec.exporting.builder import to_bytes
from nnspec.exporting.lower import lower
from nnspec.graph import load_network
from nnspec.prepare import Preparation
from nnspec.runtime import open_session

network = load_network("modulate.yaml")
module = load(write(network.graph), "net.py", {})
weights = {key: value.numpy() for key, value in module.state_dict().items()}
session = open_session(to_bytes(lower(network.spec, network.graph, weights, Preparation({}, {}), opset=20)))
x, by = torch.randn(2, 4), torch.randn(2, 3)
(answer,) = session.run({"x": x.numpy(), "by": by.numpy()}).values()
assert torch.allclose(torch.from_numpy(answer), module(x, by), atol=1e-6)
assert torch.allclose(module(x, by), 2 * x + module.shift(by))
"""


def test_a_class_that_a_layer_brings_stands_in_the_source_and_inputs_go_by_name(installed, tmp_path):
    (tmp_path / "modulate.yaml").write_text(MODULATED)
    source = run(installed, tmp_path, "-m", "nnspec", "compile", "modulate.yaml").stdout
    assert source.endswith(SOURCE)
    exported = run(installed, tmp_path, "-c", EXPORTED)
    assert exported.returncode == 0, exported.stderr


def test_without_the_plugin_the_layer_is_unknown(tmp_path):
    (tmp_path / "gated.yaml").write_text(SPEC)
    done = run(dict(os.environ), tmp_path, "-m", "nnspec", "check", "gated.yaml")
    assert done.returncode == 1
    assert "error[unknown-layer]: no layer type is named 'Swish'" in done.stderr
