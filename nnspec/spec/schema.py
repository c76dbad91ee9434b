"""The language as a JSON Schema, for editors: the same classes that check a spec, written as draft 7.

An entry of `layers` is one object with a property for each layer type, which editors complete and check well;
a union of a hundred objects they do not. The forms below were chosen by what yaml-language-server makes of them.
"""

import inspect
from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from nnspec import augment, layers, prepare
from nnspec.layers.describe import examples
from nnspec.layers.layer import summary
from nnspec.layers.words import literal, schema_of
from nnspec.objectives import INITIALIZERS, LOSSES, METRICS, OPTIMIZERS, SCHEDULERS
from nnspec.prepare.describe import examples as examples_of_step
from nnspec.prepare.step import Step
from nnspec.spec.document import Document
from nnspec.spec.names import MAX_NAME
from nnspec.spec.optimizers import ALONE, AUTO
from nnspec.spec.schedules import HOLDING, HOLDS
from nnspec.spec.schema_fields import (
    EXPRESSION,
    LOOKED_FOR,
    Schema,
    computed,
    computed_fields,
    documented,
    draft7,
    types_of,
)

FILE_NAME = "nnspec.schema.json"
NAME: Schema = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]*$", "maxLength": MAX_NAME}
MAX_LISTED = 12  # names that an editor's message lists
NULL: Schema = {"type": "null"}
BLOCK_OR_EXPRESSION = r"^[a-z$]"  # layer types begin with capitals
IN_PLACE_OF_A_TYPE = ("share",)  # keys beside a layer's type that may stand without it


def editor_line(schema: str = FILE_NAME) -> str:
    """The first line of a spec that tells an editor where its schema is, from the spec's own folder."""
    return f"# yaml-language-server: $schema={schema}"


