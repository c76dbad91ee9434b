"""A spec to begin with, guessed from a table: each guess says why."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nnspec.diagnostics import Findings, Span, SpecError, Text, did_you_mean, some
from nnspec.profiling.column import Column, profile_column
from nnspec.profiling.raw import RawInput, guess_raw
from nnspec.spec.names import check_name
from nnspec.spec.rewrite import format_text
from nnspec.tables import Table

# Names of what is learnt, wherever the column stands; others only of the first and the last.
SURE_NAMES = ("target", "label", "y", "outcome", "survived", "churn", "diagnosis")
LIKELY_NAMES = ("class", "species", "price", "quality", "category", "kind", "type", "result", "default", "score")
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./ -]*(?<! )", re.ASCII)
WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
MOST_ONE_HOT = 20  # categories, above which each gets a vector
MOST_VECTORS = 1000  # categories that have one of their own
SMALL = 5000  # rows, below which little is learnt in an epoch
WIDTHS = {False: 64, True: 32}  # of the hidden layers, by whether there are few rows
LIKELY_CLASSES = 20  # different whole numbers that may be classes


@dataclass(frozen=True, slots=True)
class _Guess:
    """What a table is taken for."""

    source: str
    rows: int
    target: Column
    why: str  # the target
    numbers: tuple[Column, ...]
    categories: tuple[Column, ...]
    dates: tuple[Column, ...]
    raw: tuple[RawInput, ...]  # texts and images
    left: tuple[tuple[Column, str], ...]  # out, and why

    @property
    def classes(self) -> int:
        """How many classes the target has; 0 where it is a number."""
        few = self.target.is_number and self.target.kind == "whole numbers" and self.target.distinct <= LIKELY_CLASSES
        if self.target.kind == "categories" or (few and self.target.few):
            return self.target.distinct
        return 0

    @property
    def small(self) -> bool:
        return self.rows < SMALL


def guess_spec(table: Table, source: str, target: str | None = None) -> str:
    """The text of a spec that learns a column from the others; `source` is how the spec names the table.

    The target is the column that is asked for, else one with a telling name, else the last that could be one.
    """
    columns = [profile_column(table, name) for name in table.columns]
    chosen, why = _target(table, columns, target)
    others = [column for column in columns if column.name != chosen.name]
    wide = any(not column.shape for column in others if column.kind != "constant")
    left = tuple((column, reason) for column in others if (reason := _reason_against(column, wide)))
    out = {column.name for column, _ in left}
    used = [column for column in others if column.name not in out]
    guess = _Guess(
        source,
        table.rows,
        chosen,
        why,
        tuple(column for column in used if column.is_number),
        tuple(column for column in used if column.kind == "categories"),
        tuple(column for column in used if column.kind == "dates"),
        tuple(guess_raw(table, column) for column in used if column.kind in ("texts", "images")),
        left,
    )
    if not used:
        message = f"{table.name} has no column to learn '{chosen.name}' from"
        listed = some((f"{column.name} ({reason})" for column, reason in left), 3)
        raise SpecError.of("data-file", message, Span(Text(table.name)), help=f"left out: {listed}" if listed else "")
    return format_text("\n".join(_lines(guess)) + "\n", "guess")


def _target(table: Table, columns: Sequence[Column], asked: str | None) -> tuple[Column, str]:
    by_name = {column.name: column for column in columns}
    if asked is not None:
        if asked not in by_name:
            span = Span(Text("command line", (f"--target {asked}",)), 1, 10, 1, 10 + len(asked))
            help = did_you_mean(asked, by_name) or f"its columns are {some(by_name, 12)}"
            raise SpecError.of("unknown-column", f"{table.name} has no column '{asked}'", span, help=help)
        return by_name[asked], "it was asked for"
    likely = [column for column in columns if column.is_number or column.kind == "categories"]
    if not likely:
        help = "name one: --target COLUMN"
        message = f"no column of {table.name} looks like something to learn"
        raise SpecError.of("data-file", message, Span(Text(table.name)), help=help)
    for names, places in ((SURE_NAMES, likely), (LIKELY_NAMES, [likely[-1], likely[0]])):
        for column in places:
            if column.name.casefold() in names:
                return column, f"a column of the name '{column.name}' is mostly what is to be learnt"
    return likely[-1], "it is the last column that could be learnt, and no name tells; --target names another"


def _reason_against(column: Column, wide: bool) -> str:
    """Why a column is left out; empty where it is not."""
    if column.kind in ("constant", "ids"):
        return f"{column.because}, which tells nothing of another row"
    if column.kind == "images" and column.missing:
        return f"{column.missing:,} rows name no image, and there is none in its place"
    if column.kind == "arrays" and wide:
        return f"{column.because}, and other columns hold single values"
    return "a row of it is an array: give it an input of its own" if column.kind == "arrays" else ""


def _lines(guess: _Guess) -> Iterator[str]:
    yield f"# Guessed from {guess.rows:,} rows of {guess.source}. Each guess says why; change what you know better."
    yield "nnspec: 1"
    yield ""
    yield "data:"
    yield f"  source: {_quoted(guess.source)}"
    if guess.classes:
        yield f"  split: {{stratify: true}}  # because {guess.target.name} has classes"
    else:
        yield "  split: {validation: 0.15, test: 0.15}  # because nothing tells of groups or of time: rows are drawn"
    yield ""
    yield "inputs:"
    names = _input_names(guess)
    yield from _inputs(guess, names)
    for column, reason in guess.left:
        yield f"  # left out: {column.name}, because {reason}"
    yield ""
    yield "layers:"
    yield from _layers(guess, names)
    yield ""
    yield "outputs:"
    yield from _output(guess, set(names.values()))
    yield ""
    yield "optimizer: {AdamW: {lr: 3e-3}}  # because AdamW needs little tuning"
    yield from _train(guess)


def _input_names(guess: _Guess) -> dict[str, str]:
    """An input's name for each column that has one of its own, and for all numbers together (under '')."""
    names: dict[str, str] = {"": "numbers"} if guess.numbers else {}
    for column in (*guess.categories, *guess.dates, *(given.column for given in guess.raw)):
        names[column.name] = _name(column.name, set(names.values()))
    return names


