"""The form of an explanation."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """A paragraph, a wrong example and the same one put right."""

    text: str
    wrong: str
    right: str
    spec: bool = True  # whether the examples are of a spec; others are commands, or rows of data
