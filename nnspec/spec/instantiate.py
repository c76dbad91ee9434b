"""One pydantic class from one node of the document, and pydantic's errors as diagnostics: one mistake, one message."""

import json
from collections.abc import Mapping, Sequence
from inspect import isclass
from types import NoneType
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nnspec.diagnostics import Findings, Span, did_you_mean
from nnspec.layers.words import expected
from nnspec.shapes import Size
from nnspec.source import Node

Model = TypeVar("Model", bound=BaseModel)

# What is inferred in nnspec and written by hand in PyTorch.
INFERRED = frozenset("in_channels in_features num_features input_size normalized_shape embed_dim batch_first".split())
MAX_SHOWN = 40  # characters of a value that a message repeats
MAX_DIGITS = 19  # of a whole number


def instantiate(
    model: type[Model], node: Node | None, title: str, span: Span, findings: Findings, *, short: bool = True
) -> Model | None:
    """The class with a node's values; None after telling what is wrong.

    A value that is no mapping stands for the first field where `short` allows. `span` is where a missing field is
    missed: the class's name.
    """
    values, places = _values(model, node, title, findings, short=short)
    if values is None:
        return None
    try:
        return model.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False)
        if node is not None and not isinstance(node.value, dict):
            # One value that does not fit is one mistake, whatever else the long form needs.
            details = [detail for detail in details if detail["type"] != "missing"] or details
        _report(details, model, values, places, title, span, findings)
        return None


def show(value: Any) -> str:
    """A value as the spec writes it, cut where it is long."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    if isinstance(value, Size):
        return str(value)
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _values(
    model: type[BaseModel], node: Node | None, title: str, findings: Findings, *, short: bool
) -> tuple[dict[str, Any] | None, Node | None]:
    if node is None or node.value is None:
        return {}, None
    if isinstance(node.value, dict):
        return node.plain(), node
    first = next(iter(model.model_fields), None)
    if short and first:
        return {first: node.plain()}, Node({first: node}, node.span, {first: node.span})
    what = "takes no arguments" if short else f"must be a mapping of {', '.join(_keys(model))}"
    findings.error("wrong-type", f"{title} {what}, got {show(node.plain())}", node.span)
    return None, None


def _report(
    details: Sequence[ErrorDetails],
    model: type[BaseModel],
    values: Mapping[str, Any],
    node: Node | None,
    title: str,
    span: Span,
    findings: Findings,
) -> None:
    known = _keys(model)
    details = _without_sections(details, model, values, node, title, findings)
    misspelt = [str(detail["loc"][0]) for detail in details if detail["type"] == "extra_forbidden"]
    meant = {did_you_mean(key, known) for key in misspelt}
    told: set[str] = set()
    for detail in details:
        field = str(detail["loc"][0]) if detail["loc"] else ""
        if field in told:
            continue
        told.add(field)
        if detail["type"] == "extra_forbidden" and len(detail["loc"]) == 1:
            unknown_key(field, known, title, node.span_of([field], key=True) if node else span, findings)
        elif detail["type"] == "missing" and len(detail["loc"]) == 1:
            if f"did you mean '{field}'?" not in meant:
                _missing(model, field, title, span, findings)
        else:
            _wrong(detail, model, field, values, node, title, span, findings)


def _without_sections(
    details: Sequence[ErrorDetails],
    model: type[BaseModel],
    values: Mapping[str, Any],
    node: Node | None,
    title: str,
    findings: Findings,
) -> list[ErrorDetails]:
    """Tell of what is wrong within the sections of a section, as theirs; the other mistakes are left."""
    inner: dict[str, list[ErrorDetails]] = {}
    left = []
    for detail in details:
        field = str(detail["loc"][0]) if len(detail["loc"]) > 1 else ""
        if _section_of(model, field) and isinstance(values.get(field), Mapping):
            inner.setdefault(field, []).append({**detail, "loc": detail["loc"][1:]})
        else:
            left.append(detail)
    for field, found in inner.items():
        section, below = _section_of(model, field), node.get(field) if node else None
        assert section and below
        _report(found, section, values[field], below, f"{title}.{field}", below.span, findings)
    return left


def _section_of(model: type[BaseModel], field: str) -> type[BaseModel] | None:
    """The model that a field holds, where it holds one and nothing else but null."""
    info = model.model_fields.get(field)
    kinds = [kind for kind in get_args(info.annotation) or [info.annotation] if kind is not NoneType] if info else []
    return kinds[0] if len(kinds) == 1 and isclass(kinds[0]) and issubclass(kinds[0], BaseModel) else None


def unknown_key(key: str, known: list[str], title: str, span: Span, findings: Findings) -> None:
    """Tell of a key that does not belong there, and of the one it may be meant for."""
    if key in INFERRED:
        help = f"{key} is inferred from the input: leave it out"
    else:
        help = did_you_mean(key, known) or (f"it has {', '.join(known)}" if known else "it takes no arguments")
    findings.error("unknown-key", f"{title} has no '{key}'", span, help=help)


def _missing(model: type[BaseModel], field: str, title: str, span: Span, findings: Findings) -> None:
    findings.error("missing-key", f"{title} needs {field}: {expected(model, field)}", span)


def _wrong(
    detail: ErrorDetails,
    model: type[BaseModel],
    field: str,
    values: Mapping[str, Any],
    node: Node | None,
    title: str,
    span: Span,
    findings: Findings,
) -> None:
    where = node.span_of(detail["loc"] if len(detail["loc"]) > 1 else [field]) if node and field else span
    if not field or detail["type"] == "value_error":
        cause = detail.get("ctx", {}).get("error")
        findings.error("wrong-value", f"{title}: {cause or detail['msg']}", where)
        return
    code = "wrong-type" if detail["type"].endswith("_type") else "wrong-value"
    message = f"{title}: {field} must be {expected(model, field)}, got {show(_at(values, detail['loc'], field))}"
    findings.error(code, message, where, help=_as_number(_at(values, detail["loc"], field), code))


def _as_number(value: Any, code: str) -> str:
    """The way out of a whole number that is written as text: in quotes, or with underscores, as YAML 1.1 had it."""
    digits = value.replace("_", "") if isinstance(value, str) and code == "wrong-type" else ""
    plain = digits.isascii() and digits.isdecimal() and len(digits) < MAX_DIGITS
    return f"that is text; the number is {int(digits)}" if plain else ""


def _at(values: Mapping[str, Any], path: tuple[int | str, ...], field: str) -> Any:
    """The item of a list that is wrong; otherwise the field's whole value."""
    value = values[field]
    if not isinstance(value, list) or len(path) < 2 or not isinstance(path[1], int):
        return value
    return value[path[1]] if path[1] < len(value) else value  # an item that is missing makes the list wrong


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
