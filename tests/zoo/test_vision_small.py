"""The reference networks of vision at small settings: each goes the whole way from `nnspec new` to a proven file."""

import time

import pytest
import torch
from small import NAMES, SMALL, spec_text, write_rows

import nnspec
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


@pytest.mark.slow
def test_every_network_of_full_size_is_checked_at_once():
    """In processor time, of which another program on the machine takes none."""
    for name in (template.name for template in templates()):
        start = time.process_time()
        nnspec.load(f"specs/{name}.yaml")
        assert time.process_time() - start < 0.5, name
