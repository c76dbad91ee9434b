"""Optimizers that learn the loss's curvature."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from nnspec.objectives.optimizers import Optimizer


class LBFGS(Optimizer):
    """Newton's steps, the curvature being told from the last ones (Liu & Nocedal 1989).

    A step evaluates the loss several times, on the same examples: it is for few parameters and `batch_size: full`.
    """

    lr: PositiveFloat = Field(default=1, description="share of Newton's step that is gone")
    max_iter: PositiveInt = Field(default=20, description="the most iterations within a step")
    max_eval: PositiveInt | None = Field(default=None, description="the most evaluations within a step; 1.25 max_iter")
    tolerance_grad: NonNegativeFloat = Field(default=1e-7, description="a gradient so small ends a step")
    tolerance_change: NonNegativeFloat = Field(default=1e-9, description="a change so small ends a step")
    history_size: PositiveInt = Field(default=100, description="how many changes it remembers")
    line_search_fn: Literal["strong_wolfe"] | None = Field(
        default=None, description="how far it looks along a direction"
    )

    usual = (1e-3, 1.0)
    first_try = "1.0"

    @property
    def states(self) -> int:
        # The last changes of weights and of gradients, at most; the direction and the last gradient.
        return 2 * self.history_size + 2

    def in_words(self) -> str:
        return (
            f"each step, up to {self.max_iter} times: weight = weight - {self.lr:g} · H · gradient, where H is the "
            f"inverse curvature as the last {self.history_size} changes tell it; each time evaluates the loss anew"
        )
