"""Every preparation step keeps its contract, and equals its counterpart in scikit-learn."""

import json

import numpy as np
import pytest
from sklearn.preprocessing import RobustScaler, StandardScaler

from nnspec.prepare import FittedOutput, FittedStep, Preparation, find
from nnspec.prepare.find import FAMILY_OF
from nnspec.prepare.fitted import apply, fit, invert
from nnspec.prepare.numeric import Clip, RobustScale, Scale, Standardize
from nnspec.shapes import ShapeError, tensor
from nnspec.testing import check_step

SIZES = {"batch": 50, "h": 6, "t": 7, "w": 5}


def random_rows(x, seed=0):
    shape = x.bind(SIZES).shape
    return np.random.default_rng(seed).normal(3, 40, shape).astype(x.dtype)


def same(given, wanted):
    return given.dtype == wanted.dtype and np.array_equal(given, wanted)


@pytest.mark.parametrize("name", FAMILY_OF)
def test_a_step_keeps_its_contract(name):
    assert find(name).__name__ == name
    check_step(find(name))


def test_a_preparation_survives_json():
    (step,) = fit([Standardize()], np.arange(12, dtype=np.float32).reshape(4, 3))
    outputs = {"kind": FittedOutput(classes=("cat", 2, True)), "price": FittedOutput(steps=(step,))}
    preparation = Preparation({"x": (step, FittedStep(Scale(factor=2)))}, outputs, {"x": ("a", "b", "c")})
    assert Preparation.from_json(json.loads(json.dumps(preparation.as_json()))) == preparation


def test_steps_are_fitted_on_what_the_ones_before_give():
    rows = np.array([[0], [10], [20]], np.float32)
    scale, standardize = fit([Scale(factor=10), Standardize()], rows)
    assert standardize.state == {"mean": [1.0], "std": [np.sqrt(2 / 3)]}
    assert apply([scale, standardize], rows).ravel().tolist() == pytest.approx([-np.sqrt(1.5), 0, np.sqrt(1.5)])
    assert same(invert([scale, standardize], apply([scale, standardize], rows)), rows)


