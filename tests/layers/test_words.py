"""What a field takes, in words."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, NonNegativeFloat, PositiveFloat, PositiveInt

from nnspec.layers.fields import Listed, NonNegative2, Positive1, Positive2, Probability
from nnspec.layers.words import expected, literal

Named = Literal["same", "valid"]


class Inner(BaseModel):
    size: int = 1


class Sample(BaseModel):
    whole: int
    positive: PositiveInt
    opset: int = Field(ge=18, le=23)
    few: int = Field(lt=5)
    real: float
    rate: PositiveFloat
    decay: NonNegativeFloat
    probability: Probability
    share: Annotated[float, Field(ge=0, lt=1)]
    fraction: float = Field(gt=0, lt=1)
    half: float = Field(le=0.5)
    flag: bool
    text: str
    short: str = Field(max_length=100)
    version: Literal[1]
    mode: Literal["micro", "macro", "weighted"]
    one: Positive1
    pair: Positive2
    padding: Named | NonNegative2
    stride: Positive2 | None
    maybe: PositiveInt | None
    betas: Annotated[tuple[Probability, Probability], Listed]
    mixed: tuple[int, str]
    holes: PositiveInt | tuple[PositiveInt | None, PositiveInt | None]
    numbers: list[PositiveInt]
    texts: list[str] = Field(min_length=1)
    sizes: list[PositiveInt | str]
    axes: int | Annotated[tuple[int, ...], Field(min_length=1)]
    modes: list[Named]
    batch: PositiveInt | Literal["full"]
    anything: Any
    many: list[Any]
    inner: Inner
    source: str = Field(alias="from")


WORDS = {
    "whole": "a whole number",
    "positive": "a whole number of at least 1",
    "opset": "a whole number from 18 to 23",
    "few": "a whole number of at most 4",
    "real": "a number",
    "rate": "a number above 0",
    "decay": "a number of at least 0",
    "probability": "a number from 0 to 1",
    "share": "a number of at least 0 and below 1",
    "fraction": "a number above 0 and below 1",
    "half": "a number of at most 0.5",
    "flag": "true or false",
    "text": "text",
    "short": "text of at most 100 characters",
    "version": "1",
    "mode": "'micro', 'macro' or 'weighted'",
    "one": "a whole number of at least 1, or a list of 1 of them",
    "pair": "a whole number of at least 1, or a list of 2 of them",
    "padding": "'same', 'valid', a whole number of at least 0, or a list of 2 of them",
    "stride": "a whole number of at least 1, a list of 2 of them, or null",
    "maybe": "a whole number of at least 1 or null",
    "betas": "a list of 2 numbers from 0 to 1",
    "mixed": "a list of a whole number and text",
    "holes": "a whole number of at least 1, or a list of 2, each a whole number of at least 1 or null",
    "numbers": "a list of whole numbers of at least 1",
    "texts": "a list of 1 or more texts",
    "sizes": "a list, each a whole number of at least 1 or text",
    "axes": "a whole number, or a list of them",
    "modes": "a list, each 'same' or 'valid'",
    "batch": "a whole number of at least 1 or 'full'",
    "anything": "any value",
    "many": "a list",
    "inner": "a mapping",
    "source": "text",
    "from": "text",
}


@pytest.mark.parametrize("field", WORDS)
def test_a_field_says_what_it_takes(field: str):
    assert expected(Sample, field) == WORDS[field]


def test_every_kind_of_field_is_in_the_table():
    assert set(Sample.model_fields) <= set(WORDS)


def test_a_value_is_written_as_in_a_spec():
    assert [literal(value) for value in ("same", True, None, (1, 2), 0.1, 1e-5)] == [
        "'same'", "true", "null", "[1, 2]", "0.1", "1e-05",
    ]  # fmt: skip
