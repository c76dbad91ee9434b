"""The reference specs: each is right, stands by the schema, and reaches its figure on real data."""

from pathlib import Path

import pytest

import nnspec
from nnspec.data import load_examples

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))
NAMES = [path.stem for path in SPECS]

# What each reaches on the test part: accuracy, or R². Checked with `pytest -m slow`.
LEAST = {"perceptron": 0.94, "linear_regression": 0.46, "mlp": 0.93, "digits": 0.985, "lstm": 0.95}


@pytest.mark.parametrize("path", SPECS, ids=NAMES)
def test_a_spec_is_right_without_a_warning(path):
    network = nnspec.load(path)
    assert network.spec.name == path.stem
    assert network.warnings == ()
    assert "(nn.Module):" in nnspec.compile(network)


@pytest.mark.parametrize("name", ["perceptron", "mlp"])
def test_a_small_spec_goes_the_whole_way(name, tmp_path):
    run = nnspec.train(SPECS[NAMES.index(name)], run=tmp_path / "run")
    proof = nnspec.export(run)
    answers = nnspec.predict(run.path / "model.onnx", run.path / "examples.npz")
    (output,) = answers.outputs.values()
    assert proof.proven
    assert len(output.answers) == run.result()["parts"]["test"]["examples"]
    assert _figure(run) >= LEAST[name]


@pytest.mark.slow
@pytest.mark.parametrize("path", SPECS, ids=NAMES)
def test_a_spec_reaches_its_figure_and_is_proven(path, tmp_path):
    run = nnspec.train(path, run=tmp_path / "run")
    assert nnspec.export(run).proven
    assert _figure(run) >= LEAST[path.stem]


@pytest.mark.slow
def test_gradient_descent_comes_to_what_least_squares_gives(tmp_path):
    from sklearn.linear_model import LinearRegression

    network = nnspec.load(SPECS[NAMES.index("linear_regression")])
    data = load_examples(network.spec, network.folder, network.graph.output_tensors)
    (rows,), (targets,) = data.train.raw.values(), data.train.targets.values()
    (test_rows,), (test_targets,) = data.test.raw.values(), data.test.targets.values()
    reference = LinearRegression().fit(rows, targets).score(test_rows, test_targets)
    assert abs(_figure(nnspec.train(network, run=tmp_path / "run")) - reference) <= 0.02


def _figure(run) -> float:
    """The first metric of the first output, on the test part."""
    metrics = run.result()["parts"]["test"]["metrics"]
    return next(iter(next(iter(metrics.values())).values()))
