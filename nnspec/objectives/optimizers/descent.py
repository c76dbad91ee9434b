"""Optimizers that follow the gradient, or its sign alone."""

from typing import Annotated, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from nnspec.layers.fields import Listed
from nnspec.objectives.optimizers import Optimizer, pulled

Shrinking = Annotated[float, Field(gt=0, lt=1)]
Growing = Annotated[float, Field(gt=1)]


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum where asked (Robbins & Monro 1951; Sutskever 2013)."""

    momentum: NonNegativeFloat = Field(default=0.0, description="share of the last step that is kept")
    dampening: NonNegativeFloat = Field(default=0.0, description="share of the gradient left out of the momentum")
    weight_decay: NonNegativeFloat = Field(default=0.0, description="pull of every weight towards zero")
    nesterov: bool = Field(default=False, description="look ahead along the momentum (Nesterov 1983)")

    fused = True
    usual = (1e-4, 1.0)
    first_try = "0.01"

    @model_validator(mode="after")
    def _looks_ahead(self) -> Self:
        if self.nesterov and (not self.momentum or self.dampening):
            raise ValueError("nesterov needs a momentum, and no dampening")
        return self

    @property
    def states(self) -> int:
        return int(self.momentum > 0)

    def in_words(self) -> str:
        if not self.momentum:
            return f"each step, weight = weight - {self.lr:g} · gradient{pulled(self.weight_decay)}"
        return (
            f"each step, v = {self.momentum:g} · v + gradient and weight = weight - {self.lr:g} · v: the way keeps its "
            f"direction{pulled(self.weight_decay)}"
        )


class ASGD(Optimizer):
    """Averaged stochastic gradient descent, whose steps shrink with time (Polyak & Juditsky 1992).

    The average of the weights that PyTorch keeps beside them is not used.
    """

    lr: PositiveFloat = Field(default=1e-2, description="learning rate")
    lambd: NonNegativeFloat = Field(default=1e-4, description="share of a weight that decays at each step")
    alpha: float = Field(default=0.75, description="power of the time that the learning rate falls with")
    t0: NonNegativeFloat = Field(default=1e6, description="step at which averaging begins")
    weight_decay: NonNegativeFloat = Field(default=0.0, description="pull of every weight towards zero")

    @property
    def states(self) -> int:
        return 1

    def in_words(self) -> str:
        return (
            f"each step, weight = weight - η · gradient, where η falls from {self.lr:g} as (1 + {self.lambd:g} · "
            f"{self.lr:g} · step)^-{self.alpha:g}{pulled(self.weight_decay)}"
        )


class Rprop(Optimizer):
    """Resilient backpropagation: each weight has a step length of its own, and the gradient gives its sign alone
    (Riedmiller & Braun 1993). For `batch_size: full`.
    """

    lr: PositiveFloat = Field(default=1e-2, description="length of the first step")
    etas: Annotated[tuple[Shrinking, Growing], Listed] = Field(
        default=(0.5, 1.2), description="factors of the length where the sign has turned, and where it stayed"
    )
    step_sizes: Annotated[tuple[PositiveFloat, PositiveFloat], Listed] = Field(
        default=(1e-6, 50.0), description="shortest and longest step"
    )

    @property
    def states(self) -> int:
        return 2

    def in_words(self) -> str:
        return (
            f"each step, every weight moves by a length of its own against its gradient's sign: {self.lr:g} at first, "
            f"times {self.etas[1]:g} while the sign stays and times {self.etas[0]:g} where it turns"
        )
