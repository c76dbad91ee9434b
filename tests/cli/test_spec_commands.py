"""The commands that read a spec, as a user types them: output, exit code, help."""

import json
from pathlib import Path

import pytest

from nnspec.cli.main import COMMAND_FILES, main

NET = """nnspec: 1
name: net
inputs: {x: [8]}
layers:
  - Linear: 4
  - ReLU
  - Linear: 3
"""
WRONG = NET.replace("ReLU", "RelU").replace("[8]", "[0]")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(NET)
    Path("wrong.yaml").write_text(WRONG)
    return tmp_path


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = stop.code
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_check_says_ok_in_a_line(folder, capsys):
    assert run(capsys, "check", "net.yaml") == (0, "net.yaml: ok, 3 layers, 51 parameters\n", "")


def test_check_tells_every_mistake_of_every_file(folder, capsys):
    code, out, err = run(capsys, "check", "wrong.yaml", "net.yaml")
    assert code == 1
    assert out == "net.yaml: ok, 3 layers, 51 parameters\n"
    assert err == (
        "wrong.yaml:3:14: error[wrong-value]: input x: shape must be a list of sizes, "
        "each a whole number of at least 1 or the name of a length, got 0\n"
        "    3 | inputs: {x: [0]}\n"
        "      |              ^\n"
        "wrong.yaml:6:5: error[unknown-layer]: no layer type is named 'RelU'\n"
        "    6 |   - RelU\n"
        "      |     ^^^^\n"
        "  help  did you mean 'ReLU'?\n"
        "2 errors\n"
    )


def test_check_gives_json_to_editors(folder, capsys):
    code, out, err = run(capsys, "check", "wrong.yaml", "net.yaml", "--format", "json")
    told = json.loads(out)
    assert (code, err, told["ok"]) == (1, "", False)
    assert [file["file"] for file in told["files"]] == ["wrong.yaml", "net.yaml"]
    assert told["files"][0]["diagnostics"][1] == {
        "severity": "error",
        "code": "unknown-layer",
        "message": "no layer type is named 'RelU'",
        "file": "wrong.yaml",
        "line": 6,
        "column": 5,
        "end_line": 6,
        "end_column": 9,
        "notes": [],
        "help": "did you mean 'ReLU'?",
    }
    assert told["files"][1]["diagnostics"] == []


def test_a_file_that_is_not_there_is_one_error(folder, capsys):
    code, out, err = run(capsys, "check", "ne.yaml")
    assert (code, out) == (1, "")
    assert err.startswith("ne.yaml: error[file]: ")
    assert "did you mean 'net.yaml'?" in err


def test_show_prints_a_table_and_texts_to_draw(folder, capsys):
    code, out, _ = run(capsys, "show", "net.yaml")
    assert code == 0
    assert out.splitlines()[0].split() == ["layer", "type", "output", "parameters", "MACs"]
    assert run(capsys, "show", "net.yaml", "--mermaid")[1].startswith("flowchart")
    assert run(capsys, "show", "net.yaml", "--dot")[1].startswith("digraph")


def test_show_draws_a_picture(folder, capsys):
    pytest.importorskip("pygraphviz")
    assert run(capsys, "show", "net.yaml", "--svg", "net.svg") == (0, "", "wrote net.svg\n")
    assert "<svg" in Path("net.svg").read_text()


def test_compile_prints_or_writes_the_source(folder, capsys):
    code, out, _ = run(capsys, "compile", "net.yaml")
    assert (code, "class Net(nn.Module):" in out) == (0, True)
    assert run(capsys, "compile", "net.yaml", "-o", "net.py") == (0, "", "wrote net.py\n")
    assert Path("net.py").read_text() == out


def test_overrides_change_the_network(folder, capsys):
    _, out, _ = run(capsys, "check", "net.yaml", "--set", "layers[0].Linear=16")
    assert out == "net.yaml: ok, 3 layers, 195 parameters\n"


def test_layers_lists_and_explains(folder, capsys):
    assert "Conv2d" in run(capsys, "layers")[1]
    assert "kernel_size" in run(capsys, "layers", "Conv2d")[1]
    code, _, err = run(capsys, "layers", "Conv")
    assert (code, "error[unknown-layer]: no layer type is named 'Conv'" in err) == (1, True)


def test_schema_says_how_editors_use_it(folder, capsys):
    assert json.loads(run(capsys, "schema")[1])["title"]
    code, out, _ = run(capsys, "schema", "-o", "nnspec.schema.json")
    assert code == 0
    assert "# yaml-language-server: $schema=nnspec.schema.json" in out
    assert json.loads(Path("nnspec.schema.json").read_text())


@pytest.mark.parametrize("command", COMMAND_FILES)
def test_every_command_has_help_with_an_example(command, capsys):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    assert f"example:\n  nnspec {command}" in out


def test_an_unknown_command_is_told_with_the_nearest(capsys):
    code, _, err = run(capsys, "chek")
    assert (code, err) == (2, "nnspec: no command is named 'chek': did you mean 'check'?\n  help  nnspec --help\n")


def test_the_bare_command_shows_what_there_is(capsys):
    code, out, err = run(capsys)
    assert (code, out) == (2, "")
    assert err.startswith("usage: nnspec") and "examples:" in err


def test_a_missing_argument_is_usage(capsys):
    code, _, err = run(capsys, "check")
    assert (code, err) == (
        2,
        "nnspec check: the following arguments are required: SPEC\n  help  nnspec check --help\n",
    )


def test_our_own_mistake_is_said_to_be_ours(folder, capsys, monkeypatch):
    from nnspec.cli import specs

    monkeypatch.setattr(specs, "check", lambda arguments: 1 // 0)
    code, _, err = run(capsys, "check", "net.yaml")
    assert code == 3
    assert err.endswith("\nThis is a mistake in nnspec, not in your spec. A report of it helps: the lines above.\n")


def test_a_file_that_cannot_be_written_is_one_error(folder, capsys):
    code, _, err = run(capsys, "compile", "net.yaml", "-o", "nowhere/net.py")
    assert code == 1
    assert err == "error[file]: cannot write nowhere/net.py: no such file or directory\n"


BLOCKS = """nnspec: 1
inputs: {x: [8]}
blocks: {pair: [Linear: 8, ReLU]}
layers: [{pair: null, repeat: 3, name: pairs}, Linear: 3]
"""


def test_show_folds_below_a_depth_in_tables_drawings_and_json(folder, capsys):
    Path("blocks.yaml").write_text(BLOCKS)
    code, out, _ = run(capsys, "show", "blocks.yaml", "--depth", "1")
    assert code == 0
    assert "pairs ×3  pair       8              216   192\n" in out
    code, out, _ = run(capsys, "show", "blocks.yaml", "--depth", "1", "--format", "json")
    assert code == 0
    assert [(row["name"], row["layers"]) for row in json.loads(out)["layers"]] == [("pairs", 6), ("linear_1", 1)]
    code, out, _ = run(capsys, "show", "blocks.yaml", "--depth", "1", "--mermaid")
    assert code == 0
    assert '"<b>pair</b> ×3<br/>6 layers, 216 parameters<br/><i>pairs</i>"' in out


def test_a_depth_of_nothing_is_refused(folder, capsys):
    told = (
        "nnspec show: argument --depth: a depth is a whole number of at least 1, got '0'\n  help  nnspec show --help\n"
    )
    assert run(capsys, "show", "net.yaml", "--depth", "0") == (2, "", told)