def json_schema() -> Schema:
    """The schema of a whole spec."""
    document = draft7(documented(schema_of(Document)))
    definitions = document.pop("definitions")
    kinds: dict[str, Mapping[str, type[BaseModel]]] = {
        "layer": {name: layer for name in layers.known() if (layer := layers.find(name))},
        "step": {name: step for name in prepare.known() if (step := prepare.find(name))},
        "augmentation": {name: found for name in augment.known() if (found := augment.find(name))},
        "loss": LOSSES,
        "metric": METRICS,
        "optimizer": OPTIMIZERS,
        "scheduler": SCHEDULERS,
        "initializer": INITIALIZERS,
    }
    for kind, classes in kinds.items():
        for name, model in classes.items():
            definitions |= _definitions(f"{kind}.{name}", model)
    definitions = {name: computed_fields(schema) for name, schema in definitions.items()}
    definitions |= {kind: _choice(kind, classes) for kind, classes in kinds.items()}
    definitions["merge"] = definitions["layer"]
    definitions["layer"] = _beside(definitions["layer"])
    definitions |= _counts(list(_keys_beside()))
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
    given["augment"]["items"] = _ref("augmentation")
    result["metrics"]["items"] = _ref("metric")
    for fields, kind in ((result, "loss"), (whole, "loss"), (whole, "optimizer"), (whole, "scheduler")):
        fields[kind] |= {"anyOf": [_ref(kind), NULL]}
    whole["optimizer"]["anyOf"].append({"type": "array", "items": _group(definitions["optimizer"]), "minItems": 1})
    for name in set(OPTIMIZERS) - set(ALONE):
        if OPTIMIZERS[name].usual:
            rate = definitions[f"optimizer.{name}"]["properties"]["lr"]
            rate |= {"pattern": rf"{EXPRESSION}|^{AUTO}$"}
            rate["description"] += "; `auto` finds one by a range test before the training"
    for name in HOLDING:
        definitions[f"scheduler.{name}"]["properties"][HOLDS]["items"] = _ref("scheduler")
    whole["init"]["anyOf"][0]["items"] = _rule(definitions["initializer"])
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
    bare = {name: summary(model) for name, model in classes.items() if not _required(model)}
    alone: Schema = {"type": "string", "enum": list(bare), "enumDescriptions": list(bare.values())}
    if len(classes) > MAX_LISTED:
        alone["errorMessage"] = f"no {kind} has this name, or it needs arguments"
    return {
        "anyOf": [alone, {"type": "object"}],
        "properties": {name: _arguments(kind, name, model) for name, model in classes.items()},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def _rule(choice: Schema) -> Schema:
    """An initializer beside the pattern of the names that it is for."""
    match: Schema = {"type": "string", "description": "A pattern of parameters' names: `*.weight`."}
    properties = {"match": match, **choice["properties"]}
    two: Schema = {"minProperties": 2, "maxProperties": 2, "additionalProperties": False}
    return {"type": "object", "properties": properties, "required": ["match"], **two}


def _group(choice: Schema) -> Schema:
    """An optimizer by itself or beside the pattern of the names that it is for."""
    match: Schema = {"type": "string", "description": "A pattern of parameters' names: `blocks.*`; the first wins."}
    properties = {"match": match, **choice["properties"]}
    closed: Schema = {"minProperties": 1, "maxProperties": 2, "additionalProperties": False}
    return {"anyOf": [{"type": "object"}, choice["anyOf"][0]], "properties": properties, **closed}


def _beside(choice: Schema) -> Schema:
    """A layer's entry: beside the layer type, which a parameter may give, stand its name, its inputs and more."""
    beside = _keys_beside()
    entry = {key: value for key, value in choice.items() if key not in ("minProperties", "maxProperties")}
    named: Schema = {"type": "string", "pattern": BLOCK_OR_EXPRESSION}
    return {
        **entry,
        "anyOf": [*entry["anyOf"], named],
        "properties": {**entry["properties"], **_combinators(), **beside},
        "patternProperties": {BLOCK_OR_EXPRESSION: True},
        "allOf": [_ref("entry.0.1.1")],
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
        "tie": {
            "description": "Parameters that are another layer's: `{weight: embed.weight}`.",
            "type": "object",
            "additionalProperties": {"type": "string"},
        },
        "freeze": {
            "description": "Its parameters are not trained.",
            "type": ["boolean", "string"],
            "pattern": EXPRESSION,
        },
        "init": {
            "description": "How its parameters begin, by their names: `{weight: orthogonal_, bias: zeros_}`; "
            "beside a `Parameter`, the initializer alone.",
            "anyOf": [{"type": "object", "additionalProperties": _ref("initializer")}, _ref("initializer")],
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
    block: Schema = {"patternProperties": {BLOCK_OR_EXPRESSION: True}, "additionalProperties": False}
    block |= {"minProperties": 1, "maxProperties": 1}
    named: Schema = {"type": "string", "pattern": BLOCK_OR_EXPRESSION}
    merge = {"anyOf": [_ref("merge"), {"type": "object", **block}, named, NULL]}
    branches = _closed({"paths": paths, "merge": merge}, ["paths", "merge"])
    return {
        "Residual": {
            "description": "input + body(input); a shortcut takes the input's place.",
            "anyOf": [residual, some],
        },
        "Branches": {"description": "The same input down each path, then merged.", **branches},
    }


def _closed(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _counts(keys: Sequence[str]) -> Schema:
    """`entry.INDEX.LEAST.MOST`: so many properties, and one more for each key from the index on that is there.

    A definition for each count, not an `if` within an `if`: those double with each key.
    """
    counts: Schema = {"entry.0.1.1": {}}
    for index, key in enumerate([*keys, ""]):
        for name in [name for name in counts if name.startswith(f"entry.{index}.")]:
            least, most = map(int, name.split(".")[2:])
            if not key:
                counts[name] = {"minProperties": least, "maxProperties": most}
                continue
            there = f"entry.{index + 1}.{least + (key not in IN_PLACE_OF_A_TYPE)}.{most + 1}"
            absent = f"entry.{index + 1}.{least}.{most}"
            counts[name] = {"if": {"required": [key]}, "then": _ref(there), "else": _ref(absent)}
            counts |= {there: {}, absent: {}}
    return counts


def _arguments(kind: str, name: str, model: type[BaseModel]) -> Schema:
    """What stands after a class's name: its arguments, its first one alone, or nothing."""
    required = _required(model)
    whole = _ref(f"{kind}.{name}")
    long = whole if required else {"anyOf": [whole, NULL]}
    if not model.model_fields:
        return {**_documentation(name, model), "type": ["object", "null"], **long}
    short = computed(draft7(documented(schema_of(model)))["properties"][next(iter(model.model_fields))])
    for key in ("default", "title", "description", "markdownDescription"):  # an editor shows the class's own
        short.pop(key, None)
    # Editors write what the first type asks for: a value where one argument is needed, else an indented line.
    types = [*types_of(short), "object"] if required == 1 else ["object", *types_of(short)]
    is_short = {"anyOf": [{"not": {"type": ["object", "null"]}}, LOOKED_FOR]}
    kinds = list(dict.fromkeys([*types, "null"]))  # whether nothing may stand there, `long` says
    return {**_documentation(name, model), "type": kinds, "if": is_short, "then": short, "else": long}


def _documentation(name: str, model: type[BaseModel]) -> Schema:
    text = inspect.cleandoc(model.__doc__ or "")
    first, *others = text.split("\n\n")
    blocks = [" ".join(first.split()), *(f"```text\n{other}\n```" for other in others)]
    if model.model_fields:
        blocks.append("\n".join(_field_lines(model)))
    if issubclass(model, layers.Layer):
        blocks += [f"```yaml\n{entry}  # {shapes}\n```" for shapes, entry in list(examples(name, model))[:1]]
    if issubclass(model, Step):
        blocks += [f"```yaml\n{entry}  # {shapes}\n```" for shapes, entry in list(examples_of_step(name, model))[:1]]
    return {"title": name, "description": text, "markdownDescription": "\n\n".join(blocks)}


def _field_lines(model: type[BaseModel]) -> list[str]:
    """A line for each field: its name, its default, what it is."""
    return [
        f"- `{name}`{'' if field.is_required() else f' = `{literal(field.default)}`'}: {field.description or ''}"
        for name, field in model.model_fields.items()
    ]


def _definitions(key: str, model: type[BaseModel]) -> Schema:
    """A class's schema, and those that it refers to."""
    schema = draft7(documented(schema_of(model)))
    schema.pop("description", None)  # stands where the class is named
    title = {"title": f"arguments of {key.partition('.')[2]}"} if _required(model) else {}  # editors offer it whole
    return {**schema.pop("definitions", {}), key: {**schema, **title}}


def _required(model: type[BaseModel]) -> int:
    return sum(field.is_required() for field in model.model_fields.values())


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}
