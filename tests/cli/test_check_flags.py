"""`--strict` and `--resolved`, as a user types them."""

import json
from pathlib import Path

import pytest

from nnspec.cli.main import main
from nnspec.graph import load_network, parse_network
from nnspec.spec.resolve import resolve

NET = """nnspec: 1
inputs: {x: [8]}
layers:
  - Linear: 16
  - Linear: 3
"""
TOLD = """net.yaml:5:5: warning[linear-twice]: Linear linear_2 comes right after Linear linear_1: together they are one Linear, 8 to 3
    5 |   - Linear: 3
      |     ^^^^^^
  before  Linear linear_1, net.yaml:4
  help    put an activation such as ReLU between them, or remove the first
"""  # noqa: E501 (a message is one line)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)
    Path("good.yaml").write_text(NET.replace("16", "16\n  - ReLU"))
    return tmp_path


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_a_warning_lets_a_check_pass(folder, capsys):
    assert run(capsys, "check", "net.yaml") == (0, "net.yaml: ok, 2 layers, 195 parameters\n", TOLD)


def test_strict_takes_warnings_for_errors(folder, capsys):
    assert run(capsys, "check", "--strict", "net.yaml") == (1, "", TOLD.replace("warning[", "error["))
    assert run(capsys, "check", "--strict", "good.yaml") == (0, "good.yaml: ok, 3 layers, 195 parameters\n", "")


def test_strict_lets_what_is_allowed_pass(folder, capsys):
    Path("net.yaml").write_text(NET.replace("Linear: 3", "Linear: 3  # nnspec: allow(linear-twice)"))
    assert run(capsys, "check", "--strict", "net.yaml")[0] == 0


def test_json_holds_warnings_and_what_strict_makes_of_them(folder, capsys):
    code, out, err = run(capsys, "check", "--format", "json", "net.yaml")
    assert (code, err, json.loads(out)["ok"]) == (0, "", True)
    assert json.loads(out)["files"][0]["diagnostics"][0]["severity"] == "warning"
    code, out, err = run(capsys, "check", "--strict", "--format", "json", "net.yaml")
    assert (code, err, json.loads(out)["ok"]) == (1, "", False)
    assert json.loads(out)["files"][0]["diagnostics"][0]["severity"] == "error"


def test_a_strict_training_does_not_begin(folder, capsys):
    assert run(capsys, "train", "--strict", "net.yaml") == (1, "", TOLD.replace("warning[", "error["))


def test_resolved_prints_the_long_form_and_nothing_else(folder, capsys):
    code, out, err = run(capsys, "check", "--resolved", "net.yaml")
    assert (code, err) == (0, "")
    assert json.loads(out) == resolve(load_network("net.yaml").spec)
    again = parse_network(out, "net.json", json=True)
    assert resolve(again.spec) == json.loads(out)


def test_resolved_tells_what_is_wrong_instead(folder, capsys):
    Path("net.yaml").write_text(NET.replace("Linear: 3", "Liner: 3"))
    code, out, err = run(capsys, "check", "--resolved", "net.yaml")
    assert (code, out) == (1, "")
    assert "error[unknown-layer]" in err


def test_resolved_takes_one_spec(folder, capsys):
    assert run(capsys, "check", "--resolved", "net.yaml", "good.yaml") == (
        2,
        "",
        "nnspec check: --resolved takes one SPEC\n  help  nnspec check --help\n",
    )
