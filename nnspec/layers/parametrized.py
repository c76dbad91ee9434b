"""Weights that are computed from others: torch.nn.utils.parametrizations, for layers whose weight has a row an output.

`weight_norm` learns the length and the direction of each row apart (Salimans & Kingma 2016); `spectral_norm` divides by
the largest singular value, which each training step comes closer to (Miyato et al. 2018). An exported file holds the
weight that they give.
"""

from math import prod
from typing import Any, Literal

from pydantic import Field

from nnspec.layers.layer import Array, OnnxBuilder, Shape, Value
from nnspec.pycode import Code, nn

Parametrization = Literal["weight_norm", "spectral_norm"] | None
PARAMETRIZATION: Any = Field(
    default=None,
    description="how the weight is computed: `weight_norm` from lengths and directions, `spectral_norm` as one that "
    "stretches nothing",
)
LENGTH, DIRECTION, PLAIN = (f"parametrizations.weight.original{end}" for end in ("0", "1", ""))
U, V = "parametrizations.weight.0._u", "parametrizations.weight.0._v"


def parametrized(module: Code, how: Parametrization) -> Code:
    """The module, wrapped where its weight is computed."""
    made: Code = getattr(nn.utils.parametrizations, how)(module) if how else module
    return made


def learnt(shapes: dict[str, Shape], how: Parametrization) -> dict[str, Shape]:
    """What is learnt in place of the weight, in the order of the state dict."""
    if how is None:
        return shapes
    weight = shapes["weight"]
    rest = {name: shape for name, shape in shapes.items() if name != "weight"}
    if how == "spectral_norm":
        return {**rest, PLAIN: weight}
    return {**rest, LENGTH: (weight[0], *[1] * (len(weight) - 1)), DIRECTION: weight}


def kept(weight: Shape, how: Parametrization) -> dict[str, Shape]:
    """What is kept without learning it: the singular vectors of the largest singular value."""
    return {U: weight[:1], V: (prod(weight[1:]),)} if how == "spectral_norm" else {}


def weight_of(g: OnnxBuilder, how: Parametrization, *, transposed: bool = False) -> Value:
    """The weight as the file holds it."""
    if how is None:
        return g.transposed("weight") if transposed else g.parameter("weight")
    weight = _weight(g, how)
    return g.constant(weight.T if transposed else weight, name="weight")


def _weight(g: OnnxBuilder, how: Parametrization) -> Array:
    if how == "spectral_norm":
        weight = g.weights(PLAIN)
        rows = weight.reshape((weight.shape[0], prod(weight.shape[1:])))
        sigma = (g.weights(U).reshape((weight.shape[0], 1)) * rows * g.weights(V)).sum()
        return weight / sigma
    direction = g.weights(DIRECTION)
    axes = tuple(range(1, len(direction.shape)))
    length = (direction * direction).sum(axis=axes, keepdims=True) ** 0.5
    return direction * (g.weights(LENGTH) / length)
