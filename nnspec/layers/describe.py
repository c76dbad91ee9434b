"""What `nnspec layers` prints: all layer types, or one with its arguments and examples, from the class itself."""

import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from textwrap import indent, wrap
from typing import Any

from pydantic import BaseModel

from nnspec.diagnostics import SpecError, did_you_mean
from nnspec.layers.find import family, find, known
from nnspec.layers.layer import Layer, names_in, summary
from nnspec.layers.operators import operator_lines
from nnspec.layers.words import expected, literal
from nnspec.pycode import name as name_of
from nnspec.shapes import Tensor, parse_example

WIDTH = 100
PLAIN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
READ_AS_OTHER = frozenset(("true", "false", "null", "yes", "no", "on", "off"))


def listing() -> str:
    """Every layer type below its family, with a line on what it does."""
    families: dict[str, list[str]] = {}
    for name in known():
        families.setdefault(family(name), []).append(name)
    width = max(map(len, known()))
    lines = []
    for title, names in families.items():
        lines += ["", title, *(_shortened(f"  {name:<{width}}  {summary(_found(name))}") for name in names)]
    return "\n".join(lines[1:])


def describe(name: str) -> str:
    """One layer type: what it does, shapes, arguments, examples."""
    layer = _found(name)
    parts = [_heading(name, layer)]
    if layer.model_fields:
        parts.append("\n".join(["arguments", *argument_lines(layer)]))
    if len(names_in(layer.returns)) != 1:
        parts.append("\n".join(["outputs", *output_lines(layer)]))
    if layer.examples:
        lines = [f"  {shapes}\n{indent(entry, '    ')}" for shapes, entry in examples(name, layer)]
        parts.append("\n".join(["examples, their shapes without the batch", *lines]))
        parts.append(f"in PyTorch, the first example\n{indent(in_pytorch(layer), '  ')}")
        parts.append("\n".join(["in ONNX", *_wrapped(operator_lines(layer))]))
    return "\n\n".join(parts)


def in_pytorch(layer: type[Layer]) -> str:
    """The module of the first example, or the call of the function; and the classes that PyTorch lacks."""
    text, arguments = next(iter(layer.examples.items()))
    takes, _ = parse_example(text)
    made, values = layer(**arguments), [name_of(letter) for letter in _letters(len(takes))]
    return "\n".join([str(made.module(*takes) or made.code(takes, *values)), *layer.definition.rstrip().splitlines()])


def _letters(count: int) -> str:
    """The names of an example's inputs."""
    return "x" if count == 1 else "abcdefgh"[:count]


def _wrapped(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield from wrap(line, WIDTH, initial_indent="  ", subsequent_indent="    ")


def argument_lines(model: type[BaseModel]) -> Iterator[str]:
    """The fields of a class: name, default, what it takes, what it means."""
    fields = model.model_fields
    defaults = {name: "required" if info.is_required() else literal(info.default) for name, info in fields.items()}
    names, values = max(map(len, fields)), max(map(len, defaults.values()))
    margin = " " * (names + values + 6)
    for name, info in fields.items():
        taken, *more = wrap(expected(model, name), WIDTH - len(margin))
        yield f"  {name:<{names}}  {defaults[name]:<{values}}  {taken}"
        for line in [*more, *wrap(info.description or "", WIDTH - len(margin))]:
            yield f"{margin}{line}"


def examples(name: str, layer: type[Layer]) -> Iterator[tuple[str, str]]:
    """A layer's examples: shapes without the batch, and the entry of a spec that gives them."""
    first = next(iter(layer.model_fields), "")
    for shapes, arguments in layer.examples.items():
        takes, gives = parse_example(shapes)
        written = entry(name, arguments, first)
        if len(takes) > 1:
            sources = ", ".join(_letters(len(takes)))
            written = f"{written}{'' if arguments else ':'}\n  from: [{sources}]"
        yield f"{_tensors(takes)} -> {_tensors(gives)}", written


def entry(name: str, arguments: Mapping[str, Any], first: str) -> str:
    """A layer as an entry of a spec, in its shortest form: `- Linear: 10`."""
    if not arguments:
        return f"- {name}"
    if list(arguments) == [first]:
        return f"- {name}: {flow(arguments[first])}"
    return f"- {name}: {flow(arguments)}"


def flow(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, str) and PLAIN_TEXT.fullmatch(value) and value.lower() not in READ_AS_OTHER:
        return value
    return json.dumps(value, ensure_ascii=False)


def _found(name: str) -> type[Layer]:
    layer = find(name)
    if layer is None:
        help = did_you_mean(name, known()) or "`nnspec layers` lists them"
        raise SpecError.of("unknown-layer", f"no layer type is named '{name}'", help=help)
    return layer


def _heading(name: str, layer: type[Layer]) -> str:
    first, *others = inspect.cleandoc(layer.__doc__ or "").split("\n\n")
    paragraphs = [f"{name}: {' '.join(first.split())}", *("\n".join(f"  {x}" for x in o.splitlines()) for o in others)]
    return "\n\n".join(paragraphs)


def output_lines(layer: type[Layer]) -> list[str]:
    """How the outputs of a layer type that has several are taken."""
    if not layer.returns:
        return [
            "  as many as it makes: `from: [NAME.0, NAME.1]` takes them one by one; the first goes to the layer after"
        ]
    first, *others = names_in(layer.returns)
    named = " and ".join(f"`from: NAME.{output}`" for output in others)
    verb = "takes the other" if len(others) == 1 else "take the others"
    return [f"  {first} goes to the layer after it; {named} {verb}"]


def _tensors(tensors: Iterable[Tensor]) -> str:
    return ", ".join(map(str, tensors))


def _shortened(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
