"""From rows to a proven file and its answers: a class for each moment or pixel, and values in their own units."""

import numpy as np
import pytest
import torch

from nnspec import verbs
from nnspec.graph import load_network
from nnspec.runtime import open_session
from nnspec.training import train_spec

torch.set_num_threads(1)

HEAD = """\
nnspec: 1
name: places
data: {source: rows.npz, split: {validation: 0.2, test: 0.2}}
optimizer: {Adam: {lr: 0.05}}
train: {epochs: 20, batch_size: 16, compile: off}
"""


def answered(folder, text, arrays):
    """The result of a training, and what its proven file says of all rows."""
    np.savez(folder / "rows.npz", **arrays)
    (folder / "places.yaml").write_text(HEAD + text)
    network = load_network(folder / "places.yaml")
    run, result = train_spec(network.spec, network.graph, folder, run_dir=folder / "run", device="cpu")
    assert verbs.export(run).proven
    return result, open_session(run.path / "model.onnx").run({"x": arrays["x"]})


def test_each_moment_of_a_sequence_has_a_class(tmp_path):
    x = np.random.default_rng(0).normal(size=(150, 6, 2)).astype(np.float32)
    kind = np.where(x[..., 0] > 0.5, "high", np.where(x[..., 0] < -0.5, "low", "mid"))
    text = """\
inputs: {x: [T, 2]}
layers: [{Linear: 16}, ReLU, {Linear: 3}]
outputs: {kind: {loss: {CrossEntropyLoss: {dim: -1}}, metrics: [Accuracy], balance: weights}}
"""
    result, found = answered(tmp_path, text, {"x": x, "kind": kind})
    assert result.parts["test"].metrics["kind"]["Accuracy"] > 0.9
    assert found["kind"].shape == (150, 6)
    assert (found["kind"] == kind).mean() > 0.9
    assert found["kind_probabilities"].shape == (150, 6, 3)


def test_each_pixel_has_a_class_but_for_the_ignored(tmp_path):
    x = np.random.default_rng(0).normal(size=(80, 1, 8, 8)).astype(np.float32)
    mask = (x[:, 0] > 0).astype(np.int64)
    seen = mask.copy()
    seen[:, :2] = 255
    text = """\
inputs: {x: [1, 8, 8]}
layers: [{Conv2d: {out_channels: 4, kernel_size: 1}}, ReLU, {Conv2d: {out_channels: 2, kernel_size: 1}}]
outputs: {mask: {loss: {CrossEntropyLoss: {ignore_index: 255}}, metrics: [Accuracy, JaccardIndex]}}
"""
    result, found = answered(tmp_path, text, {"x": x, "mask": seen})
    metrics = result.parts["test"].metrics["mask"]
    assert metrics["Accuracy"] > 0.95
    assert metrics["JaccardIndex"] > 0.9
    assert found["mask"].shape == (80, 8, 8)
    assert (found["mask"] == mask).mean() > 0.95


@pytest.mark.parametrize(
    "steps", ["Log1p", "MinMax", "Standardize", "RobustScale", "Log1p, Standardize", "Log1p, MinMax"]
)
def test_values_are_answered_in_their_own_units(tmp_path, steps):
    # Another seed than the split's, which draws by the same numbers.
    x = np.random.default_rng(1).uniform(size=(200, 1)).astype(np.float32)
    price = (200 + 40 * x[:, 0]).astype(np.float32)
    text = f"""\
inputs: {{x: [1]}}
layers: [{{Linear: 16}}, Tanh, {{Linear: 1}}]
outputs: {{price: {{loss: MSELoss, metrics: [MeanAbsoluteError], prepare: [{steps}]}}}}
"""
    text += "scheduler: {CosineAnnealingLR: {T_max: 20}}\n"
    result, found = answered(tmp_path, text, {"x": x, "price": price})
    error = np.abs(found["price"].reshape(-1) - price)
    assert error.mean() < 12
    assert result.parts["test"].metrics["price"]["MeanAbsoluteError"] < 12
