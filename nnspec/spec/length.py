"""How long a training is: epochs, steps or time, whichever comes first."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Length:
    """Where a training ends; at least one of them is given."""

    epochs: int | None = None
    steps: int | None = None
    seconds: float | None = None

    def over(self, epochs: int, steps: int, seconds: float) -> bool:
        """Whether a training that has come so far is at its end."""
        pairs = ((epochs, self.epochs), (steps, self.steps), (seconds, self.seconds))
        return any(most is not None and done >= most for done, most in pairs)

    def whole(self, per_epoch: int) -> tuple[int, int] | None:
        """Epochs, the last of which may be cut short, and steps in all; None where time alone ends it."""
        given = [self.steps, None if self.epochs is None else self.epochs * per_epoch]
        known = [steps for steps in given if steps is not None]
        return (-(-min(known) // per_epoch), min(known)) if known else None

    def __str__(self) -> str:
        """`4 epochs`, `2 epochs or 500 steps`."""
        parts = [f"{count:,} {unit}{'s' * (count != 1)}" for count, unit in self._counts() if count is not None]
        return " or ".join([*parts, *([f"{self.seconds:g} s"] if self.seconds is not None else [])])

    def _counts(self) -> tuple[tuple[int | None, str], ...]:
        return (self.epochs, "epoch"), (self.steps, "step")
