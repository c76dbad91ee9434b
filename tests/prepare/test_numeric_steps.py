"""Steps on numbers equal their counterparts in scikit-learn, on ordinary and on nasty columns."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler, QuantileTransformer, RobustScaler, StandardScaler

from nnspec.prepare.bins import KBins
from nnspec.prepare.fitted import apply, fit, fit_chunks
from nnspec.prepare.impute import Impute
from nnspec.prepare.moments import Kept, Moments
from nnspec.prepare.numeric import Log1p, MinMax, RobustScale, Standardize
from nnspec.prepare.quantile import Quantile
from nnspec.prepare.step import FitError
from nnspec.prepare.whiten import Whiten

RANDOM = np.random.default_rng(3)
COLUMNS = {
    "ordinary": RANDOM.normal(3, 40, 500),
    "skewed": RANDOM.lognormal(0, 2, 500),
    "constant": np.full(50, 0.1),
    "huge": RANDOM.normal(0, 1e30, 200),
    "few values": RANDOM.integers(0, 4, 300),
    "far from zero": 1e6 + RANDOM.integers(0, 50, 300),
    "one row": np.array([3.5]),
    "missing": np.where(RANDOM.random(300) < 0.2, np.nan, RANDOM.normal(0, 5, 300)),
}
# float32 holds 1,000,000.03 as 1,000,000.0: what lies between whole numbers that far from zero is lost.
LOST = {"far from zero": 5e-3}
each_column = pytest.mark.parametrize("name", COLUMNS)


def rows_of(name):
    return COLUMNS[name].astype(np.float32).reshape(-1, 1)


def learnt(step, rows):
    return apply(fit([step], rows), rows)


def by_sklearn(scaler, rows):
    return scaler.fit(rows.astype(np.float64)).transform(rows.astype(np.float64))


@each_column
@pytest.mark.parametrize("low, high", [(0.0, 1.0), (-1.0, 3.0)])
def test_min_max_equals_the_min_max_scaler(name, low, high):
    rows = rows_of(name)
    wanted = by_sklearn(MinMaxScaler(feature_range=(low, high)), rows)
    np.testing.assert_allclose(learnt(MinMax(low=low, high=high), rows), wanted, rtol=1e-4, atol=1e-5)


@each_column
def test_scalers_leave_missing_numbers_out_as_scikit_learn_does(name):
    rows = rows_of(name)
    np.testing.assert_allclose(
        learnt(Standardize(), rows), by_sklearn(StandardScaler(), rows), rtol=1e-4, atol=LOST.get(name, 1e-5)
    )
    np.testing.assert_allclose(
        learnt(RobustScale(), rows), by_sklearn(RobustScaler(), rows), rtol=1e-4, atol=LOST.get(name, 1e-5)
    )


@each_column
@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent"])
def test_impute_equals_the_simple_imputer(name, strategy):
    rows = rows_of(name)
    wanted = by_sklearn(SimpleImputer(strategy=strategy), rows)
    np.testing.assert_allclose(learnt(Impute(strategy=strategy), rows), wanted, rtol=1e-6)


def test_impute_fills_in_a_constant_and_tells_what_was_missing():
    rows = np.array([[1, np.nan], [np.nan, 4]], np.float32)
    found = learnt(Impute(strategy="constant", value=-1.0, indicator=True), rows)
    assert found.tolist() == [[1, -1, 0, 1], [-1, 4, 1, 0]]
    assert np.array_equal(found[:, 2:], MissingIndicator(features="all").fit_transform(rows))


@each_column
@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_quantile_equals_the_quantile_transformer(name, distribution):
    rows = rows_of(name)
    count = min(50, len(rows))
    reference = QuantileTransformer(n_quantiles=count, output_distribution=distribution, subsample=None)
    wanted = by_sklearn(reference, rows)
    if count > 1:
        found = learnt(Quantile(quantiles=count, distribution=distribution), rows)
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=LOST.get(name, 1e-4))


def test_quantile_holds_what_is_beyond_the_training_rows():
    steps = fit([Quantile(quantiles=5)], np.arange(9, dtype=np.float32).reshape(-1, 1))
    beyond = np.array([[-7], [0], [8], [99], [np.nan]], np.float32)
    assert apply(steps, beyond).ravel().tolist()[:4] == [0, 0, 1, 1]
    assert np.isnan(apply(steps, beyond)[4, 0])


@pytest.mark.parametrize("name", [name for name in COLUMNS if name not in ("missing", "one row", "constant")])
@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
@pytest.mark.parametrize("encode", ["onehot", "ordinal"])
def test_k_bins_equals_the_k_bins_discretizer(name, strategy, encode):
    rows = rows_of(name)
    reference = KBinsDiscretizer(
        4,
        encode="onehot-dense" if encode == "onehot" else encode,
        strategy=strategy,
        subsample=None,
        **({"quantile_method": "linear"} if strategy == "quantile" else {}),
    )
    if name == "few values" and strategy == "quantile":
        pytest.skip("scikit-learn leaves empty bins out, where the width has to be known before")
    wanted = by_sklearn(reference, rows)
    found = learnt(KBins(bins=4, strategy=strategy, encode=encode), rows)
    # An edge that float32 rounds may move the one row that lies on it.
    assert (found != wanted).any(axis=1).sum() <= 3


def test_k_bins_of_one_number_leave_all_but_one_empty():
    rows = np.full((5, 1), 2.0, np.float32)
    assert learnt(KBins(bins=3, encode="ordinal"), rows).ravel().tolist() == [2] * 5
    assert learnt(KBins(bins=3), rows)[0].tolist() == [0, 0, 1]


CORRELATED = (RANDOM.normal(size=(400, 5)) @ RANDOM.normal(size=(5, 5)) + 7).astype(np.float32)


@pytest.mark.parametrize("components", [None, 2])
def test_whiten_equals_pca(components):
    found = learnt(Whiten(components=components), CORRELATED)
    wanted = by_sklearn(PCA(components, whiten=True), CORRELATED)
    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(np.cov(found.T), np.eye(components or 5), atol=1e-3)


def test_zca_whitens_and_stays_near_what_it_was():
    found = learnt(Whiten(method="zca"), CORRELATED)
    np.testing.assert_allclose(np.cov(found.T), np.eye(5), atol=1e-3)
    alike = np.corrcoef(found.T, CORRELATED.T)[:5, 5:].diagonal()
    assert (alike > 0).all()


def test_a_direction_without_variance_becomes_zero():
    twice = np.concatenate([CORRELATED, CORRELATED[:, :1]], axis=1)
    found = learnt(Whiten(), twice)
    assert (found[:, 5] == 0).all()
    np.testing.assert_allclose(np.cov(found[:, :5].T), np.eye(5), atol=1e-3)


def test_log1p_is_exact_for_small_numbers():
    rows = np.array([[0, 1e-20, 1e-9, 1e-4, 1, 1e20, -0.999]], np.float32)
    np.testing.assert_allclose(learnt(Log1p(), rows), np.log1p(rows.astype(np.float64)), rtol=1e-6)


def test_log1p_refuses_training_rows_without_a_logarithm():
    with pytest.raises(FitError) as caught:
        fit([Log1p()], np.array([[3], [-1]], np.float32))
    assert caught.value.message == "log(1 + x) needs numbers above -1, a training row has -1"
    assert caught.value.step == "Log1p"


@pytest.mark.parametrize("step", [Impute(), Impute(strategy="median"), Standardize(), MinMax(), Quantile()])
def test_an_entry_without_any_number_is_told(step):
    rows = np.array([[1, np.nan], [2, np.nan]], np.float32)
    with pytest.raises(FitError) as caught:
        fit([step], rows)
    assert (caught.value.message, caught.value.entry) == ("no training row has a value", 1)


@pytest.mark.parametrize("step", [Standardize(dim=-1), MinMax(dim=-1), RobustScale(dim=-1), Impute(), Whiten()])
def test_what_is_learnt_in_chunks_is_what_is_learnt_at_once(step):
    rows = RANDOM.normal(1e3, 1, (5000, 4)).astype(np.float32)
    (at_once,), (chunked,) = fit([step], rows), fit_chunks([step], lambda: np.array_split(rows, 37))
    np.testing.assert_allclose(apply([chunked], rows), apply([at_once], rows), rtol=1e-4, atol=1e-4)


def test_moments_are_those_of_all_rows():
    rows = RANDOM.normal(1e6, 1, (10_000, 2))
    found = Moments(1, lambda moments: {"mean": moments.mean, "std": moments.deviation})
    for chunk in np.array_split(rows, 101):
        found.update(chunk)
    state = found.state()
    np.testing.assert_allclose(state["mean"], rows.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(state["std"], rows.std(axis=0), rtol=1e-9)


def test_of_more_numbers_than_are_kept_a_sample_stays_that_tells_the_same():
    rows = RANDOM.normal(0, 1, (60_000, 2)).astype(np.float32)
    found = Kept(1, lambda kept: {"medians": [float(np.median(values)) for values in kept.entries]}, most=20_000)
    for chunk in np.array_split(rows, 60):
        found.update(chunk)
    assert max(len(values) for values in found.entries) <= 21_000
    assert np.abs(found.state()["medians"]).max() < 0.05
