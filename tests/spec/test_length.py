"""How long a training is: which limit ends it, and how many steps that makes."""

import pytest

from nnspec.spec.document import TrainSection
from nnspec.spec.length import Length


@pytest.mark.parametrize(
    ("given", "length", "words", "whole"),
    [
        ({}, Length(10), "10 epochs", (10, 70)),
        ({"epochs": 1}, Length(1), "1 epoch", (1, 7)),
        ({"steps": 500}, Length(None, 500), "500 steps", (72, 500)),
        ({"epochs": 2, "steps": 500}, Length(2, 500), "2 epochs or 500 steps", (2, 14)),
        ({"time": "10m"}, Length(None, None, 600.0), "600 s", None),
        ({"epochs": None, "steps": 8, "time": "90s"}, Length(None, 8, 90.0), "8 steps or 90 s", (2, 8)),
    ],
)
def test_a_length_with_seven_steps_an_epoch(given, length, words, whole):
    section = TrainSection.model_validate(given)
    assert section.length == length
    assert (str(length), length.whole(7)) == (words, whole)
    assert TrainSection.model_validate(section.model_dump(mode="json", exclude_none=True)).length == length


def test_the_first_limit_ends_it():
    length = Length(2, 50, 9.0)
    assert not length.over(1, 49, 8.9)
    assert all(length.over(*come) for come in ((2, 0, 0.0), (0, 50, 0.0), (0, 0, 9.0)))
