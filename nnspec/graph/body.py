"""One list of layers on its way into the graph: what its names stand for, and what a reference means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from nnspec.diagnostics import Findings, Note, Span, did_you_mean
from nnspec.graph.graph import Port
from nnspec.spec.params import Names
from nnspec.spec.spec import Block, Entry, Home, Reference


@dataclass(frozen=True, slots=True)
class Given:
    """What a name stands for: the outputs of a layer, or an input."""

    kind: str
    name: str
    span: Span
    ports: tuple[Port, ...] = ()  # none: it is broken, as was told
    outputs: tuple[str, ...] = ("output",)
    turns: "tuple[Given, ...]" = ()  # of what is repeated: what each turn gives

    @property
    def title(self) -> str:
        return f"{self.kind} {self.name}"


class Body:
    """A list of layers that is being elaborated."""

    def __init__(
        self,
        entries: Sequence[Entry],
        inputs: Mapping[str, Given],
        names: Names,
        prefix: str = "",
        *,
        home: Home,
        document: Names,
        title: str = "",
        blocks: tuple[Block, ...] = (),
        outer: "Body | None" = None,
        depth: int = 0,
        used: tuple[Note, ...] = (),
        numbers: Mapping[str, int | float] = MappingProxyType({}),
    ) -> None:
        self.entries, self.inputs, self.names, self.prefix = entries, inputs, names, prefix
        self.title, self.blocks, self.outer = title, blocks, outer
        self.home, self.document = home, document  # what the document around knows by name, and its parameters here
        self.numbers = numbers  # the parameters of the block around that are numbers
        self.residuals = sum(entry.kind == "Residual" for entry in entries)
        self.depth, self.used = depth, used  # how many lists stand around it, and where its block is used
        self.known = dict(inputs)
        self.later = {entry.name: entry for entry in entries}
        self.entry_names = frozenset(self.later)
        self.left_out: dict[str, Entry] = {}

    def add(self, entry: Entry, given: Given | None) -> None:
        """From here on the entry's name stands for this; for nothing where it is left out."""
        self.later.pop(entry.name, None)
        if given:
            self.known[entry.name] = given
        else:
            self.left_out[entry.name] = entry

    def resolve(self, reference: Reference, previous: Given | None, findings: Findings) -> Given | None:
        """What a reference means; None after telling what is wrong."""
        if reference.text == "_":
            return previous
        name, *rest = reference.text.split(".")
        given = self._find(name)
        if given is None:
            self._unknown(reference, findings)
            return None
        if given.turns and rest and rest[0].isdecimal():
            given = _turn(given, rest.pop(0), reference, findings)
        return self._output_of(given, ".".join(rest), reference, findings) if given and rest else given

    def _find(self, name: str) -> Given | None:
        """What a name stands for, here or in the list around."""
        return self.known.get(name) or (self.outer._find(name) if self.outer else None)

    def _output_of(self, given: Given, output: str, reference: Reference, findings: Findings) -> Given | None:
        if not given.ports:
            return given
        index = given.outputs.index(output) if output in given.outputs else -1
        if output.isdecimal() and int(output) < len(given.ports):
            index = int(output)
        if index >= 0:
            return Given(given.kind, given.name, given.span, (given.ports[index],))
        help = _outputs_help(given, output)
        findings.error("unknown-name", f"{given.title} has no output '{output}'", reference.span, help=help)
        return None

    def _unknown(self, reference: Reference, findings: Findings) -> None:
        name = reference.text.split(".")[0]
        if name in self.later:
            _later(reference, self.later[name], findings)
        elif name in self.left_out:
            note = Note("there", f"{self.left_out[name].kind} {name}", self.left_out[name].type_span)
            findings.error(
                "unknown-name", f"'{name}' is left out: {_why(self.left_out[name])}", reference.span, notes=[note]
            )
        else:
            known = [*self.inputs, *(entry.name for entry in self.entries)]
            own = "a block knows its `inputs` and its own layers; `name:` beside a layer gives it a name"
            help = own if self.blocks else "give a layer a name with `name:` beside it"
            findings.error(
                "unknown-name",
                f"no layer or input above is named '{reference.text}'{_odd_letter(reference.text)}",
                reference.span,
                help=did_you_mean(reference.text, known) or help,
            )


def _turn(given: Given, place: str, reference: Reference, findings: Findings) -> Given | None:
    """What one turn of a repeat gives."""
    if len(place) < 9 and int(place) < len(given.turns):
        return given.turns[int(place)]
    turns = f"{len(given.turns)} turn{'s' if len(given.turns) > 1 else ''}"
    message = f"{given.title} has {turns}, and '{reference.text}' would be one more: the first is 0"
    findings.error("unknown-name", message, reference.span, help=f"the last is `{given.name}.{len(given.turns) - 1}`")
    return None


def _why(left_out: Entry) -> str:
    return "its condition is false" if left_out.when else "it is repeated 0 times"


def _later(reference: Reference, entry: Entry, findings: Findings) -> None:
    title = f"{entry.kind or 'layer'} {entry.name}"
    if reference in entry.sources:
        findings.error(
            "later-name",
            f"{title} takes its own output: that is a cycle",
            reference.span,
            help="take what stands above it; a recurrent layer (RNN, LSTM, GRU) remembers by itself",
        )
        return
    findings.error(
        "later-name",
        f"'{reference.text}' stands further down: a layer takes only what stands above it",
        reference.span,
        notes=[Note("below", title, entry.type_span)],
        help="move the layer below the ones it takes",
    )


def _outputs_help(given: Given, output: str) -> str:
    if len(given.outputs) == 1:
        return f"it has one output: write `{given.name}`"
    return did_you_mean(output, given.outputs) or f"its outputs are {', '.join(given.outputs)}"


def _odd_letter(name: str) -> str:
    """A letter that looks like another one, told by its number."""
    odd = next((character for character in name if not character.isascii()), "")
    return f", whose {odd!r} is U+{ord(odd):04X}" if odd else ""
