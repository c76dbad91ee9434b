"""What counts as a value that is not there."""

from collections.abc import Iterable

from nnspec.prepare.step import Step

MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none"}


def is_missing(text: str) -> bool:
    """Whether a text stands for a value that is not there: empty, NA, NaN, null."""
    return text.strip().casefold() in MISSING


def fills_missing(steps: Iterable[Step]) -> bool:
    """Whether steps in a row take missing values and leave none."""
    for step in steps:
        if step.missing != "passes":
            return step.missing == "fills"
    return False
