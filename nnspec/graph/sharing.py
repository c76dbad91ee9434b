"""Entries without weights of their own: the layers of another entry, on inputs of theirs."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from nnspec.diagnostics import Note
from nnspec.graph.body import Body, Given
from nnspec.graph.graph import Port, Vertex
from nnspec.graph.label import call
from nnspec.spec.spec import Entry, Spec

if TYPE_CHECKING:
    from nnspec.graph.elaborate import Elaborator

LEAVE_OUT = "leave the type out: it is the shared entry's"
WAY_OUT = "bring its input to the same form first, or leave `share` out: then it has weights of its own"


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """An entry with the stretch of the network's layers that it gave."""

    entry: Entry
    start: int
    end: int


def shared_names(spec: Spec) -> frozenset[str]:
    """The names that some entry shares its weights with."""
    lists = [spec.entries, *(block.entries for block in spec.home.every_block())]
    return frozenset(entry.share.text for entry in _all_entries(chain(*lists)) if entry.share)


def _all_entries(entries: Iterable[Entry]) -> Iterator[Entry]:
    for entry in entries:
        yield entry
        yield from _all_entries(chain(*entry.parts.values()))


def use_shared(elaborator: "Elaborator", body: Body, entry: Entry, previous: Given | None) -> Given | None:
    """What an entry gives that has the weights of another: inference anew, and the same modules."""
    path = body.prefix + entry.name
    broken = Given(entry.kind, path, entry.type_span)
    owner = _owner(elaborator, body, entry)
    if owner is None:
        return broken
    made = elaborator.made[owner.name]
    start, scopes = len(elaborator.order), len(elaborator.scopes)
    whole = _as_owner(entry, made.entry)
    given = elaborator.entry(body, whole, previous)
    elaborator.made[path] = Made(whole, start, len(elaborator.order))  # which another may share in turn
    if given is None or not given.ports:
        return given
    names = elaborator.order[start:]
    to_owner = _renaming(path, owner.name, repeated=bool(entry.repeat) and not made.entry.repeat)
    mine = {name: to_owner(name) for name in names}
    if not _is_same(elaborator, entry, owner, mine, elaborator.order[made.start : made.end]):
        return broken
    for name, other in mine.items():
        vertex = elaborator.vertices[name]
        elaborator.vertices[name] = replace(vertex, shares=elaborator.vertices[other].home)
    _forget(elaborator, f"{path}.")
    for name in list(elaborator.scopes)[scopes:]:
        other = to_owner(name)
        elaborator.scopes[name] = replace(elaborator.scopes[name], shares=elaborator.scopes[other].shares or other)
    return given


def _forget(elaborator: "Elaborator", prefix: str) -> None:
    """What layers of a shared module say of their weights, they say where these stand."""
    elaborator.ties = {name: owner for name, owner in elaborator.ties.items() if not name.startswith(prefix)}
    elaborator.inits = {name: chosen for name, chosen in elaborator.inits.items() if not name.startswith(prefix)}
    elaborator.frozen = [path for path in elaborator.frozen if not path.startswith(prefix)]


def _owner(elaborator: "Elaborator", body: Body, entry: Entry) -> Given | None:
    """What the shared entry gave; None where it is broken, or after telling why it cannot be shared."""
    assert entry.share
    found = body.resolve(entry.share, None, elaborator.findings)
    if found is None or not found.ports:
        return None
    made, fault, help = elaborator.made.get(found.name), "", ""
    if made is None:
        fault = f"`share` names an entry of layers, and {entry.share.text} is an input"
    elif entry.kind and entry.kind != made.entry.kind and not made.entry.share:
        fault = f"{entry.name} is a {entry.kind}, and the {found.title} that it shares is another type"
        help = LEAVE_OUT
    elif entry.repeat and made.entry.repeat:
        fault = f"{entry.share.text} is itself repeated: shared, each turn of it stands once"
        help = "to go through it several times, put what is repeated into a block, and share that"
    if not fault:
        return found
    notes = [Note("shared", found.title, found.span)] if made else []
    elaborator.findings.error("wrong-value", fault, entry.share.span, notes=notes, help=help)
    return None