def _name(text: str, taken: set[str]) -> str:
    """A column's name as an input's or an output's: letters, digits and underscores, not taken, not reserved."""
    base = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_").lower() or "column"
    for name in (base, f"{base}_column", *(f"column_{base}_{i}" for i in range(2, 10_000))):
        findings = Findings()
        if name not in taken and check_name(name, Span(Text("")), findings, allowed=frozenset("x")):
            return name
    raise AssertionError("some name is free")


def _inputs(guess: _Guess, names: dict[str, str]) -> Iterator[str]:
    if guess.numbers:
        gaps = [column for column in guess.numbers if column.missing]
        yield f"  numbers:  # because {_these(guess.numbers, 'is a number', 'are numbers')}"
        yield f"    columns: [{', '.join(_quoted(column.name) for column in guess.numbers)}]"
        steps = "[{Impute: median}, Standardize]" if gaps else "[Standardize]"
        lacking = f"; {_these(gaps, 'has', 'have')} gaps" if gaps else ""
        low, high = min(c.low or 0 for c in guess.numbers), max(c.high or 0 for c in guess.numbers)
        yield f"    prepare: {steps}  # because values go from {low:g} to {high:g}{lacking}"
    for column in guess.categories:
        name, gap = names[column.name], f", and {column.missing:,} rows have none" if column.missing else ""
        if column.distinct <= MOST_ONE_HOT:
            step, why = f"{{OneHot: {column.distinct}}}", f"it has {column.distinct} different texts{gap}"
        else:
            size = min(column.distinct + 1, MOST_VECTORS)
            step = f"{{Vocabulary: {size}}}"
            why = f"it has {column.distinct:,} different texts{gap}: each gets a vector, which is learnt"
        yield f"  {name}: {{column: {_quoted(column.name)}, prepare: [{step}]}}  # because {why}"
    for column in guess.dates:
        parts = "{Datetime: {parts: [year, month, day, weekday]}}"
        yield f"  {names[column.name]}:  # because {column.because}"
        yield f"    column: {_quoted(column.name)}"
        yield f"    prepare: [{parts}, Standardize]"
    for given in guess.raw:
        yield f"  {names[given.column.name]}:  # because {given.column.because}"
        yield f"    column: {_quoted(given.column.name)}"
        yield f"    prepare: {given.steps}  # because {given.because}"


