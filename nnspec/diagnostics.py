"""What a person is told about a mistake: where it stands, what it is, and the way out.

Every mistake in a spec or in data ends as a `Diagnostic`. Several travel together in one `SpecError`.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal
from unicodedata import combining, east_asian_width

MAX_EXCERPT = 160  # characters of a source line that a terminal still shows well
MAX_COMPARED = 1000  # known words, and
MAX_WORD = 80  # characters of a word, for which a suggestion is looked for

CODES = {
    # reading a file
    "file": "a file cannot be read or written",
    "encoding": "a file is not UTF-8 text",
    "syntax": "a file is not well-formed YAML or JSON",
    "limit": "a file or a network is larger than nnspec accepts",
    "duplicate-key": "a key stands twice in one mapping",
    "number": "a number that cannot be represented, or that reads as two different ones",
    # the document
    "version": "the spec's language version is missing or unknown",
    "unknown-key": "a key that does not belong there",
    "missing-key": "a key that must be given",
    "wrong-type": "a value of another type than the one expected",
    "wrong-value": "a value out of its range",
    "unknown-layer": "no layer type has this name",
    "unknown-loss": "no loss has this name",
    "unknown-metric": "no metric has this name",
    "unknown-optimizer": "no optimizer has this name",
    "unknown-scheduler": "no scheduler has this name",
    "unknown-initializer": "no initializer has this name",
    "unknown-step": "no preparation step has this name",
    "unknown-augmentation": "no augmentation has this name",
    "layer-entry": "an entry of `layers` that is not one layer with its arguments",
    "expression": "an expression that cannot be read or computed",
    "unknown-parameter": "an expression names a parameter that does not exist",
    "block-cycle": "a block that comes back to itself",
    "file-cycle": "a file that comes back to itself by what it imports or extends",
    "path": "a path that a spec may not read from",
    # names
    "bad-name": "a name that cannot be used",
    "duplicate-name": "two things of one name",
    "unknown-name": "a reference to a name that does not exist",
    "later-name": "a reference to a name that stands further down",
    "unused-layer": "a layer whose output reaches no output of the network",
    # shapes
    "shape": "a layer that does not fit its input",
    "input-count": "a layer with too many or too few inputs",
    "loss-shape": "a loss that does not fit its output",
    "metric-fit": "a metric that does not fit its output",
    "budget": "a network that costs more than its budget allows",
    # what is right, and still seldom meant: warnings
    "softmax-loss": "a softmax before a loss that takes the softmax itself",
    "sigmoid-loss": "a sigmoid before a loss that takes the sigmoid itself",
    "log-softmax": "a loss that reads log-probabilities and gets something else",
    "relu-output": "a ReLU that keeps a regression from values below 0",
    "dropout-output": "a dropout that hits the answer itself",
    "idle-bias": "a bias that the BatchNorm after it takes away again",
    "dropout-norm": "a dropout directly before a BatchNorm",
    "activation-twice": "two activations with no layer between them",
    "linear-twice": "two Linear layers that are one",
    "idle-dropout": "a dropout between layers where there is one layer",
    "huge-tensor": "a tensor of more than a tebibyte",
    "vanishing": "a gradient that shrinks on its way back until the first layers hardly learn",
    "border": "rows or columns at the edge that no window looks at",
    "batch-of-one": "a BatchNorm trained on one example at a time",
    "learning-rate": "a learning rate far from what its optimizer is used with",
    "idle-rule": "a rule of `init` that fills no parameter, or a group of the optimizer that moves none",
    "unknown-template": "no template has this name",
    "unknown-code": "no error or warning has this code",
    "allow": "a comment allows a warning that does not exist",
    # data
    "data-file": "a data file that cannot be read",
    "weights-file": "a file of weights that cannot be used",
    "data-value": "a value in the data that cannot be used",
    "unknown-column": "a column that the data do not have",
    "data-shape": "data of another shape than the spec says",
    "split": "data that cannot be split as asked",
    # what a training and its data look like, seen from outside: findings
    "exploding": "a gradient that grows on its way back until steps throw the weights off",
    "dead-units": "units of a ReLU that give 0 for every example, and learn no more",
    "saturated": "activations at their flat ends, where the gradient is nearly 0",
    "no-gradient": "trained parameters that the loss does not depend on",
    "rate-too-high": "a learning rate so high that steps overshoot",
    "rate-too-low": "a learning rate so low that nothing moves",
    "no-progress": "a loss that stays where knowing nothing would be",
    "plateau": "a loss that fell a little and then stays",
    "overfitting": "a validation loss that rises while the training loss falls",
    "leaking-split": "rows that are learnt and tested on",
    "giveaway": "a column that alone tells the answer",
    "unscaled-inputs": "inputs far from 0 ± 1, or of very different spreads",
    "loss-scale": "targets far from 0 ± 1 where the loss is in their units",
    "imbalance": "a class so rare that never naming it is nearly right",
    "start-loss": "a loss far above knowing nothing, before any training",
    "cannot-fit": "a few examples that cannot be learnt by heart",
    # running
    "device": "a device or an execution provider that is not there",
    "not-finite": "training met a number that is not finite",
    "run-folder": "a run folder that cannot be used",
    "resume": "a training that cannot go on from where it ended",
    "model-file": "an ONNX file that cannot be used",
    "no-onnx": "something that ONNX cannot express",
    "proof": "the exported file does not equal the trained module",
    "missing-extra": "an optional package that is not installed",
    "not-trainable": "a spec without what training needs",
}


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A named text that spans point into: a file, or the command line. Data files carry no lines."""

    name: str
    lines: tuple[str, ...] = ()
    via: "Note | None" = None  # where another file names this one


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text. Lines and columns count from 1; the end column is one past the last character.

    Column 0 means the whole line: a row of a data file. Line 0 means the file as a whole.
    """

    text: Text
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0

    @property
    def place(self) -> str:
        """`file:line:column`, with what is known of it."""
        parts = [self.text.name, *(str(n) for n in (self.line, self.column) if n)]
        return ":".join(parts)

    @property
    def line_place(self) -> str:
        """`file:line`."""
        return f"{self.text.name}:{self.line}" if self.line else self.text.name


@dataclass(frozen=True, slots=True)
class Note:
    """One more fact below a message: `input  (16, 4, 4) from maxpool2d_1, specs/digits.yaml:12`."""

    label: str
    text: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake, one message. The message is lower case, states fact and value; `help` is the way out."""

    code: str
    message: str
    span: Span | None = None
    notes: tuple[Note, ...] = ()
    help: str = ""
    severity: Literal["error", "warning"] = "error"

    def __post_init__(self) -> None:
        assert self.code in CODES, f"not in the closed list of codes: {self.code}"

    @property
    def trail(self) -> tuple[Note, ...]:
        """The notes, then by which way its file was read."""
        via = self.span.text.via if self.span else None
        way = []
        while via:
            way.append(via)
            via = via.span.text.via if via.span else None
        return (*self.notes, *way)

    def as_json(self) -> dict[str, Any]:
        """For editors and scripts: positions count from 1."""
        span = self.span
        return {
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "file": span.text.name if span else None,
            "line": span.line if span else None,
            "column": span.column if span else None,
            "end_line": span.end_line if span else None,
            "end_column": span.end_column if span else None,
            "notes": [
                {"label": note.label, "text": note.text, "place": note.span.line_place if note.span else None}
                for note in self.trail
            ],
            "help": self.help or None,
        }


