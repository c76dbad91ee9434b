"""Steps on series, against torch and numpy."""

import numpy as np
import pytest
import torch

from nnspec.prepare.series import Difference, Pad, Spectrogram, Truncate
from nnspec.shapes import ShapeError, Tensor, symbol

SERIES = np.random.default_rng(0).normal(size=(3, 50)).astype(np.float32)


@pytest.mark.parametrize(("n_fft", "hop_length", "power"), [(16, 4, 2.0), (15, 7, 1.0), (8, 8, 0.5), (50, 1, 2.0)])
def test_a_spectrogram_equals_torchs(n_fft, hop_length, power):
    found = Spectrogram(n_fft=n_fft, hop_length=hop_length, power=power).apply(SERIES, {})
    window = torch.hann_window(n_fft)
    waves = torch.stft(torch.from_numpy(SERIES), n_fft, hop_length, window=window, center=False, return_complex=True)
    np.testing.assert_allclose(found, waves.abs().pow(power).numpy(), rtol=1e-3, atol=1e-4)


def test_a_difference_of_a_lag_takes_the_season_out():
    season = np.tile(np.arange(7, dtype=np.float32), 4)[None] + np.arange(28, dtype=np.float32) // 7
    assert Difference(lag=7).apply(season, {}).tolist() == [[1.0] * 21]
    assert Difference().apply(SERIES, {}).tolist() == np.diff(SERIES).tolist()


def test_a_series_is_cut_or_filled_on_the_side_that_is_asked_for():
    row = np.array([[1, 2, 3]])
    assert Truncate(length=2).apply(row, {}).tolist() == [[1, 2]]
    assert Truncate(length=2, last=True).apply(row, {}).tolist() == [[2, 3]]
    assert Pad(length=5, value=9).apply(row, {}).tolist() == [[1, 2, 3, 9, 9]]
    assert Pad(length=5, before=True).apply(row, {}).tolist() == [[0, 0, 1, 2, 3]]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Difference(lag=9), "a lag of 9 leaves nothing of a series of length 9"),
        (Spectrogram(), "a window of 256 samples is longer than the series, 9"),
    ],
)
def test_a_series_that_is_too_short_is_told(step, message):
    with pytest.raises(ShapeError) as caught:
        step.infer(Tensor(("n", 9)))
    assert caught.value.message == message


def test_a_series_of_any_length_is_told():
    with pytest.raises(ShapeError) as caught:
        Truncate(length=3).infer(Tensor(("n", symbol("T"))))
    assert caught.value.help == "write the length in the input's shape"
