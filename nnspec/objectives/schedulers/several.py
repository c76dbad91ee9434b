"""Schedules made of others: one after another, or all at once."""

from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import Field, PositiveInt, field_serializer, model_validator

from nnspec.layers.fields import Listed
from nnspec.objectives.schedulers import Scheduler, lr_scheduler
from nnspec.pycode import Code

Schedulers = Annotated[tuple[Scheduler, ...], Listed, Field(min_length=1)]


class _Several(Scheduler):
    schedulers: Schedulers = Field(description="the schedules, each as it stands after `scheduler:`")

    @field_serializer("schedulers")
    def _named(self, schedulers: tuple[Scheduler, ...]) -> list[dict[str, Any]]:
        return [{type(inner).__name__: inner.model_dump(mode="json")} for inner in schedulers]

    @model_validator(mode="after")
    def _by_epoch(self) -> Self:
        for inner in self.schedulers:
            if isinstance(inner, _Several) or inner.moves != "epoch":
                reason = "holds others itself" if isinstance(inner, _Several) else f"moves by the {inner.moves}"
                raise ValueError(f"it holds schedules that move by the epoch; {type(inner).__name__} {reason}")
        return self


class SequentialLR(_Several):
    """One schedule after another, each from its milestone on: a warm-up, then a decay.

    A schedule that lasts the whole training unless told lasts until its successor begins.
    """

    milestones: Annotated[tuple[PositiveInt, ...], Listed] = Field(
        description="the epoch that each schedule but the first begins after"
    )

    @model_validator(mode="after")
    def _one_between_two(self) -> Self:
        needed, given = len(self.schedulers) - 1, len(self.milestones)
        if needed != given:
            milestones = f"{needed} milestone{'s' * (needed != 1)}"
            raise ValueError(f"{len(self.schedulers)} schedules have {milestones} between them, not {given}")
        if any(later <= earlier for earlier, later in pairwise(self.milestones)):
            raise ValueError("each milestone comes after the one before")
        return self

    def code(self, optimizer: Code, *, epochs: int, steps: int) -> Code:
        parts = [inner.code(optimizer, epochs=span, steps=steps) for inner, span in self._spans(epochs)]
        return lr_scheduler.SequentialLR(optimizer, schedulers=parts, milestones=list(self.milestones))

    def in_words(self, lr: float, epochs: int) -> str:
        told = [f"{inner.in_words(lr, span)} ({span} epochs)" for inner, span in self._spans(epochs)]
        return "; then ".join(told)

    def _spans(self, epochs: int) -> list[tuple[Scheduler, int]]:
        """Each schedule with the epochs that it has; one that begins after the training has one."""
        ends = [*self.milestones, max(epochs, (self.milestones or (0,))[-1] + 1)]
        return [(inner, end - start) for inner, start, end in zip(self.schedulers, (0, *ends), ends, strict=False)]


class ChainedScheduler(_Several):
    """Several schedules at once: each multiplies what the others have made of the learning rate."""

    def code(self, optimizer: Code, *, epochs: int, steps: int) -> Code:
        parts = [inner.code(optimizer, epochs=epochs, steps=steps) for inner in self.schedulers]
        return lr_scheduler.ChainedScheduler(parts, optimizer=optimizer)

    def in_words(self, lr: float, epochs: int) -> str:
        return "; at the same time ".join(inner.in_words(lr, epochs) for inner in self.schedulers)
