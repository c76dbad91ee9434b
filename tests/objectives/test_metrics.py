"""Metrics: torchmetrics' own arguments, and which outputs they fit."""

import inspect

import pytest
import torchmetrics
import torchmetrics.retrieval
import torchmetrics.segmentation
import torchmetrics.text

from nnspec.objectives import METRICS

BY_TASK = ("classes", "binary")


def _torchs(metric):
    if metric == "Perplexity":
        return inspect.signature(torchmetrics.text.Perplexity).parameters
    whole = getattr(torchmetrics, metric)
    return inspect.signature(whole.__new__ if METRICS[metric].fits == BY_TASK else whole).parameters


@pytest.mark.parametrize("metric", METRICS)
def test_arguments_and_defaults_are_torchmetrics(metric):
    torchs = _torchs(metric)
    several = {"top_k": 1}  # torchmetrics has none by default, and counts with one
    for field, info in METRICS[metric].model_fields.items():
        assert info.default == several.get(field, torchs[field].default), field


@pytest.mark.parametrize("metric", METRICS)
def test_a_field_of_several_classes_is_a_field(metric):
    assert set(METRICS[metric].of_several) <= METRICS[metric].model_fields.keys()


def test_a_reason_is_given_for_a_name_of_torchmetrics_alone():
    known = {*dir(torchmetrics), *dir(torchmetrics.segmentation), *dir(torchmetrics.retrieval), "Dice"}
    assert known >= METRICS.absent.keys()
    assert not METRICS.keys() & METRICS.absent.keys()
