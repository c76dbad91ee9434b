"""What nnspec sees of a spec's data, or of a file: its columns, its parts, and what should make one wary."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nnspec.data.columns import input_columns
from nnspec.data.examples import PARTS, cut_of, read_tables
from nnspec.data.windows import in_windows
from nnspec.diagnostics import SpecError, some
from nnspec.prepare.missing import fills_missing, is_missing
from nnspec.profiling.column import Column, profile_column
from nnspec.profiling.leaks import NEARLY, tells, twins
from nnspec.spec.reach import Reach
from nnspec.spec.spec import Output, Spec
from nnspec.tables import NUMBER, Array, Table

DRAWN = 5  # rows that are shown
SEED = 20
SELDOM = 0.05  # share of a class below which it is hard to learn
FEW_ROWS = 10  # of a class


@dataclass(frozen=True, slots=True)
class Warned:
    """Something to be wary of, and the ways out."""

    message: str
    help: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What data hold."""

    source: str
    rows: int
    columns: tuple[Column, ...]
    roles: Mapping[str, str] = field(default_factory=dict)  # of a column, in a spec: input NAME, target of NAME
    parts: Mapping[str, int] = field(default_factory=dict)  # rows of each
    classes: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)  # by output, class, part
    examples: tuple[tuple[str, ...], ...] = ()  # rows drawn, in the columns' order
    warnings: tuple[Warned, ...] = ()
    pictures: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)  # a few images of a column, as arrays

    def as_json(self) -> dict[str, Any]:
        """Plain values, without pictures."""
        found = asdict(self)
        del found["pictures"]
        return found


def profile_table(table: Table, target: str | None = None) -> Profile:
    """What a table holds, with no spec to say what its columns are for."""
    columns = tuple(profile_column(table, name) for name in table.columns)
    warnings = [*_of_columns(columns, {}), *_of_leaks(table, columns, [target] if target else [])]
    return Profile(
        table.name,
        table.rows,
        columns,
        examples=_examples(table, list(table.columns)),
        warnings=tuple(warnings),
        pictures=_pictures(table),
    )


def profile_spec(spec: Spec, folder: Path, allowed: Sequence[Path] = ()) -> Profile:
    """What the data of a spec hold, which parts they make, and what leaks from one into another."""
    if spec.data is None:
        help = "add `data: {source: FILE}`"
        raise SpecError.of("not-trainable", "the spec names no data to look at", spec.root.span, help=help)
    tables = read_tables(spec, spec.data, Reach(folder, tuple(allowed)))
    table, own = tables["train"], {part: tables[part] for part in PARTS[1:] if part in tables}
    roles = _roles(spec, table)
    ordered = sorted(table.columns, key=lambda name: name not in roles)  # those that the spec uses first
    columns = tuple(profile_column(table, name) for name in ordered)
    section = spec.data.split.model_copy(update=dict.fromkeys(own, 0.0))
    seen, followed = in_windows(spec, table)
    cut = cut_of(spec, followed, section)
    seen_of, own = ({part: in_windows(spec, given)[i] for part, given in own.items()} for i in (0, 1))
    parts = {part: np.arange(own[part].rows) if part in own else getattr(cut, part) for part in PARTS}
    learnt = [output for output in spec.outputs.values() if output.reads_column]
    classes = {output.name: _classes(output, followed, own, parts) for output in learnt if _is_class(output)}
    read = [name for name, role in roles.items() if role.startswith("input")]
    warnings = [
        *_of_columns([column for column in columns if column.name in roles], _filled(spec, table)),
        *_of_twins(twins(seen, read, parts, seen_of), parts),
        *_of_leaks(
            followed,
            [column for column in columns if column.name in read],
            [column for x in learnt for column in x.every_column],
        ),
        *(warned for name, found in classes.items() for warned in _of_classes(name, found)),
    ]
    return Profile(
        table.name,
        table.rows,
        columns,
        roles,
        {part: len(rows) for part, rows in parts.items()},
        classes,
        _examples(table, ordered),
        tuple(warnings),
        _pictures(table),
    )


def _roles(spec: Spec, table: Table) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, given in spec.inputs.items():
        found |= dict.fromkeys(input_columns(spec, given, table), f"input {name}")
    for name, output in spec.outputs.items():
        role = f"target of {name}"
        for column in output.every_column:
            found[column] = f"{found[column]}, {role}" if column in found else role
    return found


def _filled(spec: Spec, table: Table) -> dict[str, bool]:
    """Of each column that an input reads, whether its steps fill what is missing."""
    return {
        column: fills_missing(given.steps)
        for given in spec.inputs.values()
        for column in input_columns(spec, given, table)
    }


def _is_class(output: Output) -> bool:
    return output.loss is not None and output.loss.reads != "values" and not output.has_tags