@dataclass(frozen=True, slots=True)
class Palette:
    """Terminal colours; the plain one for pipes and tests."""

    error: str = ""
    warning: str = ""
    added: str = ""
    dim: str = ""
    bold: str = ""
    reset: str = ""


PLAIN = Palette()
COLOURS = Palette(
    error="\x1b[1;31m", warning="\x1b[1;33m", added="\x1b[1;32m", dim="\x1b[2m", bold="\x1b[1m", reset="\x1b[0m"
)


class SpecError(Exception):
    """What a user wrote, or gave as data, is wrong. Holds every mistake found."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        assert self.diagnostics, "a SpecError without a diagnostic says nothing"
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        return "\n".join(render(diagnostic) for diagnostic in self.diagnostics)

    @classmethod
    def of(
        cls, code: str, message: str, span: Span | None = None, *, notes: Iterable[Note] = (), help: str = ""
    ) -> "SpecError":
        """An error that holds one diagnostic."""
        return cls([Diagnostic(code, message, span, tuple(notes), help)])


@dataclass(slots=True)
class Findings:
    """Collects diagnostics while a stage goes on, so that every mistake is told at once."""

    found: list[Diagnostic] = field(default_factory=list)

    def error(self, code: str, message: str, span: Span | None, *, notes: Iterable[Note] = (), help: str = "") -> None:
        self.found.append(Diagnostic(code, message, span, tuple(notes), help))

    def warn(self, code: str, message: str, span: Span | None, *, notes: Iterable[Note] = (), help: str = "") -> None:
        self.found.append(Diagnostic(code, message, span, tuple(notes), help, "warning"))

    @property
    def errors(self) -> list[Diagnostic]:
        return [diagnostic for diagnostic in self.found if diagnostic.severity == "error"]

    @property
    def warnings(self) -> list[Diagnostic]:
        return [diagnostic for diagnostic in self.found if diagnostic.severity == "warning"]

    def raise_errors(self) -> None:
        """Raise what was found, errors and warnings, in the order of the text, if any is an error."""
        if self.errors:
            raise SpecError(sorted(self.found, key=position))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean 'ReLU'?`, or nothing where no known word is near."""
    names = list(islice(known, MAX_COMPARED))
    if len(word) > MAX_WORD:
        return ""
    folded = {name.casefold().replace("_", ""): name for name in names}
    near = difflib.get_close_matches(word.casefold().replace("_", ""), folded, n=1, cutoff=0.6)
    return f"did you mean '{folded[near[0]]}'?" if near else ""


