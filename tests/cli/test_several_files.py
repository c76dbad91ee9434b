"""A spec of several files on the command line and in Python: checked, trained, and exported from its run alone."""

import shutil
import time
from pathlib import Path

import pytest

import nnspec
from nnspec.cli.main import main
from nnspec.diagnostics import SpecError

PART = """nnspec: 1
params: {width: 4}
inputs: {x: [2]}
layers: [Linear: $width, ReLU]
"""
BASE = """nnspec: 1
data: {source: rows.csv, split: {validation: 0.25, test: 0.25}}
imports: {part: ./part.yaml}
inputs: {point: {columns: [a, b]}}
layers: [part: 6, Linear: 1]
outputs: {y: {loss: MSELoss}}
optimizer: {AdamW: {lr: 1e-2}}
"""
NET = """extends: ./parts/base.yaml
optimizer: {SGD: {lr: 0.1}}
train: {epochs: 2, batch_size: 8}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("parts").mkdir()
    Path("net.yaml").write_text(NET)
    Path("parts/base.yaml").write_text(BASE)
    Path("parts/part.yaml").write_text(PART)
    Path("parts/rows.csv").write_text("a,b,y\n" + "".join(f"{i % 3},{i % 5},{i % 7}\n" for i in range(20)))
    return tmp_path


def test_a_run_is_exported_without_the_files_that_were_imported(folder, capsys):
    assert main(["train", "net.yaml", "--run", "run", "--quiet"]) == 0
    shutil.rmtree("parts")
    Path("net.yaml").unlink()
    assert main(["export", "run", "-o", "net.onnx"]) == 0
    assert main(["verify", "net.onnx", "--run", "run"]) == 0
    assert "PROVEN" in capsys.readouterr().out
    assert "class Part(nn.Module):" in Path("run/net.py").read_text()


def test_another_folder_is_read_where_it_is_allowed(folder, capsys):
    Path("nets").mkdir()
    Path("nets/net.yaml").write_text(NET.replace("./parts", "../parts") + "layers:\n  - part: 6\n  - Linear: 1\n")
    assert main(["check", "nets/net.yaml"]) == 1
    assert capsys.readouterr().err.startswith("nets/net.yaml:1:10: error[path]: '../parts/base.yaml' leaves")
    for command in (["check"], ["show"], ["compile"], ["train", "--quiet", "--run", "run"]):
        assert main([*command, "nets/net.yaml", "--allow-path", "parts"]) == 0
    assert main(["diff", "nets/net.yaml", "--set", "train.epochs=3", "--allow-path", "parts"]) == 0
    assert main(["annotate", "nets/net.yaml", "--allow-path", "parts"]) == 0
    assert len(nnspec.load("nets/net.yaml", allow_path=["parts"]).graph) == 3
    assert "class Part" in nnspec.compile("nets/net.yaml", allow_path=["parts"])
    assert nnspec.train("nets/net.yaml", run="again", allow_path=["parts"]).has("net.py")


def test_the_most_layers_are_as_many_as_asked_for(folder, capsys):
    assert main(["check", "net.yaml", "--max-layers", "4"]) == 0
    assert main(["check", "net.yaml", "--max-layers", "3"]) == 1
    assert "more than 3 layers" in capsys.readouterr().err
    with pytest.raises(SpecError, match="more than 3 layers"):
        nnspec.load("net.yaml", max_layers=3)
    with pytest.raises(SystemExit, match="2"):
        main(["show", "net.yaml", "--max-layers", "0"])
    assert "a whole number of at least 1, got '0'" in capsys.readouterr().err


@pytest.mark.parametrize("setting", ["layers[1].repeat=$(10**9)", "layers=[{doubling: null}]"])
def test_a_network_without_end_ends_in_one_error_at_once(folder, setting, capsys):
    levels = ", ".join(f"b{n}: [b{n + 1}, b{n + 1}]" for n in range(30))
    Path("parts/doubling.yaml").write_text(
        f"nnspec: 1\ninputs: {{x: [2]}}\nblocks: {{{levels}, b30: [ReLU]}}\nlayers: [b0]\n"
    )
    start = time.process_time()
    assert main(["check", "net.yaml", "--set", "imports.doubling=./parts/doubling.yaml", "--set", setting]) == 1
    assert time.process_time() - start < 1
    assert capsys.readouterr().err.count("error[limit]") == 1


def test_annotations_stand_in_the_files_own_lines(folder, capsys):
    Path("net.yaml").write_text(f"{NET}layers:\n  - part: 6\n  - Linear: 1\n")
    assert main(["annotate", "net.yaml"]) == 0
    assert Path("net.yaml").read_text() == (f"{NET}layers:\n  - part: 6    # → 6 · 18\n  - Linear: 1  # → 1 · 7\n")
    assert Path("parts/part.yaml").read_text() == PART
