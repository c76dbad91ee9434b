"""fmt and annotate, as a user types them."""

import io
import os
import stat
import sys
from pathlib import Path

import pytest

from nnspec.cli.main import main

NEAT = "nnspec: 1\ninputs: {x: [8]}\nlayers:\n  - Linear: 4\n  - ReLU\n"
LOOSE = "nnspec:  1\ninputs: { x: [8] }\nlayers:\n- Linear: 4\n- ReLU   # why\n"
FORMED = NEAT.replace("ReLU", "ReLU  # why")
ANNOTATED = NEAT.replace("4\n", "4  # → 4 · 36\n").replace("ReLU", "ReLU       # → 4")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("neat.yaml").write_text(NEAT)
    Path("loose.yaml").write_text(LOOSE)
    return tmp_path


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = stop.code
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def give(monkeypatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_fmt_writes_what_changes_and_names_it(folder, capsys):
    assert run(capsys, "fmt", "neat.yaml", "loose.yaml") == (0, "formatted loose.yaml\n", "")
    assert Path("loose.yaml").read_text() == FORMED
    assert run(capsys, "fmt", "neat.yaml", "loose.yaml") == (0, "", "")


def test_fmt_check_writes_nothing_and_says_what_would_change(folder, capsys):
    assert run(capsys, "fmt", "--check", "neat.yaml", "loose.yaml") == (1, "loose.yaml would be formatted\n", "")
    assert Path("loose.yaml").read_text() == LOOSE
    assert run(capsys, "fmt", "--check", "neat.yaml") == (0, "", "")


def test_fmt_diff_shows_the_change(folder, capsys):
    Path("loose.yaml").write_text(NEAT.removesuffix("\n"))
    assert run(capsys, "fmt", "--diff", "loose.yaml") == (
        1,
        "--- a/loose.yaml\n+++ b/loose.yaml\n@@ -2,4 +2,4 @@\n inputs: {x: [8]}\n layers:\n   - Linear: 4\n"
        "-  - ReLU\n\\ No newline at end of file\n+  - ReLU\n",
        "",
    )


def test_fmt_reads_stdin_and_prints(folder, capsys, monkeypatch):
    give(monkeypatch, LOOSE)
    assert run(capsys, "fmt", "-") == (0, FORMED, "")
    give(monkeypatch, '{"layers": [], "nnspec": 1}')
    assert run(capsys, "fmt", "-") == (0, '{"nnspec": 1, "layers": []}\n', "")
    give(monkeypatch, LOOSE)
    assert run(capsys, "fmt", "-", "--check") == (1, "<stdin> would be formatted\n", "")


def test_fmt_keeps_a_file_that_it_cannot_read_and_goes_on(folder, capsys):
    Path("broken.yaml").write_text("a: [1\n")
    code, out, err = run(capsys, "fmt", "broken.yaml", "loose.yaml")
    assert (code, out) == (1, "formatted loose.yaml\n")
    assert err.startswith("broken.yaml:1:4: error[syntax]: ")
    assert Path("broken.yaml").read_text() == "a: [1\n"


def test_fmt_takes_byte_order_marks_and_carriage_returns_away(folder, capsys):
    Path("loose.yaml").write_bytes(("\ufeff" + NEAT.replace("\n", "\r\n")).encode())
    assert run(capsys, "fmt", "loose.yaml") == (0, "formatted loose.yaml\n", "")
    assert Path("loose.yaml").read_bytes() == NEAT.encode()


@pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")
def test_fmt_keeps_the_mode_and_follows_a_link(folder, capsys):
    Path("loose.yaml").chmod(0o640)
    Path("link.yaml").symlink_to("loose.yaml")
    assert run(capsys, "fmt", "link.yaml") == (0, "formatted link.yaml\n", "")
    assert Path("link.yaml").is_symlink()
    assert Path("loose.yaml").read_text() == FORMED
    assert stat.S_IMODE(Path("loose.yaml").stat().st_mode) == 0o640
    assert sorted(path.name for path in folder.iterdir()) == ["link.yaml", "loose.yaml", "neat.yaml"]


def test_a_form_that_would_change_the_data_is_our_fault_and_writes_nothing(folder, capsys, monkeypatch):
    from nnspec.spec.rewrite import format as form

    monkeypatch.setattr(form, "_yaml", lambda text, name: text.replace("4", "5"))
    code, out, err = run(capsys, "fmt", "loose.yaml")
    assert (code, out) == (3, "")
    assert "RuntimeError: writing loose.yaml anew would change what it means" in err
    assert Path("loose.yaml").read_text() == LOOSE


def test_annotate_keeps_shapes_behind_the_layers(folder, capsys):
    assert run(capsys, "annotate", "neat.yaml", "--check") == (1, "neat.yaml would be annotated\n", "")
    assert run(capsys, "annotate", "neat.yaml") == (0, "annotated neat.yaml\n", "")
    assert Path("neat.yaml").read_text() == ANNOTATED
    assert run(capsys, "annotate", "neat.yaml", "--check") == (0, "", "")
    assert run(capsys, "fmt", "neat.yaml", "--check") == (0, "", "")
    assert run(capsys, "annotate", "neat.yaml", "--remove") == (0, "annotated neat.yaml\n", "")
    assert Path("neat.yaml").read_text() == NEAT


def test_annotate_writes_elsewhere_and_reads_stdin(folder, capsys, monkeypatch):
    assert run(capsys, "annotate", "neat.yaml", "-o", "out.yaml") == (0, "", "wrote out.yaml\n")
    assert (Path("out.yaml").read_text(), Path("neat.yaml").read_text()) == (ANNOTATED, NEAT)
    assert run(capsys, "annotate", "neat.yaml", "-o", "-") == (0, ANNOTATED, "")
    give(monkeypatch, NEAT)
    assert run(capsys, "annotate", "-") == (0, ANNOTATED, "")
    code, _, err = run(capsys, "annotate", "neat.yaml", "loose.yaml", "-o", "out.yaml")
    assert (code, err.splitlines()[-1]) == (2, "  help  nnspec annotate --help")


def test_annotate_refuses_a_spec_with_mistakes_but_takes_comments_off_it(folder, capsys):
    wrong = ANNOTATED.replace("ReLU", "RelU")
    Path("neat.yaml").write_text(wrong)
    code, out, err = run(capsys, "annotate", "neat.yaml")
    assert (code, out) == (1, "")
    assert err.startswith("neat.yaml:5:5: error[unknown-layer]: no layer type is named 'RelU'")
    assert Path("neat.yaml").read_text() == wrong
    assert run(capsys, "annotate", "--remove", "neat.yaml") == (0, "annotated neat.yaml\n", "")
    assert Path("neat.yaml").read_text() == NEAT.replace("ReLU", "RelU")


def test_annotate_says_that_json_has_no_comments(folder, capsys):
    Path("net.json").write_text('{"nnspec": 1, "inputs": {"x": [8]}, "layers": ["ReLU"]}')
    assert run(capsys, "annotate", "net.json") == (
        1,
        "",
        "error[file]: net.json is JSON, which has no comments to keep shapes in\n"
        "  help  `nnspec show net.json` prints every shape\n",
    )
