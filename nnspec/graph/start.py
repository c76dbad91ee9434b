"""Given weights that a training starts from: which tensor of their file is which of the network's."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import islice
from operator import itemgetter
from pathlib import Path

from nnspec.diagnostics import Findings, Note, Span, SpecError, did_you_mean, some
from nnspec.graph.graph import Graph
from nnspec.graph.learning import tensor_name
from nnspec.graph.renaming import find_key, rename, too_many_stars
from nnspec.spec.checkpoint import Stored, read_header
from nnspec.spec.document import WeightsSection
from nnspec.spec.reach import Reach, shown
from nnspec.spec.spec import Spec

COUNTERS = ("num_batches_tracked",)  # torch's only buffers that are no real numbers
MAX_TOLD = 5  # tensors that one message describes
MAX_COMPARED = 400  # names that a prefix is looked for in


@dataclass(frozen=True, slots=True)
class Start:
    """A file of weights laid beside a network."""

    name: str
    path: Path
    span: Span  # where the spec names it
    takes: Mapping[str, str]  # what fits: the network's name, and the file's
    missing: Mapping[str, Stored]  # the network's, which the file lacks
    unknown: Mapping[str, Stored]  # the file's, as mapped, which the network lacks
    unlike: Mapping[str, tuple[Stored, Stored]]  # of another shape or type: there, and here
    turned: frozenset[str] = frozenset()  # the network's names of what stands transposed in the file

    @property
    def fits(self) -> bool:
        return not (self.missing or self.unknown or self.unlike)

    @property
    def anew(self) -> tuple[str, ...]:
        """What begins as if there were no file."""
        return (*self.missing, *self.unlike)


def state(graph: Graph) -> dict[str, Stored]:
    """Every parameter and buffer of the module once, by its name in the state dict."""
    found = {}
    for vertex in graph:
        if vertex.name in graph.live and not vertex.shares:
            shapes = {**graph.own(vertex), **vertex.layer.buffers(*vertex.takes)}
            for name, shape in shapes.items():
                found[tensor_name(vertex.name, name)] = Stored(shape, "int64" if name in COUNTERS else "float32")
    return found


def check_start(spec: Spec, graph: Graph, reach: Reach, findings: Findings) -> None:
    """Tell of given weights that are not this network's."""
    if not spec.weights or findings.errors:
        return
    try:
        start = find_start(spec, graph, reach)
    except SpecError as error:
        findings.found.extend(error.diagnostics)
        return
    assert start
    if not start.takes or (spec.weights.strict and not start.fits):
        _tell(spec, spec.weights, start, findings)


def find_start(spec: Spec, graph: Graph, reach: Reach) -> Start | None:
    """The given weights beside the network; SpecError where they cannot be read or named."""
    section = spec.weights
    if not section:
        return None
    span = spec.span_of("weights", "load")
    path = reach.find(section.load, reach.folder, span, "weights-file")
    header = read_header(path, section.load, span)
    names = _mapped(spec, section.map, header)
    ours = state(graph)
    # A file may hold a tied parameter under its other names too.
    known = {**ours, **{name: ours[owner] for name, owner in graph.learning.ties.items() if owner in ours}}
    turned = _turned(spec, section.transpose, {name: header[theirs] for name, theirs in names.items()})
    there = {name: _turn(header[theirs], name in turned) for name, theirs in names.items()}
    return Start(
        section.load,
        path,
        span,
        {name: names[name] for name, stored in ours.items() if there.get(name) == stored},
        {name: stored for name, stored in ours.items() if name not in there},
        {name: stored for name, stored in there.items() if name not in known},
        {name: (there[name], stored) for name, stored in ours.items() if name in there and there[name] != stored},
        turned,
    )


def _turned(spec: Spec, patterns: Sequence[str], there: Mapping[str, Stored]) -> frozenset[str]:
    """What stands transposed in the file: matrices whose names, as mapped, fit a pattern."""
    found: set[str] = set()
    for index, pattern in enumerate(patterns):
        fitting = {name for name, stored in there.items() if len(stored.shape) == 2 and fnmatchcase(name, pattern)}
        if not fitting:
            message = f"no matrix of {shown(spec.weights.load if spec.weights else '')} is named '{pattern}' here"
            raise SpecError.of("unknown-name", message, spec.span_of("weights", "transpose", index))
        found |= fitting
    return frozenset(found)


