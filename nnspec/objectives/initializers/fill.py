"""Initializers of one distribution or one value, whatever the parameter's shape."""

from typing import Self, TypeVar

from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator

from nnspec.layers.layer import Shape
from nnspec.objectives.initializers import Initializer

Chosen = TypeVar("Chosen", bound=Initializer)


def _ordered(initializer: Chosen, a: float, b: float) -> Chosen:
    if a > b:
        raise ValueError(f"a is the lowest value and b the highest, but a {a:g} is above b {b:g}")
    return initializer


class Uniform(Initializer):
    """Evenly between a and b."""

    a: float = Field(default=0.0, description="the lowest value")
    b: float = Field(default=1.0, description="the highest value")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        return _ordered(self, self.a, self.b)


class Normal(Initializer):
    """Normally distributed."""

    mean: float = Field(default=0.0, description="mean of the distribution")
    std: NonNegativeFloat = Field(default=1.0, description="standard deviation of the distribution")


class TruncNormal(Initializer):
    """Normally distributed, and drawn again outside a to b."""

    mean: float = Field(default=0.0, description="mean of the distribution")
    std: NonNegativeFloat = Field(default=1.0, description="standard deviation of the distribution")
    a: float = Field(default=-2.0, description="the lowest value")
    b: float = Field(default=2.0, description="the highest value")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        return _ordered(self, self.a, self.b)


class Constant(Initializer):
    """One value everywhere."""

    val: float = Field(description="the value")


class Ones(Initializer):
    """Ones everywhere."""


class Zeros(Initializer):
    """Zeros everywhere."""


class Eye(Initializer):
    """The identity matrix."""

    axes = range(2, 3)


class Dirac(Initializer):
    """A convolution that gives on its input, as far as it has channels for it."""

    groups: PositiveInt = Field(default=1, description="groups of channels of the convolution")

    axes = range(3, 6)

    def fault(self, shape: Shape) -> str:
        """The groups share the output channels."""
        if wrong := Initializer.fault(self, shape):
            return wrong
        return f"dirac_ has {self.groups} groups, which do not divide {shape[0]}" if shape[0] % self.groups else ""