def some(names: Iterable[str], most: int = 5) -> str:
    """The first few of many names, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def render(diagnostic: Diagnostic, palette: Palette = PLAIN) -> str:
    """The message as a person reads it: place, code, source line with a caret, notes, the way out."""
    span = diagnostic.span
    tint = palette.error if diagnostic.severity == "error" else palette.warning
    place = f"{_visible(span.place)}: " if span else ""
    lines = [
        f"{palette.bold}{place}{palette.reset}{tint}{diagnostic.severity}[{diagnostic.code}]{palette.reset}: "
        f"{_visible(diagnostic.message)}"
    ]
    if span:
        lines += _excerpt(span, palette, tint)
    labels = [*(note.label for note in diagnostic.trail), *(["help"] if diagnostic.help else [])]
    width = max((len(label) for label in labels), default=0)
    for note in diagnostic.trail:
        where = f", {note.span.line_place}" if note.span else ""
        lines.append(f"  {note.label:<{width}}  {_visible(note.text + where)}")
    if diagnostic.help:
        help = ("\n" + " " * (width + 4)).join(map(_visible, diagnostic.help.split("\n")))
        lines.append(f"  {palette.bold}{'help':<{width}}{palette.reset}  {help}")
    return "\n".join(lines)


def position(diagnostic: Diagnostic) -> tuple[str, int, int]:
    """Where a diagnostic stands, to sort by."""
    span = diagnostic.span
    return (span.text.name, span.line, span.column) if span else ("", 0, 0)


def _excerpt(span: Span, palette: Palette, tint: str) -> list[str]:
    if not 0 < span.line <= len(span.text.lines):
        return []
    text = span.text.lines[span.line - 1]
    column, end = span.column, span.end_column if span.end_line == span.line else len(text) + 1
    skipped = max(0, column - MAX_EXCERPT // 2) if len(text) > MAX_EXCERPT else 0
    shown = _visible(text[skipped : skipped + MAX_EXCERPT])
    if skipped:
        shown = f"…{shown[1:]}"
    if skipped + MAX_EXCERPT < len(text):
        shown = f"{shown[:-1]}…"
    gutter = f"{span.line:>5} | "
    lines = [f"{palette.dim}{gutter}{palette.reset}{shown}"]
    if column:
        start = column - 1 - skipped
        marked = shown[start : max(start, end - 1 - skipped)]
        blank, carets = " " * _columns(shown[:start]), "^" * max(1, _columns(marked))
        lines.append(f"{palette.dim}{' ' * 6}| {palette.reset}{blank}{tint}{carets}{palette.reset}")
    return lines


def _visible(text: str) -> str:
    """The text with an arrow for a tab, and nothing that drives the terminal."""
    if text.isprintable():
        return text
    text = text.replace("\t", "→")
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _columns(text: str) -> int:
    """How many columns of a terminal the text takes: Chinese letters take two, accents of their own none."""
    return sum(0 if combining(letter) else 1 + (east_asian_width(letter) in "WF") for letter in text)