def _as_owner(entry: Entry, owner: Entry) -> Entry:
    """The shared entry with the name, the inputs and the conditions of the one that shares it."""
    assert entry.share
    written = entry if entry.kind else owner
    return replace(
        entry,
        kind=written.kind,
        arguments=written.arguments,
        parts=written.parts,
        computed=entry.computed or owner.computed,
        type_span=entry.share.span,
        named=True,
        repeat=entry.repeat or owner.repeat,
    )


def _renaming(path: str, owner: str, *, repeated: bool) -> Callable[[str], str]:
    """From the path of a layer in an entry to that of the layer whose module it is."""

    def rename(name: str) -> str:
        rest = name[len(path) :]
        if repeated:  # `encoder` for each of `again.0`, `again.1`, …
            _, dot, rest = rest[1:].partition(".")
            rest = dot + rest
        return owner + rest

    return rename


def _is_same(
    elaborator: "Elaborator", entry: Entry, owner: Given, mine: Mapping[str, str], theirs: Iterable[str]
) -> bool:
    """Tell where a module made for one input is not the one for another."""
    for name, other in mine.items():
        vertex, shared = elaborator.vertices[name], elaborator.vertices.get(other)
        fault = _difference(vertex, shared, owner) if shared else f"it has no {vertex.kind} {other}, as it would here"
        if fault:
            _tell(elaborator, entry, owner, fault, vertex, shared)
            return False
    if missing := set(theirs) - set(mine.values()):
        vertex = elaborator.vertices[min(missing)]
        _tell(elaborator, entry, owner, f"its {vertex.kind} {vertex.name} is left out here", None, vertex)
        return False
    if not _takes_alike(elaborator, owner, mine):
        _tell(elaborator, entry, owner, "it was made for one value in two places, and here they are two values")
        return False
    return True


def _difference(mine: Vertex, theirs: Vertex, owner: Given) -> str:
    """How two layers are not the same module; nothing where they are."""
    inside = "" if theirs.name == owner.name else f"{theirs.kind} {theirs.name}"
    if mine.layer != theirs.layer:
        return f"{f'its {inside}' if inside else 'it'} is {call(theirs.layer)}, and would be {call(mine.layer)} here"
    shapes = theirs.layer.parameters(*theirs.takes)
    for name, shape in mine.layer.parameters(*mine.takes).items():
        if shape != shapes[name]:
            of = f"the {name} of its {inside}" if inside else f"its {name}"
            return f"{of} is {_shape(shapes[name])}, and this input needs {_shape(shape)}"
    return ""


def _takes_alike(elaborator: "Elaborator", owner: Given, mine: Mapping[str, str]) -> bool:
    """Whether each value that the shared module takes is one value here too, each time that it is called."""
    found: dict[tuple[str, Port], Port] = {}
    for name, other in mine.items():
        turn = name.removesuffix(other[len(owner.name) :])
        pairs = zip(elaborator.vertices[name].inputs, elaborator.vertices[other].inputs, strict=True)
        for port, shared in pairs:
            if found.setdefault((turn, shared), port) != port:
                return False
    return True


def _tell(
    elaborator: "Elaborator",
    entry: Entry,
    owner: Given,
    fault: str,
    mine: Vertex | None = None,
    theirs: Vertex | None = None,
) -> None:
    assert entry.share
    notes = [elaborator.note(port, "here") for port in (mine.inputs if mine else ())]
    notes += [elaborator.note(port, entry.share.text) for port in (theirs.inputs if theirs else ())]
    message = f"{entry.name} cannot share {owner.title}: {fault}"
    help = LEAVE_OUT if entry.kind else WAY_OUT
    elaborator.findings.error("shape", message, entry.share.span, notes=notes, help=help)


def _shape(shape: Iterable[int]) -> str:
    return f"({', '.join(map(str, shape))})"
