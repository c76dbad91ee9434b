"""What may be written where the cursor stands: keys, layer types, words, names and parameters."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lsprotocol.types import CompletionItemKind as Kind

from nnspec.lsp import grammar
from nnspec.lsp.context import Context, Step
from nnspec.spec import Entry, Spec
from nnspec.spec.entries import BESIDE
from nnspec.spec.formula import FUNCTIONS
from nnspec.spec.params import OF_PLACE

UNFINISHED = re.compile(r"[A-Za-z_]\w*$|$", re.ASCII)
NAMES = ("from", "share")  # keys whose values name layers
FIRST, LATER, LAST = "1", "2", "3"  # the order in which an editor offers what it cannot tell apart


@dataclass(frozen=True, slots=True)
class Offer:
    """Something to write. `$1` in it is where the cursor goes on, `plain` the same without such places."""

    label: str
    text: str
    kind: Kind
    documentation: str = ""
    rank: str = FIRST
    start: int = -1  # of what it takes the place of, where that is less than the word

    @property
    def plain(self) -> str:
        return re.split(r"\$\d|(?<=: )\{(?=\w+: \$)", self.text)[0].replace("\\$", "$")


def completions(spec: Spec | None, context: Context, column: int, *, has_colon: bool, json: bool) -> list[Offer]:
    """Everything that fits; the editor picks by what has been written. `spec` is the last one that could be read."""
    before = context.text[: max(0, column - context.start)]
    if "$" in before and context.role != "key":
        return list(_in_expression(spec, context, column - context.start))
    found = list(_offers(spec, context))
    if has_colon:
        found = [replace(one, text=one.label) for one in found]
    return [_as_json(one, in_list=context.role == "either") for one in found] if json else found


def _offers(spec: Spec | None, context: Context) -> Iterator[Offer]:
    schemas = grammar.at(context.path)
    is_entry = grammar.is_entry(schemas)
    if is_entry:
        yield from _entry(spec, schemas, context)
    elif context.role != "value":
        yield from _keys(schemas, context)
        yield from _arguments(spec, context)
    if context.role != "key":
        yield from () if is_entry else _words(schemas, context)
        yield from _references(spec, context)
        yield from _parameters(spec, context)


def _entry(spec: Spec | None, schemas: Sequence[grammar.Schema], context: Context) -> Iterator[Offer]:
    """A layer type, a combinator or a block; beside it, its name and its inputs."""
    has_type = bool(context.present - set(BESIDE))
    alone = set(grammar.words(schemas)) if context.role != "key" else set()
    for key, below in grammar.keys(schemas).items():
        is_beside = key in BESIDE
        if key in context.present or (has_type and not is_beside) or (is_beside and context.role != "key"):
            continue
        text = key if key in alone else _call(key, grammar.required(below))
        kind = Kind.Property if is_beside else Kind.Class
        yield Offer(key, f"{key}: $1" if is_beside else text, kind, grammar.documentation(below), FIRST)
    for name, block in spec.home.blocks.items() if spec and not has_type else ():
        needed = [param for param, given in block.params.items() if given.default is None]
        text = _call(name, needed) if needed or context.role == "key" else name
        yield Offer(name, text, Kind.Function, f"{'import' if block.document else 'block'} of this document")


def _call(name: str, required: Sequence[str]) -> str:
    """A layer with the arguments that it needs: `Linear: $1`, `Conv2d: {out_channels: $1, kernel_size: $2}`."""
    if len(required) <= 1:
        return f"{name}: $1"
    return f"{name}: {{{', '.join(f'{key}: ${place}' for place, key in enumerate(required, 1))}}}"


def _keys(schemas: Sequence[grammar.Schema], context: Context) -> Iterator[Offer]:
    needed = grammar.required(schemas)
    alone = grammar.words(schemas) if context.role == "either" else {}
    for key, below in grammar.keys(schemas).items():
        if key not in context.present and key not in alone:
            rank = FIRST if key in needed else LATER
            yield Offer(key, f"{key}: $1", Kind.Property, grammar.documentation(below), rank)


def _arguments(spec: Spec | None, context: Context) -> Iterator[Offer]:
    """The parameters of a block within its arguments."""
    block = spec.home.blocks.get(str(context.path[-1])) if spec and context.path else None
    if not block or not grammar.is_entry(grammar.at(context.path[:-1])):
        return
    for name, param in block.params.items():
        if name not in context.present:
            told = "required" if param.default is None else f"`{param.default.plain()}` unless given"
            yield Offer(name, f"{name}: $1", Kind.Property, f"parameter of {block.name}, {told}")


def _words(schemas: Sequence[grammar.Schema], context: Context) -> Iterator[Offer]:
    keyed = grammar.keys(schemas)
    for word, meaning in grammar.words(schemas).items():
        told = grammar.documentation(keyed[word]) if word in keyed else meaning
        yield Offer(word, word, Kind.Class if word in keyed else Kind.Value, told)
    if context.role == "value":
        for name, below in keyed.items():
            if name not in grammar.words(schemas) and name[0].isupper():
                call = _call(name, grammar.required(below))
                text = f"{{{call}}}" if not context.path or context.path[-1] != name else call
                yield Offer(name, text, Kind.Class, grammar.documentation(below))


def _references(spec: Spec | None, context: Context) -> Iterator[Offer]:
    if spec and any(step in NAMES for step in context.path[-2:]):
        if context.path[-1] != "share":
            yield Offer("_", "_", Kind.Reference, "the output of the entry before")
        for name in names_above(spec, context.path):
            yield Offer(name, name, Kind.Reference)


def _parameters(spec: Spec | None, context: Context) -> Iterator[Offer]:
    if context.path[:1] == ("params",) or any(step in NAMES for step in context.path[-2:]):
        return
    for name, told in _scope(spec, context.path).items():
        yield Offer(f"${name}", f"\\${name}", Kind.Variable, told, LAST)


def _in_expression(spec: Spec | None, context: Context, at: int) -> Iterator[Offer]:
    """Names within `$…`: the word that is being written gives way."""
    found = UNFINISHED.search(context.text[:at])
    start = context.start + (found.start() if found else at)
    for name, told in _scope(spec, context.path).items():
        yield Offer(name, name, Kind.Variable, told, FIRST, start)
    if "layers" in context.path:
        for name in sorted(OF_PLACE):
            yield Offer(name, name, Kind.Variable, "known of the layer's place", LATER, start)
    if "(" in context.text[:at]:
        for name in FUNCTIONS:
            yield Offer(name, f"{name}($1)", Kind.Function, "", LAST, start)


def _scope(spec: Spec | None, path: Sequence[Step]) -> Mapping[str, str]:
    """The parameters that are seen from a path, each with its value in words."""
    if not spec:
        return {}
    found = {name: f"parameter of the document: `{value}`" for name, value in spec.params.values.items()}
    block = spec.home.blocks.get(str(path[1])) if path[:1] == ("blocks",) and len(path) > 1 else None
    return {**found, **dict.fromkeys(block.params, f"parameter of the block {block.name}")} if block else found


def names_above(spec: Spec, path: Sequence[Step]) -> list[str]:
    """What an entry may refer to: the inputs, and the entries above it, in the lists around it too."""
    if path[0] == "outputs":
        return [*spec.inputs, *(entry.name for entry in spec.entries)]
    block = spec.home.blocks.get(str(path[1])) if path[0] == "blocks" and len(path) > 1 else None
    entries = block.entries if block else spec.entries
    found = list(block.inputs if block else spec.inputs)
    steps = list(path[1:])
    while entries and steps:
        while steps and not isinstance(steps[0], int):
            steps.pop(0)
        index = steps.pop(0) if steps else 0
        assert isinstance(index, int)
        found += [entry.name for entry in entries[:index]]
        entries = _part(entries[index : index + 1], steps)
    return found


def _part(entries: Iterable[Entry], steps: Sequence[Step]) -> tuple[Entry, ...]:
    """The list within a combinator that a path goes on into."""
    parts = next((entry.parts for entry in entries), {})
    keys = [f"{steps[1]}.{steps[2]}" if len(steps) > 2 else "", str(steps[1]) if len(steps) > 1 else "", "body"]
    inside = len(steps) > 1 and (isinstance(steps[1], int) or steps[1] in ("body", "shortcut", "paths"))
    return next((parts[key] for key in keys if key in parts), ()) if inside else ()


def _as_json(offer: Offer, *, in_list: bool) -> Offer:
    """Keys and words in quotes; in a list, what has arguments in braces."""
    key, colon, rest = offer.text.partition(": ")
    if not re.fullmatch(r"[\\$\w]+", key):
        return offer
    inner = re.sub(r"(\w+): ", r'"\1": ', rest)
    text = f'"{key}"{colon}{inner}'
    return replace(offer, text=f"{{{text}}}" if in_list and colon else text)
