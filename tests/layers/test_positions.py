"""Positions: what is refused, and that they are what their papers say."""

import pytest
import torch
from refusing import refusal

from nnspec.codegen.load import defined, evaluate
from nnspec.layers import find
from nnspec.layers.positions import ALiBi
from nnspec.shapes import tensor


@pytest.mark.parametrize("kind", ["RotaryEmbedding", "SinusoidalPositions"])
def test_features_are_taken_in_pairs(kind):
    message = "needs an even last axis, got 5: features are taken in pairs"
    assert refusal(kind, {}, "n t 5") == ("", message, "")


def test_every_position_needs_a_vector():
    message = "max_length 4 is less than the 5 positions of its input"
    assert refusal("LearnedPositions", dict(max_length=4), "n 5 8") == ("max_length", message, "")


def test_a_longer_sequence_than_there_are_vectors_is_refused_when_it_comes():
    layer = _module("LearnedPositions", "n t 4", max_length=1)
    with pytest.raises(IndexError):
        layer(torch.zeros(1, 2, 4))


@pytest.mark.parametrize("interleaved", [False, True])
def test_products_of_turned_vectors_depend_on_their_distance_alone(interleaved):
    turn = _module("RotaryEmbedding", "n t 8", interleaved=interleaved)
    torch.manual_seed(0)
    query, key = (torch.randn(1, 1, 8).expand(1, 6, 8) for _ in range(2))
    products = turn(query)[0] @ turn(key)[0].T
    for distance in range(-5, 6):
        diagonal = products.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal))
    assert products[0].unique().numel() == 6
    torch.testing.assert_close(turn(query)[:, :1], query[:, :1])


def test_a_pair_is_a_feature_of_each_half_or_two_neighbours():
    x = torch.tensor([[[0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]])
    cos, sin = torch.tensor(1.0).cos().item(), torch.tensor(1.0).sin().item()
    halves, neighbours = (_module("RotaryEmbedding", "n t 4", interleaved=each)(x) for each in (False, True))
    torch.testing.assert_close(halves[0, 1], torch.tensor([cos, 0.0, sin, 0.0]))
    torch.testing.assert_close(neighbours[0, 1], torch.tensor([cos, sin, 0.0, 0.0]))


def test_waves_are_those_of_the_paper():
    waves = _module("SinusoidalPositions", "n t 4")(torch.zeros(1, 3, 4))
    angles = [[t, t / 100] for t in range(3)]
    wanted = [[f(torch.tensor(float(a))) for a in row for f in (torch.sin, torch.cos)] for row in angles]
    torch.testing.assert_close(waves[0], torch.tensor(wanted))


def test_slopes_are_those_of_the_paper():
    query = tensor("n 8 t 4")
    eight = [2.0**-place for place in range(1, 9)]
    assert str(ALiBi().module(query)) == f"ALiBi({eight})"
    assert str(ALiBi().module(tensor("n 3 t 4"))) == "ALiBi([0.0625, 0.00390625, 0.25])"
    bias = _module("ALiBi", "n 8 t 4")(torch.zeros(1, 8, 3, 4), torch.zeros(1, 8, 3, 4))
    far = float("-inf")
    assert bias[0, 0].tolist() == [[0, far, far], [-0.5, 0, far], [-1, -0.5, 0]]


def _module(kind, shape, **arguments):
    layer_type = find(kind)
    return evaluate(layer_type(**arguments).module(tensor(shape)), defined(layer_type))
