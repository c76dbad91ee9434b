"""The reference networks of vision at small settings: each goes the whole way from `nnspec new` to a proven file."""

import time

import pytest
import torch
from small import NAMES, SMALL, spec_text, write_rows

import nnspec
from nnspec.codegen.load import load
from nnspec.codegen.write import write
from nnspec.exporting.builder import to_bytes
from nnspec.exporting.cases import Examples
from nnspec.exporting.lower import lower
from nnspec.exporting.verify import Trained, prove
from nnspec.prepare import Preparation
from nnspec.runtime import open_session
from nnspec.templates import templates

MAX_LINES = 300  # of source that a person still reads


def test_every_network_of_vision_has_small_settings():
    folders = ("vision/", "points/")
    assert [template.name for template in templates() if template.name.startswith(folders)] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_network_learns_its_rows_and_is_proven(name, tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(spec_text(name, SMALL[name]), encoding="utf-8")
    write_rows(nnspec.load(path), tmp_path / "rows.npz")
    data = "data={source: rows.npz, split: {validation: 0.25, test: 0.25}}"
    network = nnspec.load(path, [data, "train.epochs=8", "train.device=cpu", "train.batch_size=full"])
    torch.set_num_threads(1)  # so little work is done sooner alone
    run = nnspec.train(network, run=tmp_path / "run")
    losses = [line["train_loss"] for line in run.metrics()]
    assert min(losses[1:]) < losses[0]
    assert nnspec.export(run).proven


@pytest.mark.parametrize("name", NAMES)
def test_the_source_is_short_enough_to_be_read(name):
    network = nnspec.load(f"specs/{name}.yaml")
    assert network.warnings == ()
    assert len(nnspec.compile(network).splitlines()) < MAX_LINES


def test_a_network_of_full_size_is_checked_at_once():
    """In processor time, of which another program on the machine takes none."""
    for name in NAMES:
        start = time.process_time()
        nnspec.load(f"specs/{name}.yaml")
        assert time.process_time() - start < 0.5, name


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_network_of_full_size_is_proven(name):
    network = nnspec.load(f"specs/{name}.yaml", ["export={verify: {atol: 1e-3, rtol: 1e-3}}"])
    torch.manual_seed(0)
    module = load(write(network.graph), "net.py", {}).eval()
    weights = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    subject = Trained(network.spec, network.graph, module, Preparation({}, {}), Examples())
    model = lower(network.spec, network.graph, weights, subject.preparation, opset=20)
    assert prove(open_session(to_bytes(model)), subject).proven
