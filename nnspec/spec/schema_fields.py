"""A class's fields for editors: what each takes in words, as an expression too, and all of it as draft 7."""

from typing import Any

from nnspec.layers.words import literal, words

Schema = dict[str, Any]

CHOICES = {"enum", "const", "anyOf", "allOf", "$ref"}  # what binds values of every type
EXPRESSION = r"\$"  # what a text holds that is an expression
LOOKED_FOR: Schema = {"type": "object", "required": ["$search"]}  # a value that `nnspec tune` finds


def documented(schema: Schema) -> Schema:
    """A pydantic schema, in which each field has its name for a title and says what it takes."""
    definitions = schema.get("$defs", {})

    def described(found: Schema) -> Schema:
        fields = found.get("properties", {})
        required = found.get("required", ())
        told = {name: _told(name, field, definitions, name in required) for name, field in fields.items()}
        return {**found, "properties": told} if fields else found

    whole = described(schema)
    return {**whole, "$defs": {name: described(found) for name, found in definitions.items()}} if definitions else whole


def _told(name: str, field: Schema, definitions: Schema, is_required: bool) -> Schema:
    if "$ref" in field:
        return field  # a section, which tells of itself
    taken = words(field, definitions)
    default = field.get("default")
    rest = "required" if is_required else f"{literal(default)} unless given" if _is_plain(default) else ""
    facts = "; ".join(part for part in ("" if taken == "any value" else taken, rest) if part)
    text = "\n\n".join(part for part in (field.get("description", ""), facts and f"_{facts}_") if part)
    told = {"errorMessage": f"{name} is {taken}"} if _is_scalar(field) else {}
    return {**field, "heading": name, **({"markdownDescription": text} if text else {}), **told}


def _is_plain(default: Any) -> bool:
    return default is not None and default not in ({}, [])


def _is_scalar(field: Schema) -> bool:
    """Whether an editor may say of any other value what the field takes: nothing within it is wrong by itself."""
    options = field.get("anyOf", [field])
    return all(option.get("type", "object") != "object" or "const" in option for option in options)


def computed_fields(schema: Schema) -> Schema:
    """A class's schema, any value of which may be an expression."""
    if "properties" not in schema:
        return schema
    found = {**schema, "properties": {name: computed(field) for name, field in schema["properties"].items()}}
    if isinstance(schema.get("additionalProperties"), dict):  # the sizes beside an einops pattern
        found["additionalProperties"] = computed(schema["additionalProperties"])
    return found


def computed(schema: Schema) -> Schema:
    """A value's schema that takes a text with an expression too.

    A pattern binds texts alone and a bound numbers alone, so one schema says both, and editors still name the bound.
    """
    found = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(found.get(key), dict):
            found[key] = computed(found[key])
    if isinstance(found.get("items"), list):
        found["items"] = [computed(item) for item in found["items"]]
    text: Schema = {"type": "string", "pattern": EXPRESSION}
    if "anyOf" in found and (merged := _merged(found)):
        return computed(merged)
    if "anyOf" in found:
        plain = any(option.get("type") == "string" and len(option) == 1 for option in found["anyOf"])
        options = [computed(option) if option.get("type") == "array" else option for option in found["anyOf"]]
        told = {"errorMessage": found["errorMessage"]} if "errorMessage" in found else {}
        options += [] if plain else [text]
        options += [] if "object" in types_of(found) else [LOOKED_FOR]
        return {**found, "anyOf": [{**option, **told} for option in options]}
    if "enum" in found or "const" in found:
        choice = {key: found.pop(key) for key in ("enum", "const", "type") if key in found}
        return {**found, "anyOf": [choice, text, LOOKED_FOR]}
    types = types_of(found)
    if types and not set(types) & {"string", "object"}:
        return {
            **found,
            "type": [*types, "string", "object"],
            "pattern": EXPRESSION,
            "required": LOOKED_FOR["required"],
        }
    return found


def _merged(schema: Schema) -> Schema:
    """Alternatives of different types as one schema, of which editors tell more; nothing where they cannot be one."""
    options = [dict(option) for option in schema["anyOf"]]
    if any(option.get("type") == "string" and len(option) > 1 for option in options):
        return {}  # an expression has another pattern
    types = [option.pop("type", None) for option in options]
    bounds = [key for option in options for key in option]
    one_each = all(isinstance(kind, str) and kind != "object" for kind in types) and len(set(types)) == len(types)
    if not one_each or len(set(bounds)) < len(bounds) or {"integer", "number"} <= set(types) or set(bounds) & CHOICES:
        return {}
    whole = {key: value for key, value in schema.items() if key != "anyOf"} | {"type": types}
    for kind, option in zip(types, options, strict=True):
        if kind == "array":  # an editor would begin a list below the key, where `items` stands beside the type
            whole |= {"if": {"type": kind}, "then": computed(option)}
        else:
            whole |= option
    return whole


def types_of(schema: Schema) -> list[str]:
    own = schema.get("type", [])
    own = [own] if isinstance(own, str) else list(own)
    return own + [name for option in schema.get("anyOf", []) for name in types_of(option)]


def draft7(schema: Any) -> Any:
    """Pydantic's schema, which is of draft 2020-12, as draft 7, without the titles made from field names."""
    if isinstance(schema, list):
        return [draft7(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _draft7_value(key, value) for key, value in schema.items() if not _is_noise(key, value)}
    if "heading" in found:
        found["title"] = found.pop("heading")
    if "$defs" in found:
        found["definitions"] = found.pop("$defs")
    if "$ref" in found:
        reference = {"$ref": found.pop("$ref").replace("#/$defs/", "#/definitions/")}
        # Draft 7 ignores what stands beside a reference.
        found = {**found, "allOf": [reference]} if found else reference
    if found.get("type") == "array":
        _draft7_array(found)
    if found.get("type") == "integer" and "exclusiveMinimum" in found:
        found["minimum"] = found.pop("exclusiveMinimum") + 1
    return found


def _is_noise(key: str, value: Any) -> bool:
    """Titles made of class names, our own words, and defaults that an editor would offer to no use."""
    return key in ("title", "words") or (key == "default" and (value is None or isinstance(value, dict | list)))


def _draft7_value(key: str, value: Any) -> Any:
    if key in ("properties", "$defs"):  # their keys are names, not words of JSON Schema
        return {name: draft7(schema) for name, schema in value.items()}
    return value if key in ("default", "enum", "const") else draft7(value)


def _draft7_array(found: Schema) -> None:
    if "prefixItems" in found:
        found["items"] = found.pop("prefixItems")
    for old, new in (("minLength", "minItems"), ("maxLength", "maxItems")):
        if old in found:
            found[new] = found.pop(old)
