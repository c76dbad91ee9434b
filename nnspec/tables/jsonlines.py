"""JSON lines -> named columns: one flat object a line, numbers as numbers, texts as texts."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import numpy as np

from nnspec.diagnostics import Span, SpecError, Text, did_you_mean

Array = np.ndarray[Any, np.dtype[Any]]

MAX_WHOLE = 2**63
MAX_DIGITS = 1000  # more than any float has
KINDS = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}


def read_json_lines(text: str, name: str) -> tuple[dict[str, Array], Array]:
    """The columns, and each row's line. The first line's keys are the columns; null is a value that is missing."""
    objects = list(_objects(text, name))
    if not objects:
        help = 'each line is an object: {"age": 31, "city": "Rome"}'
        raise SpecError.of("data-file", "the file is empty", Span(Text(name)), help=help)
    lines = [line for line, _ in objects]
    first = objects[0][1]
    if not first:
        raise SpecError.of("data-file", "the object in this line has no keys", Span(Text(name), lines[0]))
    for line, found in objects:
        if found.keys() != first.keys():
            _refuse_keys(found, first, lines[0], Span(Text(name), line))
    columns = {key: _column(key, [found[key] for _, found in objects], lines, name) for key in first}
    return columns, np.array(lines)


def _objects(text: str, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, written in enumerate(text.split("\n"), start=1):
        if written.strip():
            yield line, _object(written, Span(Text(name), line))


def _object(written: str, span: Span) -> dict[str, Any]:
    try:
        found = json.loads(written, object_pairs_hook=_pairs, parse_int=_whole, parse_constant=_no_constant)
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair would fail far from here
    except json.JSONDecodeError as error:
        message = f"the line is not JSON: {error.msg.lower()} at character {error.colno}"
        raise SpecError.of("data-file", message, span, help="each line is one whole object") from None
    except RecursionError:
        raise SpecError.of("data-file", "the line is nested too deep, its object must be flat", span) from None
    except UnicodeEncodeError:
        raise SpecError.of("encoding", "a text in this line holds half of a character (a surrogate)", span) from None
    except ValueError as error:
        raise SpecError.of("data-file", f"the line cannot be read: {error}", span) from None
    if not isinstance(found, dict):
        kind = KINDS.get(type(found), "null")
        raise SpecError.of("data-file", f"the line holds {kind}, not an object", span, help='as in {"age": 31}')
    return found


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:60]!r} stands there twice")
        found[key] = value
    return found


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits stands there")
    return int(digits)


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON, write null for a number that is missing")


def _refuse_keys(found: Mapping[str, Any], first: Mapping[str, Any], at: int, span: Span) -> NoReturn:
    lacking = [key for key in first if key not in found]
    more = [key for key in found if key not in first]
    if lacking:
        help = (did_you_mean(lacking[0], more) if more else "") or "write null for a value that is missing"
        raise SpecError.of(
            "data-file", f"the object lacks the key '{lacking[0]}', which line {at} has", span, help=help
        )
    message = f"the object has the key '{more[0]}', which line {at} lacks"
    raise SpecError.of("data-file", message, span, help="every line has the same keys; write null for what is missing")


def _column(key: str, values: list[Any], lines: list[int], name: str) -> Array:
    """One type throughout: texts with an empty one for null, or numbers with NaN for it."""
    kinds = [KINDS.get(type(value), "") for value in values]
    wanted = next(filter(None, kinds), "text")
    for line, value, kind in zip(lines, values, kinds, strict=True):
        if isinstance(value, list | dict):
            help = "give each value a key of its own, or store arrays in an NPZ file"
            raise SpecError.of("data-value", f"column '{key}' holds {kind}", Span(Text(name), line), help=help)
        if kind and kind != wanted:
            message = f"column '{key}' holds {kind}, where line {lines[kinds.index(wanted)]} holds {wanted}"
            raise SpecError.of("data-value", message, Span(Text(name), line), help="write one type throughout")
    if wanted == "text":
        return np.array(["" if value is None else value for value in values], dtype=object)
    if all(type(value) is bool for value in values):
        return np.array(values)
    if all(isinstance(value, int) and -MAX_WHOLE <= value < MAX_WHOLE for value in values):
        return np.array(values, dtype=np.int64)
    return np.array([_float(key, value, line, name) for value, line in zip(values, lines, strict=True)])


def _float(key: str, value: float | None, line: int, name: str) -> float:
    try:
        return np.nan if value is None else float(value)
    except OverflowError:
        raise SpecError.of(
            "data-value", f"column '{key}' holds a number beyond 1e308", Span(Text(name), line)
        ) from None
