"""Initializers, by torch.nn.init's names, arguments and defaults."""

import re
from typing import ClassVar, Literal, Self, TypeVar

from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator

from nnspec.layers.layer import Shape
from nnspec.objectives.described import Described
from nnspec.pycode import Code, nn

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


Chosen = TypeVar("Chosen", bound="Initializer")


class Initializer(Described):
    """How a parameter is filled before training. Its name in torch.nn.init is the class's: `kaiming_normal_`."""

    axes: ClassVar[range] = range(100)  # how many a parameter may have

    @classmethod
    def torch_name(cls) -> str:
        """`KaimingNormal` is `kaiming_normal_`."""
        return "_".join(re.findall("[A-Z][a-z]*", cls.__name__)).lower() + "_"

    def fault(self, shape: Shape) -> str:
        """Why a parameter of this shape cannot be filled so; nothing where it can."""
        if len(shape) in self.axes:
            return ""
        return f"{self.torch_name()} needs a parameter with {_wanted(self.axes)} axes"

    def code(self, parameter: Code) -> Code:
        """The call that fills a parameter."""
        fill: Code = getattr(nn.init, self.torch_name())
        return fill(parameter, **self.changed())


def _wanted(axes: range) -> str:
    if len(axes) == 1:
        return f"{axes.start}"
    return f"at least {axes.start}" if len(axes) > 10 else f"{axes.start} to {axes.stop - 1}"


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


_CLASSES = (
    *(Uniform, Normal, TruncNormal, Constant, Ones, Zeros, Eye, Dirac),
    *(XavierUniform, XavierNormal, KaimingUniform, KaimingNormal, Orthogonal, Sparse),
)
INITIALIZERS: dict[str, type[Initializer]] = {initializer.torch_name(): initializer for initializer in _CLASSES}
