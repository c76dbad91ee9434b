"""An input's or a target's numbers, read from a table's columns in the shape and type that the spec says."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

import numpy as np

from nnspec.diagnostics import Note, Span, SpecError
from nnspec.graph import Vertex
from nnspec.shapes import Dim, Tensor
from nnspec.source import Node
from nnspec.spec.spec import Input, Spec
from nnspec.tables import Array, Table, check_column, numbers, texts, whole_paths

CHANGE_SHAPE = "change the shape in the spec, or name another column"
IMPUTE = "fill them in: `prepare: [{Impute: median}]`; or leave those rows out"
MAX_BYTE = 255
MAX_EXACT = 2**53  # the whole numbers below it are the same in float64

Lengths = dict[str, int]


def written(spec: Spec, *path: str | int) -> Span | None:
    """Where a value of the spec stands; None where it was not written."""
    here: Node | None = spec.root
    for step in path:
        if isinstance(step, int):
            here = here.value[step] if here and isinstance(here.value, list) and step < len(here.value) else None
        else:
            here = here.get(step) if here else None
    return here.span if here else None


def input_columns(spec: Spec, given: Input, table: Table) -> tuple[str, ...]:
    """The table's columns that an input reads: `*` stands for any text, in the table's order, none twice."""
    found: list[str] = []
    for pattern in given.columns:
        matching = _matching(pattern, table)
        _refuse_targets(spec, pattern, matching, column_span(spec, given, pattern))
        found += matching or [pattern]
    return tuple(dict.fromkeys(found))


def column_span(spec: Spec, given: Input, column: str) -> Span:
    """Where the spec names an input's column; the input's name where a pattern found it, or nothing was written."""
    at = given.columns.index(column) if column in given.columns else len(given.columns)
    inputs = ("inputs", given.name)
    return written(spec, *inputs, "columns", at) or written(spec, *inputs, "column") or given.span


def read_input(spec: Spec, given: Input, table: Table, columns: Sequence[str]) -> Array:
    """The input's array as its columns hold it, rows first: nothing else than what the spec states they hold."""
    found = _read_columns(spec, given, table, columns)
    fault = given.limits.fault(found)
    if fault:
        index, why = fault
        place = 0 if len(columns) == 1 else int(np.ravel_multi_index(index[1:], found.shape[1:]))
        subject, value = table.subject(columns[place], index[0]), found[index]
        shown = f"'{value}'" if isinstance(value, str) else f"{value:g}"
        message = f"{subject}: {shown} {why}, which the input {given.name} states"
        raise SpecError.of("data-value", message, table.span(index[0]), notes=[Note("input", given.name, given.span)])
    return found


def _read_columns(spec: Spec, given: Input, table: Table, columns: Sequence[str]) -> Array:
    for column in columns:
        check_column(table, column, column_span(spec, given, column))
    parts = [_read(table, column, given) for column in columns]
    if given.single:
        return shaped(parts[0], given.held, given.name, table, f"column '{columns[0]}'", _shape_span(spec, given))
    if given.held.rank == 3 and all(part.ndim == 2 for part in parts):  # windows of a series, side by side
        vector = np.stack(parts, axis=-1)
        what = f"{len(columns)} columns of windows"
        return shaped(vector, given.held, given.name, table, what, _shape_span(spec, given))
    for column, part in zip(columns, parts, strict=True):
        if part.size != len(part):
            sizes = "×".join(map(str, part.shape[1:]))
            message = f"column '{column}' has {sizes} values a row, several columns make a vector of single ones"
            raise SpecError.of("data-shape", message, _shape_span(spec, given), help="name it alone, as `column`")
    vector = np.concatenate([part.reshape(-1, 1) for part in parts], axis=1)
    fixed = [size for size in given.held.shape[1:] if isinstance(size, int)]
    if len(fixed) == given.held.rank - 1 and np.prod(fixed, dtype=object) == len(columns):
        return vector.reshape(-1, *fixed)
    return shaped(
        vector, given.held, given.name, table, f"a vector of {len(columns)} columns", _shape_span(spec, given)
    )


def read_numbers(
    table: Table,
    column: str,
    tensor: Tensor,
    name: str,
    span: Span,
    help: str,
    *,
    gaps: bool,
    fill_in: str,
) -> Array:
    """A target's numbers in the tensor's shape; with `gaps` NaN where one is missing, else `fill_in` is the way out."""
    found = _float32(numbers(table, column, gaps=gaps, help=fill_in), table, column)
    return shaped(found, tensor, name, table, f"column '{column}'", span, help)


def shaped(
    values: Array, tensor: Tensor, name: str, table: Table, what: str, span: Span, help: str = CHANGE_SHAPE
) -> Array:
    """The array with the tensor's axes: those of size 1 are put in or left out, nothing is ever repeated."""
    sizes, dims = values.shape[1:], tensor.shape[1:]
    fitted = fit(sizes, dims)
    if fitted is not None:
        return values.reshape(len(values), *fitted)
    have = f"({', '.join(map(str, sizes))})" if sizes else "a single number"
    message = f"{name} takes {tensor}, {what} of {table.name} holds {have} a row"
    raise SpecError.of("data-shape", message, span, help=_channels_last(sizes, dims) or help)


def fit(sizes: Sequence[int], dims: Sequence[Dim]) -> tuple[int, ...] | None:
    """An array's sizes along the axes wanted, one of size 1 put in or left out; None where they do not fit."""
    if len(sizes) == len(dims) and lengths_of(sizes, dims) is not None:
        return tuple(sizes)
    longer, wanted = [size for size in sizes if size != 1], [dim for dim in dims if dim != 1]
    if len(longer) != len(wanted) or lengths_of(longer, wanted) is None:
        return None
    rest = iter(longer)
    return tuple(1 if dim == 1 else next(rest) for dim in dims)


