import torch
from refusing import refusal
from torch import nn

from nnspec.codegen.load import defined, evaluate
from nnspec.layers.vision import DropPath, LayerNorm2d, LayerScale, SqueezeExcite
from nnspec.shapes import tensor


def made(layer, shape):
    return evaluate(layer.module(tensor(shape)), defined(type(layer)))


def test_a_layer_norm_of_channels_is_pytorchs_over_the_last_axis():
    module, x = made(LayerNorm2d(), "n 6 h w"), torch.randn(2, 6, 3, 4, generator=torch.Generator().manual_seed(0))
    wanted = nn.LayerNorm(6, eps=1e-6)(x.movedim(1, -1)).movedim(-1, 1)
    assert torch.equal(module(x), wanted)


def test_a_path_is_dropped_for_whole_examples_and_in_training_alone():
    torch.manual_seed(0)
    module, x = made(DropPath(p=0.25), "n 3"), torch.ones(4000, 3)
    assert module.eval()(x) is x
    dropped = module.train()(x)
    assert set(dropped.unique().tolist()) == {0.0, float(torch.tensor(1.0) / 0.75)}
    assert bool((dropped == dropped[:, :1]).all())
    assert abs(float(dropped.mean()) - 1) < 0.05


def test_a_path_that_is_always_dropped_is_zero():
    assert made(DropPath(p=1.0), "n 3").train()(torch.ones(5, 3)).tolist() == [[0.0] * 3] * 5


def test_a_scale_starts_where_it_is_told():
    module = made(LayerScale(init_value=0.1, dim=1), "n 4 h w")
    assert torch.equal(module.gamma, torch.full((4, 1, 1), 0.1))


def test_channels_are_squeezed_to_some():
    assert refusal("SqueezeExcite", dict(reduction=16), "n 8 4 4") == (
        "reduction",
        "reduction 16 leaves none of the 8 channels of its input",
        "a reduction of at most 8 fits; or give squeeze_channels",
    )
    assert SqueezeExcite(reduction=4).macs(tensor("n 16 h w")) == 2 * 16 * 4
