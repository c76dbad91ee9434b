"""Plain words -> values, by the core schema of YAML 1.2."""

import re
from math import inf, isinf, nan
from typing import Final

from nnspec.source.limits import MAX_INT, MIN_INT
from nnspec.source.node import Scalar

WORDS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
    **dict.fromkeys([".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"], inf),
    **dict.fromkeys(["-.inf", "-.Inf", "-.INF"], -inf),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], nan),
}
DECIMAL = re.compile(r"[-+]?[0-9]+")
BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
NUMBER_STARTS = frozenset("+-.0123456789")
INT_DIGITS = 19  # of the longest 64-bit integer
NO_TAGS = "leave the tag out: a spec is plain data; text that begins with '!' stands in quotes"
SHOWN = 40  # characters of a word that a message repeats


class NumberError(Exception):
    """A number that cannot be represented, or reads as two. The reader that caught it knows the place."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help


def resolve(word: str) -> Scalar:
    """The value of a plain (unquoted) word."""
    if word in WORDS:
        return WORDS[word]
    if word[0] not in NUMBER_STARTS:
        return word
    if DECIMAL.fullmatch(word):
        return _decimal(word)
    if BASED.fullmatch(word):
        return check_int(int(word, 0), word)
    if FLOAT.fullmatch(word):
        return read_float(word)
    return word


def read_int(word: str) -> int:
    """A decimal integer of 64 bits."""
    # Counted first: Python refuses to convert more than 4,300 digits.
    if len(word.lstrip("+-").lstrip("0")) > INT_DIGITS:
        raise _too_large(word)
    return check_int(int(word), word)


def check_int(number: int, word: str) -> int:
    if not MIN_INT <= number <= MAX_INT:
        raise _too_large(word)
    return number


def read_float(word: str) -> float:
    """A finite float of 64 bits."""
    number = float(word)
    if isinf(number):
        raise NumberError(f"{shorten(word)} is larger than any float (1.8e308)", "write a smaller number")
    return number


def shorten(word: str) -> str:
    """The beginning of a word, for a message."""
    return word if len(word) <= SHOWN else f"{word[:SHOWN]}…"


def _decimal(word: str) -> int:
    digits = word.lstrip("+-")
    number = read_int(word)
    if digits[0] != "0" or len(digits) == 1:
        return number
    sign = "-" if word[0] == "-" else ""
    octal = int(digits, 8) if set(digits) <= set("01234567") else None
    if octal == abs(number):
        return number
    other = "text" if octal is None else f"{sign}{octal}"
    in_octal = f", 0o{digits.lstrip('0')}" if octal is not None and not sign else ""
    message = f"{word} is {other} in YAML 1.1 and {number} in YAML 1.2"
    raise NumberError(message, f'write {number}{in_octal} or "{word}"')


def _too_large(word: str) -> NumberError:
    return NumberError(f"{shorten(word)} does not fit 64 bits", "write it as a float (1e20), or as text in quotes")