def _classes(
    output: Output, table: Table, own: Mapping[str, Table], parts: Mapping[str, Array]
) -> dict[str, dict[str, int]]:
    """How many rows of each part each class has."""
    found: dict[str, dict[str, int]] = {}
    for part, rows in parts.items():
        values = own.get(part, table).columns.get(output.column)
        if values is None or values.size != len(values):
            return {}
        names, counts = np.unique(values.reshape(-1)[rows].astype(str), return_counts=True)
        for name, count in zip(names.tolist(), counts.tolist(), strict=True):
            found.setdefault(name.strip(), dict.fromkeys(PARTS, 0))[part] += count
    return found


def _of_columns(columns: Iterable[Column], filled: Mapping[str, bool]) -> Iterator[Warned]:
    for column in columns:
        if column.kind == "constant":
            yield Warned(f"column '{column.name}' has one value: it tells nothing", "leave it out of the inputs")
        if column.kind == "ids":
            help = "leave it out of the inputs: a network learns rows by heart with it; `split: {hash: …}` can use it"
            yield Warned(f"column '{column.name}' looks like an id: {column.because}", help)
        if column.missing and not filled.get(column.name):
            share = f"{column.missing:,} of {column.rows:,} rows"
            help = (
                "fill the gaps: `prepare: [{Impute: median}]` for numbers; OneHot and Vocabulary take gaps as they are"
            )
            yield Warned(f"column '{column.name}' lacks a value in {share}", help)


def _of_twins(found: Mapping[str, int], parts: Mapping[str, Array]) -> Iterator[Warned]:
    for part, count in found.items():
        if count:
            have = "row has" if len(parts[part]) == 1 else "rows have"
            message = f"{count:,} of {len(parts[part]):,} {part} {have} the inputs of a training row"
            help = "leave duplicates out, or keep them together: `split: {group: COLUMN}`, `split: {hash: COLUMN}`"
            yield Warned(message, help)


def _of_leaks(table: Table, columns: Sequence[Column], targets: Sequence[str]) -> Iterator[Warned]:
    for target in targets:
        if target not in table.columns or table.columns[target].size != table.rows:
            continue
        learnt = _comparable(table, target)
        classes = len(np.unique(learnt))
        learnt = learnt.astype(str) if learnt.dtype.kind == "f" and classes <= max(2, table.rows // 20) else learnt
        for column in columns:
            if column.name == target or column.kind in ("arrays", "texts", "images", "ids", "constant"):
                continue
            share = tells(_comparable(table, column.name), learnt)
            if share >= NEARLY:
                message = f"column '{column.name}' alone tells '{target}' nearly always ({share:.1%} of what there is)"
                yield Warned(message, "is it known before the target is? if not, leave it out of the inputs")


def _comparable(table: Table, name: str) -> Array:
    """Numbers as numbers, with NaN for gaps; texts as texts."""
    values = table.columns[name].reshape(-1)
    if values.dtype.kind not in "OUS":
        return values.astype(np.float64)
    texts = [str(text).strip() for text in values.tolist()]
    if all(NUMBER.fullmatch(text) or is_missing(text) for text in texts):
        return np.array([np.nan if is_missing(text) else float(text) for text in texts])
    return np.array(texts)


def _of_classes(output: str, classes: Mapping[str, Mapping[str, int]]) -> Iterator[Warned]:
    rows = sum(sum(found.values()) for found in classes.values())
    seldom = {name: sum(found.values()) for name, found in classes.items()}
    rare = [name for name, count in seldom.items() if count < max(FEW_ROWS, SELDOM * rows)]
    if rare and len(classes) <= 1 / SELDOM:
        listed = some((f"{name} ({seldom[name]:,})" for name in rare), 3)
        help = "`split: {stratify: true}` keeps each class's share; accuracy hides seldom ones, F1Score does not"
        yield Warned(f"{output}: of {rows:,} rows few are of {listed}", help)
    for name, found in classes.items():
        if not found["train"]:
            help = "`split: {stratify: true}` keeps each class's share in every part"
            yield Warned(f"{output}: no training row is of {name}", help)


def _examples(table: Table, columns: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    rows = np.sort(np.random.default_rng(SEED).permutation(table.rows)[:DRAWN])
    return tuple(tuple(_cell(table.columns[name][row]) for name in columns) for row in rows)


def _cell(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        return "×".join(map(str, value.shape))
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)


def _pictures(table: Table) -> dict[str, tuple[Any, ...]]:
    """A few arrays that look like pictures: two axes, or three with 1 or 3 channels at either end."""
    rows = np.sort(np.random.default_rng(SEED).permutation(table.rows)[: 2 * DRAWN])
    found = {}
    for name, values in table.columns.items():
        sizes = values.shape[1:]
        if values.dtype.kind in "fiu" and (len(sizes) == 2 or (len(sizes) == 3 and {sizes[0], sizes[-1]} & {1, 3})):
            found[name] = tuple(values[row] for row in rows)
    return found
