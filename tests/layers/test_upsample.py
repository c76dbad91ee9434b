import pytest
import torch
from refusing import refusal
from torch.nn import functional as F

from nnspec.exporting.builder import GraphBuilder
from nnspec.layers.layer import NotInOnnx
from nnspec.layers.nearest import reaching, torch_places
from nnspec.layers.upsample import Interpolate, Upsample, UpsamplingBilinear2d
from nnspec.pycode import name
from nnspec.shapes import tensor


@pytest.mark.parametrize("exact", [False, True])
def test_the_nearest_elements_are_pytorchs(exact):
    mode = "nearest-exact" if exact else "nearest"
    for size in (1, 3, 7, 14, 21):
        axis = torch.arange(size, dtype=torch.float32).expand(1, 2, size)
        for length in range(1, 50):
            picked = F.interpolate(axis, size=length, mode=mode)[0, 0].int().tolist()
            assert torch_places(size, length, None, exact=exact) == picked, (size, length)


def test_a_scale_reaches_the_size_in_single_precision_too():
    assert int(27 * (7 / 3)) == 63
    assert int(27 * reaching(27, 7 / 3, 63)) == 63


def test_a_mode_is_for_so_many_axes():
    assert refusal("Interpolate", dict(size=4, mode="bilinear"), "n 3 t") == (
        "mode",
        "mode bilinear is for 2 axes after the channels, and its input has 1",
        "for 1: linear; or nearest, nearest-exact, area",
    )


def test_what_means_nothing_to_a_mode_is_refused():
    assert refusal("Interpolate", dict(size=4, align_corners=False), "n 3 5 5") == (
        "align_corners",
        "align_corners means nothing to mode nearest",
        "it is for linear, bilinear, bicubic, trilinear",
    )
    assert refusal("Interpolate", dict(size=4, mode="area", antialias=True), "n 3 5 5") == (
        "antialias",
        "antialias means nothing to mode area",
        "it is for bilinear and bicubic",
    )
    assert refusal("Upsample", dict(size=4, recompute_scale_factor=True), "n 3 5 5") == (
        "recompute_scale_factor",
        "recompute_scale_factor needs a scale_factor, not a size",
        "",
    )


def test_the_size_is_given_in_one_way():
    for arguments in ({}, dict(size=4, scale_factor=2.0)):
        assert refusal("Upsample", arguments, "n 3 5 5") == (
            "size",
            "needs the size of its output: size or scale_factor, one of both",
            "",
        )
    assert refusal("Upsample", dict(size=[4, 4, 4]), "n 3 5 5") == (
        "size",
        "size [4, 4, 4] is for 3 axes after the channels, and its input has 2",
        "",
    )


def test_something_must_be_left():
    assert refusal("Upsample", dict(scale_factor=0.3), "n 3 5 2") == (
        "scale_factor",
        "scale_factor leaves nothing of its input of 5×2: 1×0",
        "",
    )


def test_a_symbolic_size_grows():
    assert str(Upsample(scale_factor=1.5).infer(tensor("n 3 h w"))) == "(3, h + h // 2, w + w // 2)"


@pytest.mark.parametrize(
    ("layer", "shape", "reason"),
    [
        (
            Interpolate(size=[4, 1], mode="bilinear", antialias=True),
            "n 1 9 9",
            "an antialiased image one column wide: PyTorch answers it in two ways, by the layout in memory",
        ),
        (
            Interpolate(size=4, mode="bilinear", antialias=True, align_corners=True),
            "n 1 9 9",
            "onnxruntime weighs elements otherwise than PyTorch where antialias meets align_corners",
        ),
        (
            Interpolate(scale_factor=7 / 3),
            "n 1 2",
            "PyTorch answers it in two ways, by the layout in memory; with recompute_scale_factor it has one",
        ),
        (
            Interpolate(scale_factor=1.5, mode="linear", recompute_scale_factor=True),
            "n 1 t",
            "with recompute_scale_factor, the scale of an axis of length t depends on it",
        ),
        (
            Interpolate(size=3, mode="area"),
            "n 1 t",
            "cannot pool an axis of unknown length t to 3: its windows depend on the length",
        ),
    ],
)
def test_what_onnx_would_answer_otherwise_is_not_exported(layer, shape, reason):
    graph = GraphBuilder()
    x = graph.input("x", tensor(shape))
    with pytest.raises(NotInOnnx) as caught:
        layer.to_onnx(graph.scope("resize"), x)
    assert str(caught.value) == reason


def test_the_call_is_written_as_a_person_would():
    layer = UpsamplingBilinear2d(scale_factor=2)
    assert str(layer.forward(name("x"))) == 'F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=True)'
