"""Types that layers' fields share: sizes of one axis, or of each of several."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PositiveInt

NonNegativeInt = Annotated[int, Field(ge=0)]
Probability = Annotated[float, Field(ge=0, le=1)]


def _as_tuple(value: Any) -> Any:
    """A list of the spec as the tuple that torch takes."""
    return tuple(value) if isinstance(value, list) else value


Listed = BeforeValidator(_as_tuple)

Listed1 = Annotated[tuple[PositiveInt], Listed]
Listed2 = Annotated[tuple[PositiveInt, PositiveInt], Listed]
Listed3 = Annotated[tuple[PositiveInt, PositiveInt, PositiveInt], Listed]
Positive1 = PositiveInt | Listed1
Positive2 = PositiveInt | Listed2
Positive3 = PositiveInt | Listed3
NonNegative1 = NonNegativeInt | Annotated[tuple[NonNegativeInt], Listed]
NonNegative2 = NonNegativeInt | Annotated[tuple[NonNegativeInt, NonNegativeInt], Listed]
NonNegative3 = NonNegativeInt | Annotated[tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt], Listed]

Axes = int | Annotated[tuple[int, ...], Listed, Field(min_length=1)]


def per_axis(value: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """One number for each axis."""
    return (value,) * axes if isinstance(value, int) else value
