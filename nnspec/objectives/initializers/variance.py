"""Initializers that look at a parameter's shape: its variance follows from how many numbers go in and out."""

from typing import Literal

from pydantic import Field, NonNegativeFloat

from nnspec.objectives.initializers import Initializer

Nonlinearity = Literal[
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "selu",
]


class XavierUniform(Initializer):
    """Even, with the variance that keeps the size of values and of gradients (Glorot & Bengio 2010)."""

    gain: float = Field(default=1.0, description="factor for the activation that follows")

    axes = range(2, 100)


class XavierNormal(Initializer):
    """Normal, with the variance that keeps the size of values and of gradients (Glorot & Bengio 2010)."""

    gain: float = Field(default=1.0, description="factor for the activation that follows")

    axes = range(2, 100)


class _Kaiming(Initializer):
    a: float = Field(default=0.0, description="slope below 0 of the leaky_relu that follows")
    mode: Literal["fan_in", "fan_out"] = Field(
        default="fan_in", description="keep the size of values (fan_in) or of gradients (fan_out)"
    )
    nonlinearity: Nonlinearity = Field(default="leaky_relu", description="the activation that follows")

    axes = range(2, 100)


class KaimingUniform(_Kaiming):
    """Even, with the variance for rectifiers (He et al. 2015)."""


class KaimingNormal(_Kaiming):
    """Normal, with the variance for rectifiers (He et al. 2015)."""


class Orthogonal(Initializer):
    """A matrix whose rows or columns are orthogonal (Saxe et al. 2013)."""

    gain: float = Field(default=1.0, description="factor of the matrix")

    axes = range(2, 100)


class Sparse(Initializer):
    """Normal, with a share of zeros in each column (Martens 2010)."""

    sparsity: float = Field(ge=0, le=1, description="share of zeros in each column")
    std: NonNegativeFloat = Field(default=0.01, description="standard deviation of the others")

    axes = range(2, 3)
