"""The language as a JSON Schema, for editors: the same classes that check a spec, written as draft 7.

An entry of `layers` is one object with a property for each layer type, which editors complete and check well;
a union of a hundred objects they do not. The forms below were chosen by what yaml-language-server makes of them.
"""

import inspect
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from nnspec import layers, prepare
from nnspec.layers.describe import examples
from nnspec.layers.words import schema_of
from nnspec.objectives import LOSSES, METRICS, OPTIMIZERS, SCHEDULERS
from nnspec.spec.document import Document
from nnspec.spec.names import MAX_NAME

Schema = dict[str, Any]

FILE_NAME = "nnspec.schema.json"
NAME: Schema = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]*$", "maxLength": MAX_NAME}
NULL: Schema = {"type": "null"}
BLOCK_OR_EXPRESSION = r"^[a-z$]"  # layer types begin with capitals
EXPRESSION = r"\$"  # what a text holds that is an expression


def editor_line(schema: str = FILE_NAME) -> str:
    """The first line of a spec that tells an editor where its schema is, from the spec's own folder."""
    return f"# yaml-language-server: $schema={schema}"


def json_schema() -> Schema:
    """The schema of a whole spec."""
    document = _draft7(schema_of(Document))
    definitions = document.pop("definitions")
    kinds: dict[str, Mapping[str, type[BaseModel]]] = {
        "layer": {name: layer for name in layers.known() if (layer := layers.find(name))},
        "step": {name: step for name in prepare.known() if (step := prepare.find(name))},
        "loss": LOSSES,
        "metric": METRICS,
        "optimizer": OPTIMIZERS,
        "scheduler": SCHEDULERS,
    }
    for kind, classes in kinds.items():
        for name, model in classes.items():
            definitions |= _definitions(f"{kind}.{name}", model)
    definitions = {name: _computed_fields(schema) for name, schema in definitions.items()}
    definitions |= {kind: _choice(kind, classes) for kind, classes in kinds.items()}
    definitions["merge"] = definitions["layer"]
    definitions["layer"] = _beside(definitions["layer"])
    _link(document, definitions)
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "$id": "urn:nnspec:1", "title": "nnspec, version 1"}
    return {**head, **document, "definitions": dict(sorted(definitions.items()))}


def _link(document: Schema, definitions: Schema) -> None:
    """Say of each field that names a class what may stand there, and of each name what it may look like."""
    whole = document["properties"]
    given, result = (definitions[section]["properties"] for section in ("InputSection", "OutputSection"))
    whole["layers"]["items"] = _ref("layer")
    definitions["BlockSection"]["properties"]["layers"]["items"] = _ref("layer")
    whole["blocks"] |= {"propertyNames": {**NAME, "pattern": "^[a-z][A-Za-z0-9_]*$"}}
    given["prepare"]["items"] = result["prepare"]["items"] = _ref("step")
    result["metrics"]["items"] = _ref("metric")
    for fields, kind in ((result, "loss"), (whole, "loss"), (whole, "optimizer"), (whole, "scheduler")):
        fields[kind] |= {"anyOf": [_ref(kind), NULL]}
    for name in ("inputs", "outputs"):
        whole[name] |= {"propertyNames": NAME, "minProperties": 1}
    whole["imports"] |= {"propertyNames": {**NAME, "pattern": "^[a-z][A-Za-z0-9_]*$"}}
    whole["imports"]["additionalProperties"] = {"anyOf": [{"type": "string"}, {"type": "object"}]}
    # A document that extends another has from it what it does not say itself, and null takes away what it has.
    document["if"], document["then"], document["else"] = (
        {"required": ["extends"]},
        {},
        {"required": document["required"]},
    )
    del document["required"]
    outputs = whole["outputs"]
    outputs["additionalProperties"] = {"anyOf": [outputs["additionalProperties"], NULL]}


