"""The sections of `train` that say when it stops early, and how often its state is kept."""

from typing import Annotated

from pydantic import Field, PositiveInt

from nnspec.spec.amounts import RHYTHM_FORM
from nnspec.spec.section import Section

RHYTHM = "`epoch`, a number of steps as in `500 steps`, or a time as in 90s, 10m or 2h"


class EarlyStoppingSection(Section):
    """When to stop before the last epoch."""

    patience: PositiveInt = 5
    """Epochs without a better validation loss."""
    min_delta: float = Field(default=0.0, ge=0)
    """How much better counts as better."""


class CheckpointSection(Section):
    """How often a training's state is written, from which `nnspec train --resume` goes on."""

    every: Annotated[str, Field(max_length=30, pattern=RHYTHM_FORM)] | None = Field(
        default=None, json_schema_extra={"words": RHYTHM}
    )
    """`epoch`, `500 steps` or `10m`; unless given each epoch's end, once a second at most, and each minute between."""
    keep: PositiveInt = 1
    """How many of the last ones stay; the best weights always do."""
