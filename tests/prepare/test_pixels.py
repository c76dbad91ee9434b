"""Steps on images, against torch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from nnspec.exporting.builder import GraphBuilder, to_bytes
from nnspec.prepare.fitted import apply, fit
from nnspec.prepare.numeric import MinMax, RobustScale, Scale, Standardize
from nnspec.prepare.pixels import CenterCrop, Grayscale, NormalizeImage, Resize, ToChannelsFirst
from nnspec.runtime import open_session
from nnspec.shapes import ShapeError, Tensor


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("size", [(8, 9), (3, 4), (20, 17), (13, 2)])
def test_resize_equals_torch(size):
    rows = images(2, 3, 13, 9)
    wanted = F.interpolate(torch.from_numpy(rows).float(), size, mode="bilinear", antialias=True, align_corners=False)
    np.testing.assert_allclose(Resize(size=list(size)).apply(rows, {}), wanted.numpy(), atol=1e-3)


def test_grayscale_weighs_red_green_and_blue():
    points = np.array([[[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]]], dtype=np.uint8)
    grey = Grayscale(dim=-1).apply(points, {})
    np.testing.assert_allclose(grey.reshape(-1), [76.245, 149.685, 29.07, 255.0], rtol=1e-6)
    np.testing.assert_array_equal(Grayscale().apply(points.transpose(0, 3, 1, 2), {}).reshape(-1), grey.reshape(-1))


def test_channels_come_first():
    rows = images(2, 5, 4, 3)
    np.testing.assert_array_equal(ToChannelsFirst().apply(rows, {}), rows.transpose(0, 3, 1, 2))


def test_the_middle_is_cut_out():
    rows = np.arange(35, dtype=np.float32).reshape(1, 1, 5, 7)
    np.testing.assert_array_equal(CenterCrop(size=[3, 2]).apply(rows, {}), rows[:, :, 1:4, 2:4])


def test_an_image_is_normalised_as_published_weights_want_it():
    rows = images(2, 3, 4, 4)
    mean, std = (torch.tensor(values).reshape(1, 3, 1, 1) for values in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    wanted = (torch.from_numpy(rows) / 255 - mean) / std
    np.testing.assert_allclose(NormalizeImage().apply(rows, {}), wanted.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("step", "shape", "message"),
    [
        (Grayscale(), (1, 5, 4, 3), "takes images of 3 channels (or 1), got 5 along dim 1"),
        (CenterCrop(size=[9, 2]), (1, 3, 8, 8), "size [9, 2] is larger than the image, 8×8"),
        (NormalizeImage(), (1, 1, 8, 8), "mean has 3 numbers, the image 1 channels"),
    ],
)
def test_an_image_that_does_not_fit_is_told(step, shape, message):
    with pytest.raises(ShapeError) as caught:
        step.infer(Tensor(shape, "uint8"))
    assert caught.value.message == message


@pytest.mark.parametrize("step", [Scale(factor=255.0), Standardize(dim=1), MinMax(dim=1), RobustScale(dim=1)])
def test_numeric_steps_take_bytes(step):
    rows = images(20, 3, 4, 4)
    x = Tensor(("batch", 3, 4, 4), "uint8")
    assert step.infer(x) == Tensor(("batch", 3, 4, 4))
    fitted = fit([step], rows)
    builder = GraphBuilder()
    scope = builder.scope("step")
    (value,) = scope.finish(step.to_onnx(scope, builder.input("x", x), fitted[0].state), [step.infer(x)])
    builder.output(value, "y", step.infer(x))
    there = open_session(to_bytes(builder.model("step"))).run({"x": rows})["y"]
    np.testing.assert_allclose(there, apply(fitted, rows), rtol=1e-6, atol=1e-6)
