"""`nnspec doctor`, as a user types it."""

import json
from pathlib import Path

from nnspec.cli.main import main

SPECS = Path(__file__).parents[2] / "specs"


def test_a_healthy_network_is_told_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["doctor", str(SPECS / "mlp.yaml")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["layer", "linear_1", "tanh_1", "linear_2"]
    assert lines[5].endswith("; knowing nothing gives 1.1")
    assert lines[-1] == "healthy: nothing stands in the way of training"
    assert list(tmp_path.iterdir()) == []


def test_vanishing_gradients_are_seen_before_training(capsys):
    assert main(["doctor", str(SPECS / "lessons" / "vanishing.yaml"), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], [finding["code"] for finding in found["findings"]]) == (False, ["vanishing"])
    assert found["look"]["layers"][1]["name"] == "fc1"