COLUMNS = {
    "ordinary": [1, 2, 3, 4.5],
    "constant": [5, 5, 5, 5],
    "constant, no short binary fraction": [0.1, 0.1, 0.1, 0.1],
    "huge": [1e30, 2e30, -3e30, 5e29],
    "tiny": [1e-30, 2e-30, -3e-30, 5e-31],
    "far from zero": [1e6 + 1, 1e6 + 2, 1e6 + 3, 1e6 + 4],
    "nearly all alike": [0, 0, 0, 1e-3],
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_standardize_equals_the_standard_scaler(column):
    rows = np.array(column, np.float32).reshape(-1, 1)
    steps = fit([Standardize()], rows)
    reference = StandardScaler().fit(rows.astype(np.float64))
    np.testing.assert_allclose(steps[0].state["mean"], reference.mean_, rtol=1e-12)
    np.testing.assert_allclose(steps[0].state["std"], reference.scale_, rtol=1e-7)
    np.testing.assert_allclose(apply(steps, rows), reference.transform(rows.astype(np.float64)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(invert(steps, apply(steps, rows)), rows, rtol=1e-5)


@pytest.mark.parametrize("low, high", [(25.0, 75.0), (10.0, 90.0), (0.0, 100.0)])
@pytest.mark.parametrize("column", [rows for name, rows in COLUMNS.items() if name != "tiny"])
def test_robust_scale_equals_the_robust_scaler(column, low, high):
    rows = np.array(column, np.float32).reshape(-1, 1)
    steps = fit([RobustScale(low=low, high=high)], rows)
    wide = rows.astype(np.float64)
    reference = RobustScaler(quantile_range=(low, high)).fit(wide)
    np.testing.assert_allclose(steps[0].state["median"], reference.center_, rtol=1e-12)
    np.testing.assert_allclose(steps[0].state["range"], reference.scale_, rtol=1e-12)
    np.testing.assert_allclose(apply(steps, rows), reference.transform(wide), rtol=1e-4, atol=1e-6)


def test_robust_scale_takes_a_tiny_range_as_it_is():
    rows = np.array([0, 1e-30, 2e-30, 3e-30, 4e-30], np.float32).reshape(-1, 1)
    np.testing.assert_allclose(apply(fit([RobustScale()], rows), rows).ravel(), [-1, -0.5, 0, 0.5, 1], rtol=1e-5)


def test_robust_scale_takes_the_channels_of_images():
    rows = random_rows(tensor("n 3 h w"))
    (step,) = fit([RobustScale()], rows)
    assert np.asarray(step.state["median"]).shape == (3, 1, 1)
    np.testing.assert_allclose(np.median(apply([step], rows), axis=(0, 2, 3)), 0, atol=1e-6)


def test_clip_holds_numbers_within_its_limits():
    rows = np.array([[-9, -1, 0, 2, 9]], np.float32)
    assert apply(fit([Clip(min=-1, max=2)], rows), rows).tolist() == [[-1, -1, 0, 2, 2]]


@pytest.mark.parametrize("make", [lambda: RobustScale(low=75.0, high=25.0), lambda: Clip(min=2.0, max=1.0)])
def test_limits_in_the_wrong_order_are_refused(make):
    with pytest.raises(ValueError, match="must"):
        make()


def test_an_entry_that_never_changes_is_only_centred():
    rows = np.array([[5, 1], [5, 3]], np.float32)
    steps = fit([Standardize()], rows)
    assert steps[0].state == {"mean": [5.0, 2.0], "std": [1.0, 1.0]}
    assert apply(steps, rows).tolist() == [[0, -1], [0, 1]]


def test_a_deviation_that_float32_cannot_divide_by_counts_as_none():
    rows = np.zeros((1000, 1), np.float32)
    rows[0] = 1e-44
    (step,) = fit([Standardize()], rows)
    assert step.state["std"] == [1.0]


def test_one_row_is_centred():
    rows = np.array([[3, 4]], np.float32)
    assert apply(fit([Standardize()], rows), rows).tolist() == [[0, 0]]


def test_standardize_takes_the_channels_of_images():
    rows = random_rows(tensor("n 3 h w"))
    prepared = apply(fit([Standardize(dim=1)], rows), rows)
    assert np.asarray(fit([Standardize(dim=1)], rows)[0].state["mean"]).shape == (3, 1, 1)
    np.testing.assert_allclose(prepared.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(prepared.std(axis=(0, 2, 3)), 1, atol=1e-5)


def test_another_length_goes_through_steps_fitted_on_one_length():
    rows = random_rows(tensor("n t 5"))
    steps = fit([Standardize(dim=-1)], rows)
    assert same(apply(steps, rows)[:, :3], apply(steps, rows[:, :3]))


@pytest.mark.parametrize(
    "step, x, message",
    [
        (Standardize(), "int64 n 4", "needs an input of real numbers (float32) or bytes (uint8), got int64"),
        (Standardize(dim=2), "n 4", "dim 2 is not an axis of its input, which has 2 axes with the batch"),
        (Standardize(dim=0), "n 4", "dim 0 is the batch axis"),
        (
            Standardize(),
            "n t 4",
            "dim 1 is an axis of no fixed length (t), and each of its entries needs a mean",
        ),
        (Scale(factor=2), "int64 n 4", "needs an input of real numbers (float32) or bytes (uint8), got int64"),
    ],
)
def test_a_step_that_does_not_fit_says_why(step, x, message):
    with pytest.raises(ShapeError) as caught:
        step.infer(tensor(x))
    assert caught.value.message == message


@pytest.mark.parametrize("factor", [0, 0.0, 1e-50, 1e39])
def test_scale_refuses_what_float32_cannot_divide_by(factor):
    with pytest.raises(ValueError, match="must"):
        Scale(factor=factor)
