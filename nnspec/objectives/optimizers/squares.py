"""Optimizers that divide the gradient by the size it has had."""

from math import prod
from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveFloat

from nnspec.layers.fields import Listed
from nnspec.layers.layer import Shape
from nnspec.objectives.optimizers import Beta, Optimizer, pulled, shrunk


class RMSprop(Optimizer):
    """Gradient over the root of its average square (Hinton 2012)."""

    lr: PositiveFloat = Field(default=1e-2, description="learning rate")
    alpha: Beta = Field(default=0.99, description="decay of the average square")
    eps: NonNegativeFloat = Field(default=1e-8, description="added to the root for stability")
    weight_decay: NonNegativeFloat = Field(default=0.0, description="pull of every weight towards zero")
    momentum: NonNegativeFloat = Field(default=0.0, description="share of the last step that is kept")
    centered: bool = Field(default=False, description="divide by the deviation in place of the root mean square")

    usual = (1e-6, 3e-2)

    @property
    def states(self) -> int:
        return 1 + self.centered + (self.momentum > 0)

    def in_words(self) -> str:
        return (
            f"each step, weight = weight - {self.lr:g} · gradient / √v, where v is its running mean square "
            f"({self.alpha:g} of it stays): small gradients step as far as large ones{pulled(self.weight_decay)}"
        )


class Adagrad(Optimizer):
    """Gradient over the root of the sum of all its squares, so that seldom features learn fast (Duchi et al. 2011)."""

    lr: PositiveFloat = Field(default=1e-2, description="learning rate")
    lr_decay: NonNegativeFloat = Field(default=0.0, description="how fast lr falls: lr / (1 + step · it)")
    weight_decay: NonNegativeFloat = Field(default=0.0, description="pull of every weight towards zero")
    initial_accumulator_value: NonNegativeFloat = Field(default=0.0, description="what the sum begins with")
    eps: NonNegativeFloat = Field(default=1e-10, description="added to the root for stability")

    @property
    def states(self) -> int:
        return 1

    def in_words(self) -> str:
        return (
            f"each step, weight = weight - {self.lr:g} · gradient / √s, where s is the sum of all its squares so far: "
            f"steps only get shorter, and those of seldom features stay long{pulled(self.weight_decay)}"
        )


class Adadelta(Optimizer):
    """Gradient in units of the steps it has led to, so that the learning rate has none (Zeiler 2012)."""

    lr: PositiveFloat = Field(default=1.0, description="factor of each step")
    rho: float = Field(default=0.9, ge=0, le=1, description="decay of the average squares of gradient and step")
    eps: NonNegativeFloat = Field(default=1e-6, description="added to both roots for stability")
    weight_decay: NonNegativeFloat = Field(default=0.0, description="pull of every weight towards zero")

    @property
    def states(self) -> int:
        return 2

    def in_words(self) -> str:
        return (
            f"each step, weight = weight - {self.lr:g} · gradient · √u / √v, where v is the gradient's running mean "
            f"square and u the steps' ({self.rho:g} of each stays){pulled(self.weight_decay)}"
        )


class Adafactor(Optimizer):
    """Gradient over the root of its average square, of which a matrix keeps a row and a column alone (Shazeer & Stern
    2018).
    """

    lr: PositiveFloat = Field(default=1e-2, description="the longest step, relative to the size of the weights")
    beta2_decay: float = Field(default=-0.8, le=0, description="power of the step that the average square settles with")
    eps: Annotated[tuple[NonNegativeFloat | None, NonNegativeFloat], Listed] = Field(
        default=(None, 1e-3), description="smallest square (null for float's own), and smallest size of the weights"
    )
    d: float = Field(default=1.0, ge=1, description="root mean square that a step is clipped to")
    weight_decay: NonNegativeFloat = Field(default=0.0, description="pull towards zero, beside the gradient")

    def kept(self, shape: Shape) -> int:
        """A row and a column of the last two axes; every number of a vector."""
        if len(shape) < 2:
            return prod(shape)
        return prod(shape[:-1]) + prod((*shape[:-2], shape[-1]))

    def in_words(self) -> str:
        return (
            f"each step, weight = weight - ρ · gradient / √v, where v is its mean square, put together from a row and "
            f"a column, and ρ at most {self.lr:g} of the weights' own size{shrunk(self.lr, self.weight_decay)}"
        )
