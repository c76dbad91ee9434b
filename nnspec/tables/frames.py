"""Parquet and Feather files -> named columns, through polars; a column is read when it is asked for."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from nnspec.diagnostics import Span, SpecError, Text
from nnspec.tables.table import Array, LazyColumns, Table

if TYPE_CHECKING:
    import polars

MAX_COLUMN_BYTES = 8 * 10**9  # a small file can hold one value a billion times
SPACES = " \t\n\r\v\f"  # that may stand around a number
FEW = 10  # rows of each text, at which its places are quicker than the texts
Result = TypeVar("Result")

PARQUET = (".parquet",)
FEATHER = (".feather", ".arrow", ".ipc")
ENDINGS = (*PARQUET, *FEATHER)


class FrameColumns(LazyColumns):
    """The columns of a polars frame as arrays: numbers with NaN for null, texts with an empty one for it."""

    def __init__(self, frame: "polars.DataFrame | polars.LazyFrame", name: str, rows: int) -> None:
        self.frame, self.name, self.rows = frame, name, rows
        self.read: dict[str, Array] = {}
        self.places: dict[str, tuple[list[str], Array] | None] = {}

    def __getitem__(self, column: str) -> Array:
        if column not in self.read:
            self.read[column] = _array(self.series(column), column, self.name)
        return self.read[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self.types)

    def __len__(self) -> int:
        return len(self.types)

    def __contains__(self, column: object) -> bool:
        return column in self.types

    def part(self, start: int, rows: int) -> "FrameColumns":
        """The same columns for some of the rows."""
        return FrameColumns(self.frame.slice(start, rows), self.name, rows)

    def is_single(self, column: str) -> bool:
        return not self.types[column].is_nested()

    def numbers(self, column: str) -> Array | None:
        """A column of text as finite numbers; None where it is something else, or holds what is none."""
        import polars

        if self.types[column] != polars.String:
            return None
        series = self.series(column)
        parsed = series.cast(polars.Float64, strict=False)
        if parsed.null_count():
            parsed = series.str.strip_chars(SPACES).cast(polars.Float64, strict=False)
        if parsed.null_count():
            return None
        values: Array = parsed.to_numpy()
        return values if np.isfinite(values).all() else None

    def distinct(self, column: str) -> tuple[list[str], Array] | None:
        """The different texts and the place of each row's; None of what is something else, or mostly different."""
        import polars

        if self.types[column] != polars.String:
            return None
        if column not in self.places:
            texts = self.series(column).fill_null("")
            found = texts.unique().sort()
            few = len(found) <= self.rows // FEW
            self.places[column] = (
                (found.to_list(), texts.cast(polars.Enum(found)).to_physical().to_numpy()) if few else None
            )
        return self.places[column]

    def series(self, column: str) -> "polars.Series":
        import polars

        if isinstance(self.frame, polars.DataFrame):
            return self.frame.get_column(column)
        return asked(self.frame.select(column).collect, self.name).to_series()

    @cached_property
    def types(self) -> "Mapping[str, polars.DataType]":
        return asked(self.frame.collect_schema, self.name)


def read_frame(path: Path, name: str, place: Span) -> Table:
    """The table of a Parquet or a Feather file (Arrow's own format)."""
    polars = find_polars(f"'{name}'", place)
    scan = polars.scan_parquet if path.suffix.lower() in PARQUET else polars.scan_ipc
    frame = asked(lambda: scan(path, glob=False) if scan is polars.scan_parquet else scan(path), name)
    rows = int(asked(frame.select(polars.len()).collect, name).item())
    columns = FrameColumns(frame, name, rows)
    if not len(columns):
        raise SpecError.of("data-file", "the file has no columns", Span(Text(name)))
    if not rows:
        raise SpecError.of("data-file", "the file has columns and no rows", Span(Text(name)))
    return Table(name, columns)


def find_polars(what: str, place: Span) -> Any:
    """The module; where it is not installed, a message that says how to install it."""
    try:
        import polars
    except ImportError:
        message = f"{what} is read with polars, which is not installed"
        raise SpecError.of("missing-extra", message, place, help="pip install 'nnspec[data]'") from None
    return polars


def asked(read: Callable[[], Result], name: str) -> Result:
    """What polars reads; its refusal as a message."""
    from polars.exceptions import PanicException, PolarsError

    try:
        return read()
    except (PolarsError, PanicException, OSError) as error:
        reason = str(error).strip().partition("\n")[0][:200]
        message = f"the file is cut short or damaged: {reason}"
        raise SpecError.of("data-file", message, Span(Text(name)), help="write it again") from None


def _array(series: "polars.Series", column: str, name: str) -> Array:
    """One type throughout; SpecError where a column holds what is neither numbers nor texts."""
    import polars

    kind = series.dtype
    if isinstance(kind, polars.Null):
        return np.full(len(series), "", dtype=object)
    if isinstance(kind, polars.Boolean | polars.Decimal):
        return (series.cast(polars.Float64) if series.null_count() or kind.is_decimal() else series).to_numpy()
    if kind.is_numeric():
        return np.ascontiguousarray(series.to_numpy())
    if isinstance(kind, polars.String | polars.Categorical | polars.Enum):
        return _texts(series.cast(polars.String), column, name)
    if isinstance(kind, polars.Date | polars.Datetime | polars.Time):
        return _texts(series.dt.to_string("iso"), column, name)
    if isinstance(kind, polars.List | polars.Array) and kind.inner.is_numeric():
        return _vectors(series, column, name)
    message = f"column '{column}' holds {kind}, where numbers or text are needed"
    help = "give each field a column of its own (polars: `unnest`)" if kind.is_nested() else "write numbers or text"
    raise SpecError.of("data-value", message, Span(Text(name)), help=help)


def _texts(series: "polars.Series", column: str, name: str) -> Array:
    size = series.str.len_bytes().sum()
    if size > MAX_COLUMN_BYTES:
        message = (
            f"column '{column}' holds {size:,} bytes of text, more than the {MAX_COLUMN_BYTES:,} that nnspec reads"
        )
        raise SpecError.of("limit", message, Span(Text(name)))
    return series.fill_null("").to_numpy()


def _vectors(series: "polars.Series", column: str, name: str) -> Array:
    """Lists of one length as the rows of a matrix."""
    import polars

    if isinstance(series.dtype, polars.Array):
        return np.ascontiguousarray(series.to_numpy())
    lengths = series.list.len().fill_null(0).to_numpy()
    other = np.flatnonzero(lengths != lengths[0])
    if len(other):
        message = (
            f"row {other[0] + 1} of '{column}' is a list of {lengths[other[0]]} numbers, that of row 1 has {lengths[0]}"
        )
        raise SpecError.of("data-shape", message, Span(Text(name)), help="lists of one length are vectors")
    return np.ascontiguousarray(series.list.to_array(int(lengths[0])).to_numpy())
