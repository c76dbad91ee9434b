"""Amounts with a unit: `500k` parameters, `64MB` of memory, `10m` of time."""

import re
from fractions import Fraction

NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
COUNT_FORM = rf"^{NUMBER} ?([kKMGT]?)$"
BYTES_FORM = rf"^{NUMBER} ?([kKMGT]i?B|B)$"
RANKS = " KMGTPE"
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
TIME_FORM = rf"^{NUMBER} ?([smhd])$"
TIME_WORDS = "a time as in 90s, 10m or 2h"
RHYTHM_FORM = rf"^(epoch|[1-9][0-9]* steps?|{NUMBER} ?[smhd])$"


def amount(value: float | str) -> Fraction:
    """What an amount is in ones or bytes: k, M, G are thousands, Ki, Mi, Gi are powers of 1024."""
    if not isinstance(value, str):
        return Fraction(value)
    found = re.match(COUNT_FORM, value) or re.match(BYTES_FORM, value)
    assert found, value
    number, unit = found.groups()
    rank: int = RANKS.index(unit[:1].upper().replace("B", "").rjust(1))
    return Fraction(number) * Fraction(1024 if "i" in unit else 1000) ** rank


def duration(text: str) -> float:
    """What `90s`, `10m`, `1.5h` or `2d` is in seconds."""
    found = re.match(TIME_FORM, text)
    assert found, text
    return float(found[1]) * SECONDS[found[2]]
