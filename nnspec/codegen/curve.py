"""The values of a function of each element, and its derivative as training sees it."""

import torch

from nnspec.codegen.load import evaluate
from nnspec.layers.curve import Curve
from nnspec.layers.elementwise import Elementwise
from nnspec.pycode import name
from nnspec.shapes import BATCH, Tensor

POINTS = 800  # an even number, so that 0, where many bend, lies between two
NEAR, FAR = 4.0, 8.0


def trace(layer: Elementwise) -> Curve:
    """Points from -4 to 4; from -8 to 8 where something still happens there within sight."""
    far = _points(layer, FAR)
    slopes = [slope for x, slope in zip(far.x, far.slope, strict=True) if abs(x) >= NEAR]
    flat = max(slopes[: len(slopes) // 2]) - min(slopes[: len(slopes) // 2])
    steady = max(flat, max(slopes[len(slopes) // 2 :]) - min(slopes[len(slopes) // 2 :])) < 0.1
    return far if not steady and max(map(abs, far.y)) <= FAR else _points(layer, NEAR)


def _points(layer: Elementwise, reach: float) -> Curve:
    x = torch.linspace(-reach, reach, POINTS).unsqueeze(1).requires_grad_()
    code = layer.module(Tensor((BATCH, 1)))
    module = evaluate(code, {}).eval() if code else None
    y = module(x) if module else evaluate(layer.forward(name("x")), {"x": x})
    (slope,) = torch.autograd.grad(y.sum(), x)
    return Curve(*(values.detach().flatten().tolist() for values in (x, y, slope)))