def _layers(guess: _Guess, names: dict[str, str]) -> Iterator[str]:
    flow = [names[""]] if guess.numbers else []
    for column in guess.categories:
        name = names[column.name]
        if column.distinct <= MOST_ONE_HOT:
            flow.append(name)
            continue
        size, width = min(column.distinct + 1, MOST_VECTORS), min(50, round(1.6 * column.distinct**0.56))
        yield f"  - Embedding: {{num_embeddings: {size}, embedding_dim: {width}}}  # because 1.6 · n^0.56 does well"
        yield f"    from: {name}"
        yield "  - Flatten: {}"
        yield f"    name: {name}_vector"
        flow.append(f"{name}_vector")
    flow += [names[column.name] for column in guess.dates]
    for given in guess.raw:
        name = names[given.column.name]
        for index, layer in enumerate(given.layers):
            yield f"  - {layer}"
            yield from [f"    from: {name}"] * (index == 0)
        yield f"    name: {name}_vector"
        flow.append(f"{name}_vector")
    if len(flow) > 1:
        yield "  - Concat: {}"
        yield f"    from: [{', '.join(flow)}]"
    width = WIDTHS[guess.small]
    yield f"  - Linear: {width}  # because {guess.rows:,} rows are {'few' if guess.small else 'enough for this width'}"
    yield "  - ReLU"
    yield "  - Dropout: 0.1"
    yield f"  - Linear: {width}"
    yield "  - ReLU"
    if guess.classes:
        yield f"  - Linear: {guess.classes}  # because {guess.target.name} has {guess.classes} classes"
    else:
        yield "  - Linear: 1  # because one number is learnt"


def _output(guess: _Guess, taken: set[str]) -> Iterator[str]:
    target, name = guess.target, _name(guess.target.name, taken)
    yield f"  # because {guess.why}"
    yield f"  {name}:"
    if target.name != name:
        yield f"    column: {_quoted(target.name)}"
    if guess.classes:
        rare = min((count for _, count in target.frequent), default=0) < 0.2 * guess.rows / guess.classes
        yield f"    loss: CrossEntropyLoss  # because it has {guess.classes} different {_plural(target)}"
        metrics = "[Accuracy, {F1Score: {average: macro}}]" if guess.classes > 2 or rare else "[Accuracy, AUROC]"
        yield f"    metrics: {metrics}"
        return
    yield f"    loss: MSELoss  # because it is a number with {target.distinct:,} different values"
    span = f"{target.low:g} to {target.high:g}"
    yield f"    prepare: [Standardize]  # because it goes from {span}; answers come in its own units"
    yield "    metrics: [MeanAbsoluteError, R2Score]"


def _train(guess: _Guess) -> Iterator[str]:
    epochs, patience, size = (100, 15, 32) if guess.small else (30, 5, 256)
    why = f"{guess.rows:,} rows make {max(1, guess.rows * 7 // 10 // size):,} steps an epoch"
    yield "train:"
    yield f"  epochs: {epochs}"
    yield f"  batch_size: {size}  # because {why}"
    yield f"  early_stopping: {{patience: {patience}}}  # because more epochs than are needed learn rows by heart"


def _plural(column: Column) -> str:
    return "texts" if column.kind == "categories" else "whole numbers"


def _these(columns: Sequence[Column], one: str, several: str) -> str:
    listed = some((column.name for column in columns), 3)
    return f"{listed} {one if len(columns) == 1 else several}"


def _quoted(text: str) -> str:
    """A text as YAML reads it back, in a list too."""
    plain = PLAIN.fullmatch(text) and text.casefold() not in WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)
