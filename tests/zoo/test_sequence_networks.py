"""The reference networks for tables, texts and series: their figures, and the whole way at small settings."""

import json
import re
import shlex
from pathlib import Path

import pytest
from sequences import FOLDERS, NAMES, ROOT, small, write_rows

import nnspec
from nnspec.graph.cost import cost, human, nominal
from nnspec.templates import templates

MAX_LINES = 300  # of source that a person still reads
PUBLISHED = json.loads((Path(__file__).parent / "published_sequences.json").read_text(encoding="utf-8"))
# `# GPT-2 large   --set width=1280 --set depth=36   774,030,080   100G`
HEAD = re.compile(
    r"# (?P<name>\S.*?)(?P<set>(?: +--set \S+)*) {2,}(?P<parameters>[\d,]+) +(?P<macs>[\d.]+[kMG]?)(?: |$)"
)
HEADS = [
    pytest.param(name, row["set"], row["parameters"], row["macs"], id=row["name"])
    for name in NAMES
    for line in (ROOT / "specs" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    if (row := HEAD.match(line))
]


def network(name, settings):
    return nnspec.load(ROOT / "specs" / f"{name}.yaml", [f"params.{setting}" for setting in settings])


def test_every_network_is_a_template_and_tells_its_figures():
    known = [template.name for template in templates() if template.name.startswith(FOLDERS)]
    assert known == NAMES
    assert {head.values[0] for head in HEADS} == set(NAMES)


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: " ".join([row["spec"], *row["set"]]))
def test_parameters_are_exactly_the_published_ones(row):
    graph = network(row["spec"], row["set"]).graph
    beside = row.get("less", "nothing")
    more = sum(layer.parameters for name, layer in cost(graph).layers.items() if f"{name}." == beside)
    assert cost(graph).parameters - more == row["parameters"]


@pytest.mark.parametrize(("name", "settings", "parameters", "macs"), HEADS)
def test_the_figures_in_a_header_are_true(name, settings, parameters, macs):
    """MACs of one example in evaluation; a length known only when the model runs counts as 128."""
    graph = network(name, [text for text in shlex.split(settings) if text != "--set"]).graph
    assert f"{cost(graph.exported).parameters:,}" == parameters
    assert human(nominal(cost(graph.exported).macs)) in (macs, macs.replace(".0", ""))


@pytest.mark.parametrize("name", NAMES)
def test_a_network_has_no_warnings_and_its_source_is_short_enough_to_be_read(name):
    found = network(name, [])
    assert found.warnings == ()
    assert len(nnspec.compile(found).splitlines()) < MAX_LINES


@pytest.mark.parametrize("name", NAMES)
def test_a_network_learns_its_rows_and_is_proven(name, tmp_path):
    folder = tmp_path / name
    write_rows(small(name, folder=tmp_path), folder.parent / "rows.npz")
    data = "data={source: rows.npz, split: {validation: 0.25, test: 0.25}}"
    found = small(name, data, "train.epochs=6", "train.device=cpu", "train.batch_size=full", folder=tmp_path)
    run = nnspec.train(found, run=tmp_path / "run")
    losses = [line["train_loss"] for line in run.metrics()]
    assert min(losses[1:]) < losses[0]
    assert nnspec.export(run).proven