def _turn(stored: Stored, is_turned: bool) -> Stored:
    return replace(stored, shape=stored.shape[::-1]) if is_turned else stored


def _mapped(spec: Spec, changes: Mapping[str, str], header: Iterable[str]) -> dict[str, str]:
    """The file's names by what the network calls them."""
    used: set[str | None] = set()
    names: dict[str, str] = {}
    _check_stars(spec, changes)
    for theirs in header:
        key = find_key(theirs, changes)
        used.add(key)
        ours = theirs if key is None else rename(theirs, key, changes[key])
        if ours in names:
            message = f"both {shown(names[ours])} and {shown(theirs)} of the file would be {ours}"
            raise SpecError.of("weights-file", message, spec.span_of("weights", "map"))
        names[ours] = theirs
    for key in changes:
        if key not in used:
            help = did_you_mean(key, dict.fromkeys(part for theirs in header for part in _beginnings(theirs)))
            span = spec.span_of("weights", "map", key, key=True)
            message = f"no name of {shown(str(spec.weights and spec.weights.load))} begins with '{key}'"
            raise SpecError.of("unknown-name", message, span, help=help)
    return names


def _check_stars(spec: Spec, changes: Mapping[str, str]) -> None:
    for key in too_many_stars(changes):
        message = f"'{changes[key]}' has more stars than '{key}', whose parts they stand for"
        raise SpecError.of("wrong-value", message, spec.span_of("weights", "map", key))


def _beginnings(name: str) -> list[str]:
    """`a.b.weight` begins with `a.` and `a.b.`."""
    return [*(name[: end + 1] for end, letter in enumerate(name) if letter == "."), name]


def _tell(spec: Spec, section: WeightsSection, start: Start, findings: Findings) -> None:
    facts = {"missing": list(start.missing), "unknown": list(start.unknown), "unlike": list(start.unlike)}
    count = ", ".join(f"{len(names)} {word}" for word, names in facts.items() if names)
    whose = "are not this network's" if start.takes else "hold nothing of this network's"
    notes = [Note(word, some(names)) for word, names in facts.items() if names and word != "unlike"]
    unlike = [f"{name} is {there} there, and {here} here" for name, (there, here) in start.unlike.items()]
    notes += [Note("unlike", text) for text in unlike[:MAX_TOLD]]
    if len(unlike) > MAX_TOLD:
        notes.append(Note("unlike", f"and {len(unlike) - MAX_TOLD} more"))
    span = spec.span_of("weights", "load")
    message = f"the weights {shown(section.load)} {whose}: {count}"
    findings.error("weights-file", message, span, notes=notes, help=_way_out(start))


def _way_out(start: Start) -> str:
    """A map that would bring names together, where there is one."""
    pairs = Counter(
        (theirs.removesuffix(same), ours.removesuffix(same))
        for theirs, there in islice(start.unknown.items(), MAX_COMPARED)
        for ours, here in islice(start.missing.items(), MAX_COMPARED)
        if there == here and (same := _common_end(theirs, ours))
    )
    ((theirs, ours), count) = max(pairs.items(), key=itemgetter(1), default=(("", ""), 0))
    if count > 1 or (count and len(start.missing) == 1):
        return f'`map: {{"{theirs}": "{ours}"}}` would bring {count} of them together'
    if start.unlike and all(there.shape == here.shape for there, here in start.unlike.values()):
        return "convert them, as by `tensor.float()`, and save them again"
    return "`strict: false` takes what fits" if start.takes else ""


def _common_end(one: str, other: str) -> str:
    """The last parts of two dotted names that are the same: nothing but whole parts."""
    same = []
    for a, b in zip(reversed(one.split(".")), reversed(other.split(".")), strict=False):
        if a != b:
            break
        same.append(a)
    return ".".join(reversed(same))
