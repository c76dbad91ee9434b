"""The JSON Schema, walked along a path of the document: what may stand there, and what is said of it."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from nnspec.lsp.context import Step
from nnspec.spec.schema import json_schema

Schema = dict[str, Any]
COMBINED = ("anyOf", "allOf", "oneOf")


@cache
def whole() -> Schema:
    """The schema of a document, made once."""
    return json_schema()


def at(path: Sequence[Step]) -> list[Schema]:
    """The schemas that speak of the value at a path; none where anything, or nothing, may stand."""
    found = list(_alternatives([whole()]))
    for step in path:
        found = list(_alternatives(_below(found, step)))
    return found


def is_entry(schemas: Iterable[Schema]) -> bool:
    """Whether an entry of a list of layers stands there."""
    entry = whole()["definitions"]["layer"]
    return any(schema is entry for schema in schemas)


def documentation(schemas: Iterable[Schema]) -> str:
    """What the first schema that says anything says, as Markdown."""
    texts = (schema.get("markdownDescription") or schema.get("description", "") for schema in schemas)
    return next((str(text) for text in texts if text), "")


def keys(schemas: Iterable[Schema]) -> dict[str, list[Schema]]:
    """The keys that may stand in a mapping, each with what speaks of its value."""
    found: dict[str, Schema] = {}
    for schema in schemas:
        for key, value in schema.get("properties", {}).items():
            found.setdefault(key, value)
    return {key: list(_alternatives([value])) for key, value in found.items()}


def words(schemas: Iterable[Schema]) -> dict[str, str]:
    """The words that may stand as a value, each with what it means."""
    found: dict[str, str] = {}
    for schema in schemas:
        given = schema.get("enum", [schema["const"]] if "const" in schema else [])
        told = schema.get("enumDescriptions", [""] * len(given))
        found |= {str(word): text for word, text in zip(given, told, strict=True)}
        types = schema.get("type", [])
        if "boolean" in ([types] if isinstance(types, str) else types):
            found |= {"true": "", "false": ""}
    return found


def required(schemas: Iterable[Schema]) -> list[str]:
    """The keys that a mapping must have."""
    return next((list(schema["required"]) for schema in schemas if "required" in schema and "properties" in schema), [])


def _alternatives(schemas: Iterable[Schema]) -> Iterator[Schema]:
    """Each schema, and those that it is made of."""
    waiting, seen = list(schemas), set()
    while waiting:
        schema = waiting.pop(0)
        if not isinstance(schema, dict) or id(schema) in seen:
            continue
        seen.add(id(schema))
        yield schema
        parts = [part for key in COMBINED for part in schema.get(key, ())]
        parts += [schema[key] for key in ("then", "else") if key in schema]
        if "$ref" in schema:
            parts.append(whole()["definitions"][schema["$ref"].rpartition("/")[2]])
        waiting += parts


def _below(schemas: Iterable[Schema], step: Step) -> Iterator[Schema]:
    for schema in schemas:
        if isinstance(step, int):
            items = schema.get("items", {})
            yield items if isinstance(items, dict) else items[min(step, len(items) - 1)]
        elif step in schema.get("properties", {}):
            yield schema["properties"][step]
        elif isinstance(schema.get("additionalProperties"), dict):
            yield schema["additionalProperties"]
