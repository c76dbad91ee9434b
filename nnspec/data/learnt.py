"""What steps learn from the training rows; what they cannot learn gets a place."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nnspec.data.columns import Lengths, written
from nnspec.diagnostics import Span, SpecError
from nnspec.prepare.fitted import FittedStep, fit, fit_chunks
from nnspec.prepare.step import FitError, RowError
from nnspec.spec.spec import Input, Spec
from nnspec.tables import Array, Table
from nnspec.tables.before import applied_before, row_error


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Some rows of a table, with the inputs' arrays for them."""

    table: Table
    rows: Array
    raw: Mapping[str, Array]
    columns: Mapping[str, tuple[str, ...]]  # that each input reads
    lengths: Lengths = field(default_factory=dict)


def learn(spec: Spec, given: Input, train: Rows) -> tuple[FittedStep, ...]:
    """An input's steps, fitted on the training rows."""
    try:
        return fit(given.steps, train.raw[given.name])
    except FitError as error:
        raise _fit_error(spec, given, train.columns[given.name], error) from None
    except RowError as error:
        raise row_error(error, train.table, train.rows, train.columns[given.name]) from None


def learn_from(spec: Spec, given: Input, chunks: Callable[[], Iterable[Rows]]) -> tuple[FittedStep, ...]:
    """The same for training rows that are not held at once, in a pass over them for each step that learns."""
    here: Rows | None = None

    def arrays() -> Iterator[Array]:
        nonlocal here
        for here in chunks():
            yield here.raw[given.name]

    try:
        return fit_chunks(given.steps, arrays)
    except FitError as error:
        raise _fit_error(spec, given, here.columns[given.name] if here else (), error) from None
    except RowError as error:
        assert here, "a row stands in a chunk"
        raise row_error(error, here.table, here.rows, here.columns[given.name]) from None


def _fit_error(spec: Spec, given: Input, columns: Sequence[str], error: FitError) -> SpecError:
    of_column = error.entry is not None and len(columns) > 1 and given.held.rank == 2
    column = f"column '{columns[error.entry or 0]}': " if of_column else ""
    message = f"{error.step} of input {given.name}: {column}{error.message}"
    return SpecError.of("data-value", message, _step_span(spec, given, error.step), help=error.help)


def _step_span(spec: Spec, given: Input, step: str) -> Span:
    """Where the spec names a step; the list of them where another step brought it along."""
    place = [type(chosen).__name__ for chosen in given.steps].index(step)
    added = written(spec, "inputs", given.name, "prepare", len(given.steps) - 1) is None
    return spec.span_of("inputs", given.name, "prepare", place - added)


def before_file(given: Input, steps: Sequence[FittedStep], part: Rows) -> Array:
    """An input's rows after the steps that stand outside of the exported file."""
    return applied_before(steps, part.raw[given.name], part.table, part.rows, part.columns[given.name])