def _choice(kind: str, classes: Mapping[str, type[BaseModel]]) -> Schema:
    """One class by its name alone, where it needs no argument, or with its arguments.

    The properties stand beside the alternatives, not in one of them, so that editors name the key that is wrong.
    """
    alone = [name for name, model in classes.items() if not _required(model)]
    return {
        "anyOf": [{"type": "string", "enum": alone}, {"type": "object"}],
        "properties": {name: _arguments(kind, name, model) for name, model in classes.items()},
        "additionalProperties": False,
        **_exactly(1),
    }


def _beside(choice: Schema) -> Schema:
    """A layer's entry: beside the layer type, which a parameter may give, stand its name, its inputs and more."""
    beside = _keys_beside()
    entry = {key: value for key, value in choice.items() if key not in _exactly(1)}
    named: Schema = {"type": "string", "pattern": BLOCK_OR_EXPRESSION}
    return {
        **entry,
        "anyOf": [*entry["anyOf"], named],
        "properties": {**entry["properties"], **_combinators(), **beside},
        "patternProperties": {BLOCK_OR_EXPRESSION: True},
        **_one_beside(list(beside), 1, 1),
    }


def _keys_beside() -> dict[str, Schema]:
    return {
        "name": {**NAME, "description": "A name to refer to; without one a layer is named after its type and place."},
        "from": {
            "description": "Its input, or its inputs in order or by name: names of what stands above; `_` is the layer"
            " before.",
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
                {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
            ],
        },
        "when": {
            "description": "Left out where the condition is false.",
            "type": ["boolean", "string"],
            "pattern": EXPRESSION,
        },
        "share": {
            "description": "No weights of its own: the same module as the entry of this name, which stands above.",
            "type": "string",
        },
        "repeat": {
            "description": "So many times in a row, each with weights of its own; `index` counts from 0.",
            "type": ["integer", "string"],
            "minimum": 0,
            "pattern": EXPRESSION,
        },
    }


def _combinators() -> Schema:
    """What stands after `Residual` and `Branches`."""
    entries: Schema = {"type": "array", "items": _ref("layer")}
    some = {**entries, "minItems": 1}
    condition: Schema = {"type": ["boolean", "string"], "pattern": EXPRESSION}
    several = {"repeat": {"type": ["integer", "string"], "minimum": 1, "pattern": EXPRESSION}, "layers": entries}
    repeated = _closed(several, ["repeat", "layers"])
    paths = {"anyOf": [{"type": "array", "items": entries, "minItems": 1}, repeated]}
    residual = _closed({"body": some, "shortcut": some, "skip": condition}, ["body"])
    branches = _closed({"paths": paths, "merge": {"anyOf": [_ref("merge"), NULL]}}, ["paths", "merge"])
    return {
        "Residual": {
            "description": "input + body(input); a shortcut takes the input's place.",
            "anyOf": [residual, some],
        },
        "Branches": {"description": "The same input down each path, then merged.", **branches},
    }


