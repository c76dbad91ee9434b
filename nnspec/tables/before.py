"""What happens to a table's rows before the exported file sees them, where a step cannot be part of the file."""

from collections.abc import Iterable, Sequence

from nnspec.diagnostics import SpecError
from nnspec.prepare.fitted import FittedStep, apply, outside
from nnspec.prepare.step import RowError
from nnspec.tables.table import Array, Table


def applied_before(
    steps: Iterable[FittedStep], values: Array, table: Table, rows: Array, columns: Sequence[str]
) -> Array:
    """Values after those of an input's steps that stand outside of the file; `rows` is where in the table they are."""
    try:
        found: Array = apply(outside(steps), values)
    except RowError as error:
        raise row_error(error, table, rows, columns) from None
    return found


def row_error(error: RowError, table: Table, rows: Array, columns: Sequence[str]) -> SpecError:
    """A row that a step cannot read, with its place in the table."""
    row = int(rows[error.row])
    subject = table.subject(columns[0], row) if len(columns) == 1 else f"columns {', '.join(map(repr, columns))}"
    return SpecError.of("data-value", f"{subject}: {error.message}", table.span(row), help=error.help)
