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
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(PLUGIN)])}


def run(environment, folder, *arguments):
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def test_a_plugins_layer_is_checked_listed_and_compiled(installed, tmp_path):
    checked = run(installed, tmp_path, "-m", "nnspec", "check", "gated.yaml")
    assert (checked.returncode, checked.stdout) == (0, "gated.yaml: ok, 2 layers, 36 parameters\n")
    assert "Swish" in run(installed, tmp_path, "-m", "nnspec", "layers").stdout
    assert "(x * 2.0).sigmoid()" in run(installed, tmp_path, "-m", "nnspec", "compile", "gated.yaml").stdout


def test_a_plugins_layer_passes_the_contract(installed, tmp_path):
    program = "from nnspec.layers import find\nfrom nnspec.testing import check_layer\ncheck_layer(find('Swish'))"
    done = run(installed, tmp_path, "-c", program)
    assert done.returncode == 0, done.stderr


def test_without_the_plugin_the_layer_is_unknown(tmp_path):
    (tmp_path / "gated.yaml").write_text(SPEC)
    done = run(dict(os.environ), tmp_path, "-m", "nnspec", "check", "gated.yaml")
    assert done.returncode == 1
    assert "error[unknown-layer]: no layer type is named 'Swish'" in done.stderr
