"""From a table's columns to the arrays that a model takes."""

import math
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from nnspec.diagnostics import Diagnostic, SpecError, did_you_mean
from nnspec.prepare.fitted import FittedStep, outside
from nnspec.prepare.limits import Limits
from nnspec.runtime.arrays import Array, Slot, beyond
from nnspec.runtime.session import Session, model_error
from nnspec.tables import Table, numbers, texts, whole_paths
from nnspec.tables.before import applied_before
from nnspec.tables.windows import Window, seen, side_by_side

NO_GAPS = "the model takes none: fill them in, or train it with `Impute` among the input's steps"
MAX_LISTED = 12  # columns that a message names


def arrays_for(session: Session, table: Table) -> dict[str, Array]:
    """Each input's rows. Columns that no input reads are left alone; missing ones are told at once."""
    if session.metadata.get("nnspec.prepare") == "false" and table.lines is not None:
        message = f"{session.name} is a bare network: it takes prepared arrays, and {table.name} holds raw columns"
        help = "export the run without --no-prepare; or give arrays by the names of its inputs"
        raise SpecError.of("model-file", message, help=help)
    columns = {name: _columns_in(table, session, name) for name in session.inputs}
    missing = [column for names in columns.values() for column in names if column not in table.columns]
    if missing:
        used = {column for names in columns.values() for column in names}
        raise _unknown_columns(table, list(dict.fromkeys(missing)), used)
    table = _in_windows(session, table, columns)
    return {name: _rows(table, session, slot, columns[name]) for name, slot in session.inputs.items()}


def _in_windows(session: Session, table: Table, columns: Mapping[str, Sequence[str]]) -> Table:
    """A series as the windows that the model looks at, one for each row that has enough before it."""
    found = next((of["window"] for of in session.described_inputs.values() if "window" in of), None)
    read = {column for names in columns.values() for column in names}
    if found is None or any(table.columns[column].ndim > 1 for column in read):
        return table
    length, by = (found.get(key) for key in ("length", "by")) if isinstance(found, dict) else (None, None)
    if not isinstance(length, int) or not 0 < length <= table.rows or not isinstance(by, str | None):
        if isinstance(length, int) and length > table.rows:
            message = f"{table.name} has {table.rows:,} rows, and the model looks at {length} in a row"
            raise SpecError.of("data-shape", message, help="give the rows before them too")
        raise model_error(session.name, "its metadata nnspec.inputs tell no window")
    return seen(table, Window(length, by=by))


def _columns_in(table: Table, session: Session, name: str) -> list[str]:
    """An input's columns; in an archive without them the whole array of its name, as a run keeps its rows."""
    columns = _expanded(columns_of(session, name), table)
    whole = table.lines is None and name in table.columns
    return [name] if whole and not all(column in table.columns for column in columns) else columns


def columns_of(session: Session, name: str) -> list[str]:
    """The columns that an input reads; its own name in a file that nnspec did not make."""
    described = session.described_inputs.get(name)
    if described is None:
        return [name]
    columns = described.get("columns")
    if not isinstance(columns, list) or not columns or not all(isinstance(column, str) for column in columns):
        raise model_error(session.name, f"its metadata nnspec.inputs name no columns for {name}")
    return columns


def _expanded(patterns: Sequence[str], table: Table) -> list[str]:
    found: list[str] = []
    for pattern in patterns:
        # Thousands of plain names must not each look through thousands of columns.
        matching = [column for column in table.columns if fnmatchcase(column, pattern)] if "*" in pattern else []
        found += matching or [pattern]
    return found


def _unknown_columns(table: Table, missing: Sequence[str], used: Collection[str]) -> SpecError:
    listed = ", ".join(list(table.columns)[:MAX_LISTED]) + ", …" * (len(table.columns) > MAX_LISTED)
    near = did_you_mean(missing[0], [column for column in table.columns if column not in used])
    names = ", ".join(f"'{column}'" for column in missing[:MAX_LISTED]) + ", …" * (len(missing) > MAX_LISTED)
    message = f"{table.name} lacks the column{'s' * (len(missing) > 1)} {names}, which the model reads"
    return SpecError([Diagnostic("unknown-column", message, help=near or f"its columns are {listed}")])


def _rows(table: Table, session: Session, slot: Slot, columns: Sequence[str]) -> Array:
    described, steps = session.described_inputs.get(slot.name, {}), steps_before(session, slot.name)
    first = table.columns[columns[0]]
    if steps and len(columns) == 1 and first.ndim == len(slot.shape) and first.dtype.kind not in "OU":
        return first  # as a run keeps its rows: what stands before the file is done
    if described.get("holds", slot.dtype) == "string":
        parts = [texts(table, column) for column in columns]
        if any(fitted.step.reads_files for fitted in steps):
            parts = [whole_paths(table, column, part) for column, part in zip(columns, parts, strict=True)]
    else:
        gaps = described.get("missing") is True
        parts = [_numbers(table, slot, column, gaps) for column in columns]
    rows = parts[0] if len(parts) == 1 else side_by_side(parts, len(slot.shape))
    return applied_before(steps, _shaped(rows, slot), table, np.arange(len(rows)), columns)