def _closed(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _one_beside(keys: list[str], least: int, most: int) -> Schema:
    """So many properties, and one more for each of the keys that is there; `share` needs no layer type."""
    if not keys:
        return {"minProperties": least, "maxProperties": most}
    first, *rest = keys
    return {
        "if": {"required": [first]},
        "then": _one_beside(rest, least + (first != "share"), most + 1),
        "else": _one_beside(rest, least, most),
    }


def _exactly(count: int) -> Schema:
    return {"minProperties": count, "maxProperties": count}


def _arguments(kind: str, name: str, model: type[BaseModel]) -> Schema:
    """What stands after a class's name: its arguments, its first one alone, or nothing."""
    required = _required(model)
    whole = _ref(f"{kind}.{name}")
    long = whole if required else {"anyOf": [whole, NULL]}
    nothing = [] if required else ["null"]
    if not model.model_fields:
        return {**_documentation(name, model), "type": ["object", *nothing], **long}
    short = _computed(_draft7(schema_of(model))["properties"][next(iter(model.model_fields))])
    short.pop("default", None)
    # Editors write what the first type asks for: a value where one argument is needed, else an indented line.
    types = [*_types(short), "object"] if required == 1 else ["object", *_types(short)]
    is_short = {"not": {"type": ["object", "null"]}}
    kinds = list(dict.fromkeys([*types, *nothing]))
    return {**_documentation(name, model), "type": kinds, "if": is_short, "then": short, "else": long}


def _computed_fields(schema: Schema) -> Schema:
    """A class's schema, any value of which may be an expression."""
    if "properties" not in schema:
        return schema
    return {**schema, "properties": {name: _computed(field) for name, field in schema["properties"].items()}}


def _computed(schema: Schema) -> Schema:
    """A value's schema that takes a text with an expression too.

    A pattern binds texts alone and a bound numbers alone, so one schema says both, and editors still name the bound.
    """
    found = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(found.get(key), dict):
            found[key] = _computed(found[key])
    if isinstance(found.get("items"), list):
        found["items"] = [_computed(item) for item in found["items"]]
    text: Schema = {"type": "string", "pattern": EXPRESSION}
    if "anyOf" in found:
        plain = any(option.get("type") == "string" and len(option) == 1 for option in found["anyOf"])
        options = [_computed(option) if option.get("type") == "array" else option for option in found["anyOf"]]
        return {**found, "anyOf": [*options, *([] if plain else [text])]}
    if "enum" in found or "const" in found:
        choice = {key: found.pop(key) for key in ("enum", "const", "type") if key in found}
        return {**found, "anyOf": [choice, text]}
    if found.get("type") in ("integer", "number", "boolean", "array"):
        return {**found, "type": [found["type"], "string"], "pattern": EXPRESSION}
    return found


def _types(schema: Schema) -> list[str]:
    own = schema.get("type", [])
    own = [own] if isinstance(own, str) else list(own)
    return own + [name for option in schema.get("anyOf", []) for name in _types(option)]


def _documentation(name: str, model: type[BaseModel]) -> Schema:
    text = inspect.cleandoc(model.__doc__ or "")
    first, *others = text.split("\n\n")
    blocks = [" ".join(first.split()), *(f"```text\n{other}\n```" for other in others)]
    if issubclass(model, layers.Layer):
        blocks += [f"```yaml\n{entry}  # {shapes}\n```" for shapes, entry in list(examples(name, model))[:1]]
    return {"description": text, "markdownDescription": "\n\n".join(blocks)}


def _definitions(key: str, model: type[BaseModel]) -> Schema:
    """A class's schema, and those that it refers to."""
    schema = _draft7(schema_of(model))
    schema.pop("description", None)  # stands where the class is named
    return {**schema.pop("definitions", {}), key: schema}


def _required(model: type[BaseModel]) -> int:
    return sum(field.is_required() for field in model.model_fields.values())


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _draft7(schema: Any) -> Any:
    """Pydantic's schema, which is of draft 2020-12, as draft 7, without the titles made from field names."""
    if isinstance(schema, list):
        return [_draft7(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _draft7_value(key, value) for key, value in schema.items() if not _is_noise(key, value)}
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
    """Titles made from field names, our own words, and defaults that an editor would offer to no use."""
    return key in ("title", "words") or (key == "default" and (value is None or isinstance(value, dict | list)))


def _draft7_value(key: str, value: Any) -> Any:
    if key in ("properties", "$defs"):  # their keys are names, not words of JSON Schema
        return {name: _draft7(schema) for name, schema in value.items()}
    return value if key in ("default", "enum", "const") else _draft7(value)


def _draft7_array(found: Schema) -> None:
    if "prefixItems" in found:
        found["items"] = found.pop("prefixItems")
    for old, new in (("minLength", "minItems"), ("maxLength", "maxItems")):
        if old in found:
            found[new] = found.pop(old)
