"""The reference networks of vision have the figures of their originals.

A MAC is a multiplication with its addition, of one example in evaluation, a FLOP in torchvision's tables.
"""

import json
import re
import shlex
from pathlib import Path

import pytest

from nnspec.graph import load_network
from nnspec.graph.cost import cost

ROOT = Path(__file__).parents[2]
PUBLISHED = json.loads((Path(__file__).parent / "published.json").read_text(encoding="utf-8"))
SPECS = sorted(path for folder in ("vision", "points") for path in (ROOT / "specs" / folder).glob("*.yaml"))
UNITS = {"k": 1e3, "M": 1e6, "G": 1e9}
# `# ResNet-50   --set block=bottleneck   25,557,032  4.09G   76.1 %`
ROW = re.compile(
    r"# (?P<name>\S.*?)(?P<set>(?: +--set .*?)?) {2,}(?P<parameters>[\d,]+)"
    r"(?: +(?P<macs>[\d.]+)(?P<unit>[kMG]))?(?: |$)"
)
HEADS = [
    pytest.param(path, row, id=row["name"])
    for path in SPECS
    for line in path.read_text(encoding="utf-8").splitlines()
    if (row := ROW.match(line))
]


@pytest.mark.parametrize("row", PUBLISHED, ids=[row["architecture"] for row in PUBLISHED])
def test_parameters_are_exactly_the_published_ones_and_macs_within_a_hundredth(row):
    graph = load_network(ROOT / "specs" / f"{row['spec']}.yaml", [f"params.{given}" for given in row["set"]]).graph
    found = cost(graph.exported)
    assert found.parameters == row["parameters"]
    if row["gmacs"]:
        assert found.macs / 1e9 == pytest.approx(row["gmacs"], rel=0.01)


@pytest.mark.parametrize(("path", "row"), HEADS)
def test_the_figures_in_a_spec_s_header_are_true(path, row):
    settings = [f"params.{given}" for given in shlex.split(row["set"]) if given != "--set"]
    graph = load_network(path, settings).graph
    figures = {cost(graph).parameters, cost(graph.exported).parameters}
    assert int(row["parameters"].replace(",", "")) in figures
    if row["macs"]:
        step = 10.0 ** -len(row["macs"].partition(".")[2])
        assert abs(cost(graph.exported).macs / UNITS[row["unit"]] - float(row["macs"])) <= 0.51 * step


def test_every_network_tells_its_figures():
    assert {path for path, _ in (head.values for head in HEADS)} == set(SPECS)


def test_the_auxiliary_heads_of_googlenet_are_only_trained():
    graph = load_network(ROOT / "specs/vision/googlenet.yaml").graph
    assert (cost(graph).parameters, cost(graph.exported).parameters) == (13_004_888, 6_624_904)
