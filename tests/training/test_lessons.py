"""The lessons: each failure is named by its code, its mended twin and the healthy reference specs by none."""

from pathlib import Path

import pytest

import nnspec
from nnspec.diagnostics import SpecError

SPECS = Path(__file__).parents[2] / "specs"
FAILURES = {
    "vanishing": ["vanishing"],
    "exploding_rnn": ["exploding"],
    "dead_relu": ["dead-units"],
    "rate_too_high": ["rate-too-high"],
    "rate_too_low": ["rate-too-low"],
    "leaking_split": ["leaking-split"],
    "overfitting": ["overfitting"],
    "unscaled_inputs": ["unscaled-inputs"],
    "loss_scale": ["loss-scale"],
    "imbalance": ["imbalance"],
}
# What a failure leaves behind, and is told beside it where a look happens to meet it.
FOLLOWS = {"saturated", "not-finite"}
MENDED = sorted(path.stem for path in (SPECS / "lessons").glob("*.yaml") if path.stem not in FAILURES)
HEALTHY = ["mlp", "linear_regression", "perceptron", "digits", "lstm"]
SEEDS = range(5)


def codes(path: Path, folder: Path, seed: int) -> list[str]:
    """What is found in a training."""
    try:
        run = nnspec.train(path, run=folder / f"run{seed}", seed=seed)
    except SpecError as error:
        return [found.code for found in error.diagnostics]
    return [found["code"] for found in run.findings()]


def diagnosis(name: str, folder: Path, seed: int = 0) -> list[str]:
    return [code for code in codes(SPECS / "lessons" / f"{name}.yaml", folder, seed) if code not in FOLLOWS]


def test_every_failure_has_a_mended_twin():
    assert sorted(f"{name}_{'clipped' if name == 'exploding_rnn' else 'mended'}" for name in FAILURES) == MENDED


@pytest.mark.parametrize("name", ["exploding_rnn", "leaking_split", "loss_scale", "unscaled_inputs", "vanishing"])
def test_a_failure_is_named(name, tmp_path):
    assert diagnosis(name, tmp_path) == FAILURES[name]


@pytest.mark.parametrize("name", ["leaking_split_mended", "loss_scale_mended", "unscaled_inputs_mended"])
def test_a_mended_network_is_not_accused(name, tmp_path):
    assert codes(SPECS / "lessons" / f"{name}.yaml", tmp_path, 0) == []


def test_a_healthy_network_is_not_accused(tmp_path):
    assert codes(SPECS / "mlp.yaml", tmp_path, 0) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_named_with_every_seed(name, seed, tmp_path):
    assert diagnosis(name, tmp_path, seed) == FAILURES[name]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("path", [*(f"lessons/{name}" for name in MENDED), *HEALTHY])
def test_a_healthy_network_is_not_accused_with_any_seed(path, seed, tmp_path):
    assert codes(SPECS / f"{path}.yaml", tmp_path, seed) == []