def steps_before(session: Session, name: str) -> tuple[FittedStep, ...]:
    """What an input's columns go through before the file gets them, as its metadata say."""
    written = session.described_inputs.get(name, {}).get("before", [])
    try:
        steps = tuple(FittedStep.from_json(step) for step in written)
    except (AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise model_error(session.name, f"its metadata nnspec.inputs tell no steps for {name}: {reason}") from None
    return outside(steps)


def _numbers(table: Table, slot: Slot, column: str, gaps: bool) -> Array:
    """A column as numbers that the input can hold; where the model takes whole ones, each must be whole."""
    values = numbers(table, column, gaps=gaps, help=NO_GAPS)
    if slot.dtype.startswith("float"):
        _refuse(table, column, values, beyond(values, slot.dtype), f"is too large for {slot.dtype}")
        return values
    if values.dtype.kind != "f" or not slot.dtype.startswith(("int", "uint")):
        return values
    _refuse(table, column, values, values != np.floor(values), f"is not a whole number, which {slot.name} takes")
    return values.astype(np.int64)


def _refuse(table: Table, column: str, values: Array, fault: Array, why: str) -> None:
    """Tell the first value that has the fault, if any has."""
    if fault.any():
        index = tuple(int(axis[0]) for axis in np.nonzero(fault))
        message = f"{table.subject(column, index[0])}: {values[index]:g} {why}"
        raise SpecError.of("data-value", message, table.span(index[0]))


def _shaped(rows: Array, slot: Slot) -> Array:
    """The rows along the input's axes: those of size 1 are put in or left out, nothing is ever repeated."""
    given, wanted = rows.shape[1:], slot.shape[1:]
    if len(given) == len(wanted) and _fits(given, wanted):
        return rows
    longer, rest = [size for size in given if size != 1], [size for size in wanted if size != 1]
    if len(longer) == len(rest) and _fits(longer, rest):
        sizes = iter(longer)
        return rows.reshape(len(rows), *(1 if size == 1 else next(sizes) for size in wanted))
    fixed = [size for size in wanted if isinstance(size, int)]
    if rows.ndim == 2 and len(fixed) == len(wanted) and math.prod(fixed) == given[0]:
        return rows.reshape(len(rows), *fixed)
    return rows  # the session tells what it takes and what it got


def _fits(given: Sequence[int], wanted: Sequence[int | str | None]) -> bool:
    return all(not isinstance(size, int) or size == length for length, size in zip(given, wanted, strict=True))


def check_values(session: Session, arrays: Mapping[str, Array], table: Table | None = None) -> None:
    """Refuse numbers that onnxruntime takes and answers with nonsense: nan, and indices that no table has."""
    for name, described in session.described_inputs.items():
        array, below = arrays.get(name, np.zeros(0)), described.get("below")
        if array.dtype.kind == "f":
            gaps = np.isnan(array) & (described.get("missing") is True)
            fault, why = ~np.isfinite(array) & ~gaps, "is not a finite number"
        elif array.dtype.kind in "iu" and isinstance(below, int):
            fault, why = (array < 0) | (array >= below), f"is no row of the {below:,} that the model looks up"
        else:
            continue
        if fault.any():
            index = tuple(int(axis[0]) for axis in np.nonzero(fault))
            place, span = (table.place(index[0]), table.span(index[0])) if table else (f"row {index[0] + 1}", None)
            raise SpecError.of("data-value", f"the input {name}, {place}: {array[index]} {why}", span)


def beyond_limits(session: Session, arrays: Mapping[str, Array], table: Table | None = None) -> list[Diagnostic]:
    """The first value of each input that is not what the file states it to hold, as a warning."""
    found = []
    for name, described in session.described_inputs.items():
        try:
            limits = Limits.from_json(described)
        except ValueError as error:
            raise model_error(session.name, f"its metadata nnspec.inputs are wrong for {name}: {error}") from None
        fault = limits.fault(arrays[name]) if name in arrays else None
        if fault:
            index, why = fault
            place, span = (table.place(index[0]), table.span(index[0])) if table else (f"row {index[0] + 1}", None)
            value = arrays[name][index]
            shown = f"'{value}'" if isinstance(value, str) else f"{value:g}"
            message = f"the input {name}, {place}: {shown} {why}: the model has learnt from no such value"
            found.append(Diagnostic("data-value", message, span, severity="warning"))
    return found


def rows_of(arrays: Mapping[str, Any], slots: Mapping[str, Slot]) -> int:
    """How many rows the inputs have; where they differ, SpecError."""
    for name, slot in slots.items():
        if name in arrays and not np.ndim(arrays[name]):
            raise SpecError.of("data-shape", f"the input {name} takes {slot}, got a single value")
    counts = {name: len(arrays[name]) for name in slots if name in arrays}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise SpecError.of("data-shape", f"the inputs have different numbers of rows: {listed}")
    return next(iter(counts.values()), 0)
