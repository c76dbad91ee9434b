"""Optimizers, by torch.optim's names, arguments and defaults."""

from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveFloat

from nnspec.layers.fields import Listed
from nnspec.objectives.described import Described
from nnspec.pycode import Code, torch

Beta = Annotated[float, Field(ge=0, lt=1)]
Betas = Annotated[tuple[Beta, Beta], Listed]


class Optimizer(Described):
    """An optimizer of torch.optim."""

    lr: PositiveFloat = Field(default=1e-3, description="learning rate")

    @property
    def states(self) -> int:
        """How many numbers it keeps for each parameter: one for each of the averages it moves."""
        return 0

    def in_words(self) -> str:
        """What a step does, with its numbers; the class's own sentence unless told."""
        return ""

    def code(self, parameters: Code, **engine: bool) -> Code:
        """The constructor's call; `engine` holds what the training engine chooses (`fused`)."""
        make: Code = getattr(torch.optim, type(self).__name__)
        return make(parameters, lr=self.lr, **{key: v for key, v in self.changed().items() if key != "lr"}, **engine)


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum where asked (Robbins & Monro 1951; Sutskever 2013)."""

    momentum: NonNegativeFloat = Field(default=0.0, description="share of the last step that is kept")
    dampening: NonNegativeFloat = Field(default=0.0, description="share of the gradient left out of the momentum")
    weight_decay: NonNegativeFloat = Field(default=0.0, description="pull of every weight towards zero")
    nesterov: bool = Field(default=False, description="look ahead along the momentum (Nesterov 1983)")

    @property
    def states(self) -> int:
        return int(self.momentum > 0)

    def in_words(self) -> str:
        if not self.momentum:
            return f"each step, weight = weight - {self.lr:g} · gradient{_pulled(self.weight_decay)}"
        return (
            f"each step, v = {self.momentum:g} · v + gradient and weight = weight - {self.lr:g} · v: the way keeps its "
            f"direction{_pulled(self.weight_decay)}"
        )


class Adam(Optimizer):
    """Adaptive moments (Kingma & Ba 2014)."""

    betas: Betas = Field(default=(0.9, 0.999), description="decay of the averages of the gradient and its square")
    eps: NonNegativeFloat = Field(default=1e-8, description="added to the root for stability")
    weight_decay: NonNegativeFloat = Field(default=0.0, description="pull towards zero, through the gradient")
    amsgrad: bool = Field(default=False, description="keep the largest average square (Reddi 2018)")

    @property
    def states(self) -> int:
        return 2 + self.amsgrad

    def in_words(self) -> str:
        return f"{_adaptive(self.lr, self.betas)}{_pulled(self.weight_decay)}"


class AdamW(Optimizer):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2017)."""

    betas: Betas = Field(default=(0.9, 0.999), description="decay of the averages of the gradient and its square")
    eps: NonNegativeFloat = Field(default=1e-8, description="added to the root for stability")
    weight_decay: NonNegativeFloat = Field(default=1e-2, description="pull towards zero, beside the gradient")
    amsgrad: bool = Field(default=False, description="keep the largest average square (Reddi 2018)")

    @property
    def states(self) -> int:
        return 2 + self.amsgrad

    def in_words(self) -> str:
        shrunk = self.lr * self.weight_decay
        beside = f"; beside it each weight shrinks by {shrunk:.2g} of itself a step" if shrunk else ""
        return f"{_adaptive(self.lr, self.betas)}{beside}"


class RMSprop(Optimizer):
    """Gradient over the root of its average square (Hinton 2012)."""

    lr: PositiveFloat = Field(default=1e-2, description="learning rate")
    alpha: Beta = Field(default=0.99, description="decay of the average square")
    eps: NonNegativeFloat = Field(default=1e-8, description="added to the root for stability")
    weight_decay: NonNegativeFloat = Field(default=0.0, description="pull of every weight towards zero")
    momentum: NonNegativeFloat = Field(default=0.0, description="share of the last step that is kept")
    centered: bool = Field(default=False, description="divide by the deviation in place of the root mean square")

    @property
    def states(self) -> int:
        return 1 + self.centered + (self.momentum > 0)

    def in_words(self) -> str:
        return (
            f"each step, weight = weight - {self.lr:g} · gradient / √v, where v is its running mean square "
            f"({self.alpha:g} of it stays): small gradients step as far as large ones{_pulled(self.weight_decay)}"
        )


def _adaptive(lr: float, betas: tuple[float, float]) -> str:
    return (
        f"each step, weight = weight - {lr:g} · m / √v, where m is the running mean of the gradient ({betas[0]:g} of "
        f"it stays) and v that of its square ({betas[1]:g}): about {lr:g} a step, whatever the gradient's scale"
    )


def _pulled(weight_decay: float) -> str:
    return f"; {weight_decay:g} · weight is added to the gradient, which pulls it towards 0" if weight_decay else ""


# Those with torch's `fused` kernel: one call for all parameters.
FUSED = (SGD, Adam, AdamW)

OPTIMIZERS: dict[str, type[Optimizer]] = {optimizer.__name__: optimizer for optimizer in (SGD, Adam, AdamW, RMSprop)}
