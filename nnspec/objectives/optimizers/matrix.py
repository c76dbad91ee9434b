"""Optimizers of whole matrices."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt

from nnspec.layers.fields import Listed
from nnspec.objectives.optimizers import Beta, Optimizer, shrunk
from nnspec.objectives.optimizers.adam import AdamW


class Muon(Optimizer):
    """Momentum made orthogonal, so that a step turns every direction of a matrix alike (Jordan 2024).

    It moves weights of two axes, but for embeddings, tensors of their own and the last layer with weights before an
    output. All other parameters are moved by the AdamW beside it.
    """

    weight_decay: NonNegativeFloat = Field(default=0.1, description="pull towards zero, beside the gradient")
    momentum: Beta = Field(default=0.95, description="share of the last step that is kept")
    nesterov: bool = Field(default=True, description="look ahead along the momentum (Nesterov 1983)")
    ns_coefficients: Annotated[tuple[float, float, float], Listed] = Field(
        default=(3.4445, -4.7750, 2.0315), description="the polynomial of each Newton-Schulz step"
    )
    eps: NonNegativeFloat = Field(default=1e-7, description="added to the norm for stability")
    ns_steps: PositiveInt = Field(default=5, lt=100, description="Newton-Schulz steps towards orthogonality")
    adjust_lr_fn: Literal["original", "match_rms_adamw"] | None = Field(
        default=None, description="scale lr to a matrix's shape: as Jordan does, or so that AdamW's lr fits"
    )
    adamw: AdamW | None = Field(
        default=None, description="what moves all other parameters, with fields of its own; AdamW's unless given"
    )

    @property
    def one_rate(self) -> bool:
        return False

    @property
    def states(self) -> int:
        return 1

    def parts(self, parameters: Iterable[str], matrices: frozenset[str]) -> list[tuple[Optimizer, list[str]]]:
        names = list(parameters)
        mine, others = [x for x in names if x in matrices], [x for x in names if x not in matrices]
        return [(self, mine), *([(self.partner, others)] if others else [])]

    @property
    def partner(self) -> AdamW:
        """What moves all other parameters."""
        return self.adamw or AdamW()

    def changed(self) -> dict[str, Any]:
        return {name: value for name, value in super().changed().items() if name != "adamw"}

    def in_words(self) -> str:
        return (
            f"each step, weight = weight - {self.lr:g} · orthogonal(v), where v = {self.momentum:g} · v + gradient, "
            f"for each matrix before the last layer{shrunk(self.lr, self.weight_decay)}; embeddings, the last layer, "
            f"biases and norms are moved by AdamW with {self.partner.lr:g}"
        )