def lengths_of(sizes: Sequence[int], dims: Sequence[Dim]) -> Lengths | None:
    """The length of each symbol that stands alone as a size; None where sizes and dims do not agree."""
    lengths: Lengths = {}
    for size, dim in zip(sizes, dims, strict=True):
        if isinstance(dim, int):
            if size != dim:
                return None
        elif lengths.setdefault(str(dim), size) != size:
            return None
    return lengths


def check_indices(array: Array, table: Table, rows: Array, columns: Sequence[str], size: int, layer: Vertex) -> None:
    """Refuse a number that stands for no row of a layer's table; `rows` are the array's in the data."""
    fault = (array < 0) | (array >= size)
    if fault.any():
        index = tuple(int(axis[0]) for axis in np.nonzero(fault))
        row, most = int(rows[index[0]]), int(array.max())
        column = columns[0] if len(columns) == 1 else columns[int(np.ravel_multi_index(index[1:], array.shape[1:]))]
        raise SpecError.of(
            "data-value",
            f"{table.subject(column, row)}: {array[index]} is no row of the {size:,} that {layer.name} looks up",
            table.span(row),
            notes=[Note("layer", f"{layer.kind} {layer.name}", layer.span)],
            help="indices run from 0"
            + (f"; the largest here is {most}, which takes {most + 1:,} rows" * (most >= size)),
        )


def agree(spec: Spec, arrays: Mapping[str, Array], table: Table) -> Lengths:
    """The length of each symbol in the inputs' shapes, which must be the same in all of them."""
    lengths: Lengths = {}
    first: dict[str, str] = {}
    for name, array in arrays.items():
        given = spec.inputs[name]
        for symbol, length in (lengths_of(array.shape[1:], given.raw.shape[1:]) or {}).items():
            if lengths.setdefault(symbol, length) != length:
                raise SpecError.of(
                    "data-shape",
                    f"{symbol} is {lengths[symbol]} in {first[symbol]} and {length} in {name}",
                    _shape_span(spec, given),
                    notes=[Note("data", table.name)],
                    help="a name stands for one length throughout a spec: give the other length another name",
                )
            first.setdefault(symbol, name)
    return lengths


def _matching(pattern: str, table: Table) -> list[str]:
    if pattern in table.columns:
        return [pattern]
    plain = pattern.replace("[", "[[]").replace("?", "[?]")
    if "*" not in pattern:
        return []
    return [name for name in table.columns if fnmatchcase(name, plain) and table.is_single(name)]


def _refuse_targets(spec: Spec, pattern: str, matching: Sequence[str], span: Span) -> None:
    learnt = {column: output.name for output in spec.outputs.values() for column in output.every_column}
    for column in matching:
        if spec.data and column == spec.data.weight and column != pattern:
            message = f"'{pattern}' takes in the column '{column}', which says what each row counts"
            raise SpecError.of("wrong-value", message, span, help="name the columns so that the weights stay out")
        if column in learnt and column != pattern:
            message = f"'{pattern}' takes in the column '{column}', which {learnt[column]} is to learn"
            raise SpecError.of("wrong-value", message, span, help="name the columns so that the target stays out")


def _read(table: Table, column: str, given: Input) -> Array:
    """A column in the element type that the input holds."""
    if given.held.dtype == "string":
        found = texts(table, column)
        return whole_paths(table, column, found) if given.steps and given.steps[0].reads_files else found
    if given.held.is_float:
        return _float32(numbers(table, column, gaps=given.fills_missing, help=IMPUTE), table, column)
    values = _whole(numbers(table, column), table, column, given.name)
    if given.held.dtype == "uint8":
        _refuse(values, (values < 0) | (values > MAX_BYTE), table, column, f"is not within 0 to {MAX_BYTE} (uint8)")
    return values.astype(given.held.dtype)


def _float32(values: Array, table: Table, column: str) -> Array:
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    _refuse(values, np.isinf(narrow), table, column, "is too large for float32")
    return narrow


def _whole(values: Array, table: Table, column: str, name: str) -> Array:
    if values.dtype.kind == "f":
        fault = (values != np.floor(values)) | (np.abs(values) > MAX_EXACT)
        _refuse(values, fault, table, column, f"is not a whole number, which {name} takes (int64)")
    elif values.dtype == np.uint64:
        _refuse(values, values > np.iinfo(np.int64).max, table, column, "is too large for int64")
    return values.astype(np.int64)


def _refuse(values: Array, fault: Array, table: Table, column: str, why: str) -> None:
    """Tell the first value that has the fault, if any has."""
    if not fault.any():
        return
    index = tuple(int(axis[0]) for axis in np.nonzero(fault))
    raise SpecError.of(
        "data-value", f"{table.subject(column, index[0])}: {values[index]:.17g} {why}", table.span(index[0])
    )


def _shape_span(spec: Spec, given: Input) -> Span:
    """The shape as it was written, in the short form too; the input's name where it follows from the columns."""
    inputs = spec.root.get("inputs")
    node = inputs.get(given.name) if inputs else None
    if node and isinstance(node.value, list):
        return node.span
    return written(spec, "inputs", given.name, "shape") or given.span


def _channels_last(sizes: Sequence[int], dims: Sequence[Dim]) -> str:
    """The way out where the data are images with their channels last."""
    if len(sizes) == len(dims) == 3 and lengths_of((sizes[2], *sizes[:2]), dims) is not None:
        return "the data have their channels last; images are channels first: store array.transpose(0, 3, 1, 2)"
    return ""
