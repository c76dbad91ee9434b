"""Outputs that learn an input again: autoencoders."""

import numpy as np
import pytest
import torch

from nnspec import verbs
from nnspec.diagnostics import SpecError
from nnspec.evaluating import evaluate
from nnspec.graph import load_network
from nnspec.runtime import open_session
from nnspec.training import train_spec

SPEC = """\
nnspec: 1
name: again
data: {source: rows.npz}
inputs: {x: {shape: [6], prepare: [Standardize]AUGMENT}}
layers: [{Linear: 2}, {Linear: 6}]
outputs: {y: {target: x, loss: MSELoss, metrics: [MeanAbsoluteError]}}
optimizer: {Adam: {lr: 0.05}}
train: {epochs: 20, batch_size: 16, compile: COMPILE}
"""


def trained(folder, augment="", compile="off"):
    random = np.random.default_rng(0)
    rows = random.normal(size=(120, 2)) @ random.normal(size=(2, 6)) * 5 + 3
    np.savez(folder / "rows.npz", x=rows.astype(np.float32))
    (folder / "again.yaml").write_text(SPEC.replace("AUGMENT", augment).replace("COMPILE", compile))
    network = load_network(folder / "again.yaml")
    run, result = train_spec(network.spec, network.graph, folder, run_dir=folder / "run", device="cpu")
    return run, result, rows


@pytest.mark.parametrize("compile", ["off", "step"])
def test_two_numbers_say_six_again_that_have_no_more_in_them(tmp_path, compile):
    torch.set_num_threads(1)
    run, result, rows = trained(tmp_path, compile=compile)
    assert result.parts["test"].loss < 0.01

    assert verbs.export(run).proven
    given = open_session(run.path / "model.onnx").run({"x": rows.astype(np.float32)})["y"]
    standardized = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    assert np.abs(given - standardized).mean() < 0.2


def test_a_run_is_evaluated_on_what_its_inputs_become(tmp_path):
    torch.set_num_threads(1)
    run, result, _ = trained(tmp_path)
    found = evaluate(run.path, resamples=0).outputs["y"]
    assert found.loss == pytest.approx(result.parts["test"].loss)
    assert found.metrics["MeanAbsoluteError"] == pytest.approx(result.parts["test"].metrics["y"]["MeanAbsoluteError"])


def test_what_is_denoised_is_learnt_clean(tmp_path):
    torch.set_num_threads(1)
    _, result, _ = trained(tmp_path, augment=", augment: [{GaussianNoise: 0.3}]")
    assert result.parts["test"].loss < 0.05


def test_a_file_alone_does_not_know_what_its_inputs_become(tmp_path):
    torch.set_num_threads(1)
    run, _, _ = trained(tmp_path)
    verbs.export(run)
    with pytest.raises(SpecError) as told:
        evaluate(run.path / "model.onnx", str(tmp_path / "rows.npz"), resamples=0)
    assert "evaluate the run folder" in str(told.value.diagnostics[0].help)
