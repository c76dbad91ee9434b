"""Optimizers, by torch.optim's names, arguments and defaults.

`maximize`, `foreach`, `capturable`, `differentiable` and `fused` are left to the training: they change nothing about
what is learnt, or turn it round.
"""

from collections.abc import Iterable
from math import prod
from typing import Annotated, ClassVar

from pydantic import Field, PositiveFloat

from nnspec.layers.fields import Listed
from nnspec.layers.layer import Shape
from nnspec.objectives.described import Described
from nnspec.objectives.table import Table
from nnspec.pycode import Code, torch

Beta = Annotated[float, Field(ge=0, lt=1)]
Betas = Annotated[tuple[Beta, Beta], Listed]


class Optimizer(Described):
    """An optimizer of torch.optim."""

    fused: ClassVar[bool] = False  # whether torch has one kernel for all its parameters
    # Lowest and highest learning rate that it is used with, and one to begin with; none where nothing is known.
    usual: ClassVar[tuple[float, float] | None] = None
    first_try: ClassVar[str] = "0.001"

    lr: PositiveFloat = Field(default=1e-3, description="learning rate")

    @property
    def one_rate(self) -> bool:
        """Whether all parameters have one learning rate; otherwise some are moved with a rate of their own."""
        return True

    @property
    def members(self) -> "tuple[Optimizer, ...]":
        """The optimizers that the spec names: itself, or those of its groups."""
        return (self,)

    @property
    def title(self) -> str:
        """Its name, or those of its groups."""
        return type(self).__name__

    @property
    def states(self) -> int:
        """How many numbers it keeps for each number of a parameter: one for each of the averages it moves."""
        return 0

    def kept(self, shape: Shape) -> int:
        """How many numbers it keeps for a parameter of this shape."""
        return self.states * prod(shape)

    def parts(self, parameters: Iterable[str], matrices: frozenset[str]) -> "list[tuple[Optimizer, list[str]]]":
        """What moves which parameters; `matrices` are those of hidden layers."""
        return [(self, list(parameters))]

    def in_words(self) -> str:
        """What a step does, with its numbers; the class's own sentence unless told."""
        return ""

    def code(self, parameters: Code, **engine: bool) -> Code:
        """The constructor's call; `engine` holds what the training engine chooses (`fused`)."""
        make: Code = getattr(torch.optim, type(self).__name__)
        return make(parameters, lr=self.lr, **{key: v for key, v in self.changed().items() if key != "lr"}, **engine)


def pulled(weight_decay: float) -> str:
    """What weight decay through the gradient does, as the end of a sentence."""
    return f"; {weight_decay:g} · weight is added to the gradient, which pulls it towards 0" if weight_decay else ""


def shrunk(lr: float, weight_decay: float) -> str:
    """What weight decay beside the gradient does, as the end of a sentence."""
    share = lr * weight_decay
    return f"; beside it each weight shrinks by {share:.2g} of itself a step" if share else ""


OPTIMIZERS = Table[Optimizer](
    __name__,
    {
        "descent": "SGD ASGD Rprop",
        "adam": "Adam AdamW Adamax NAdam RAdam",
        "matrix": "Muon",
        "curvature": "LBFGS",
        "squares": "RMSprop Adagrad Adadelta Adafactor",
    },
    absent={
        "SparseAdam": "it takes sparse gradients alone, and every layer's gradients here are dense",
    },
)
