"""What a field takes, in words: `a whole number of at least 1, or a list of 2 of them`.

The words come from the field's JSON Schema, so that messages, documentation and editors say the same.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

Schema = Mapping[str, Any]

PLURALS = {"integer": "whole numbers", "number": "numbers", "string": "texts", "boolean": "truth values"}


def expected(model: type[BaseModel], field: str) -> str:
    """What a field of a model takes; the field by its name or its alias."""
    schema = schema_of(model)
    info = model.model_fields.get(field)
    key = info.alias if info and info.alias else field
    return words(schema["properties"].get(key) or schema["additionalProperties"], schema.get("$defs", {}))


@cache
def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a model, made once."""
    return model.model_json_schema()


def words(schema: Schema, definitions: Mapping[str, Schema] | None = None) -> str:
    """What a JSON Schema takes."""
    return _words(schema, definitions or {})


def literal(value: Any) -> str:
    """A value as a spec has it: `'same'`, `true`, `null`, `[1, 2]`, `0.001`."""
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, list | tuple):
        return f"[{', '.join(literal(item) for item in value)}]"
    return json.dumps(value)


def listed(words: Iterable[str], joint: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    *first, last = words
    return f"{', '.join(first)} {joint} {last}" if first else last


def _words(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    if "words" in schema:
        return str(schema["words"])
    if "$ref" in schema:
        return _words(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return _alternatives(schema["anyOf"], definitions)
    values = _values(schema)
    if values:
        return listed(values)
    kind = schema.get("type")
    if kind in ("integer", "number"):
        return " ".join(["a whole number" if kind == "integer" else "a number", *_bounds(schema)])
    if kind == "array":
        return _array(schema, definitions)
    if kind == "string":
        return " ".join(["text", *_count(schema, "Length", "character")])
    return {"boolean": "true or false", "null": "null", "object": "a mapping"}.get(str(kind), "any value")


def _values(schema: Schema) -> list[str]:
    values = [schema["const"]] if "const" in schema else schema.get("enum", [])
    return [literal(value) for value in values]


def _alternatives(options: Iterable[Schema], definitions: Mapping[str, Schema]) -> str:
    """A list of what stands beside it alone is `a list of them`; null comes last."""
    parts: list[str] = []
    scalars = [_words(option, definitions) for option in options if option.get("type") != "array"]
    for option in sorted(options, key=lambda option: option.get("type") == "null"):
        item = _item(option)
        if item and _words(item, definitions) in scalars:
            parts.append(" ".join(["a list of", *_length(option), "them"]))
        else:
            parts += _values(option) or [_words(option, definitions)]
    plain = not any(part.endswith("them") or ", " in part for part in parts)
    return listed(parts) if plain else f"{', '.join(parts[:-1])}, or {parts[-1]}"


def _length(array: Schema) -> list[str]:
    fixed = len(array.get("prefixItems", ()))
    return [f"{fixed} of"] if fixed else []


def _array(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    item = _item(schema)
    fixed = len(schema.get("prefixItems", ()))
    if fixed and item is None:
        return f"a list of {listed((_words(one, definitions) for one in schema['prefixItems']), 'and')}"
    count = [str(fixed)] if fixed else _count(schema, "Items") or _count(schema, "Length")
    if not item:
        return " ".join(["a list", *(["of", *count] if count else [])])
    if fixed != 1 and item.get("type") in PLURALS and "enum" not in item:
        plural = PLURALS[item["type"]]
        return " ".join(["a list of", *(part.removeprefix("of ") for part in count), plural, *_bounds(item)])
    size = " of " + " ".join(part.removeprefix("of ") for part in count) if count else ""
    return f"a list{size}, each {_words(item, definitions)}"


def _item(schema: Schema) -> Schema | None:
    """What every item of an array is; None where they differ."""
    fixed = schema.get("prefixItems", [])
    if fixed:
        first: Schema = fixed[0]
        return first if all(item == first for item in fixed) else None
    items: Schema | None = schema.get("items")
    return items


def _bounds(schema: Schema) -> list[str]:
    if schema.get("type") == "integer":
        return _whole_bounds(schema)
    least, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    most, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    if least is not None and most is not None:
        return [f"from {_number(least)} to {_number(most)}"]
    low = (
        f"of at least {_number(least)}" if least is not None else f"above {_number(above)}" if above is not None else ""
    )
    high = f"of at most {_number(most)}" if most is not None else f"below {_number(below)}" if below is not None else ""
    both = [part for part in (low, high) if part]
    return [" and ".join(both)] if both else []


def _whole_bounds(schema: Schema) -> list[str]:
    least = schema["exclusiveMinimum"] + 1 if "exclusiveMinimum" in schema else schema.get("minimum")
    most = schema["exclusiveMaximum"] - 1 if "exclusiveMaximum" in schema else schema.get("maximum")
    if least is not None and most is not None:
        return [f"from {_number(least)} to {_number(most)}"]
    if least is not None:
        return [f"of at least {_number(least)}"]
    return [f"of at most {_number(most)}"] if most is not None else []


def _count(schema: Schema, what: str, noun: str = "") -> list[str]:
    least, most = schema.get(f"min{what}"), schema.get(f"max{what}")
    if least is None and most is None:
        return []
    size = f"{least} to {most}" if least and most else f"{least} or more" if least else f"at most {most}"
    plural = "" if (most or least) == 1 else "s"
    return [f"of {size}{f' {noun}{plural}' if noun else ''}"]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)
