"""Heads against the classes in the data, as far as these are known without the libraries that read data."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nnspec.diagnostics import Findings, Note, SpecError
from nnspec.graph.graph import Graph
from nnspec.prepare.missing import is_missing
from nnspec.spec.cells import DELIMITERS, SKLEARN, SKLEARN_SETS, WHOLE
from nnspec.spec.reach import Reach
from nnspec.spec.spec import Output, Spec

MAX_BYTES = 1_000_000  # of a file that a check reads
MAX_LISTED = 12
GZIP = ".gz"


@dataclass(frozen=True, slots=True)
class Classes:
    """How many classes a column of the data has, and which, where they were read."""

    count: int
    column: str
    source: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        which = f" in column '{self.column}' of {self.source}"
        if not self.names:
            return f"{self.count}{which}"
        more = f" and {self.count - MAX_LISTED:,} more" if self.count > MAX_LISTED else ""
        return f"{', '.join(self.names[:MAX_LISTED])}{more}{which}"


def check_heads(spec: Spec, graph: Graph, reach: Reach, findings: Findings) -> None:
    """Tell of an output whose scores are not as many as the classes in the data, in a spec without mistakes.

    A set of scikit-learn's has its classes for certain, and so has a file that is read whole; of others it is silent.
    """
    if findings.errors or not spec.data:
        return
    for name, port in graph.outputs.items():
        output, x = spec.outputs[name], graph.tensor(port)
        if not output.loss or output.classes or output.has_tags or output.loss.reads == "values":
            continue
        found = _classes(spec, output, reach)
        wanted = output.loss.classes_of(x) if output.loss.reads == "classes" else 2
        if not found or found.count in (0, wanted):
            continue
        vertex = graph.vertices.get(port.vertex)
        gives = f"{port.vertex} gives {wanted} scores"
        findings.error(
            "data-shape",
            f"{name} has {found.count:,} class{'es' * (found.count != 1)} in the data, but "
            + (gives if output.loss.reads == "classes" else f"{type(output.loss).__name__} tells two apart"),
            vertex.span if vertex and output.loss.reads == "classes" else output.span,
            notes=[Note("classes", str(found), spec.span_of("data", "train" if spec.data.train else "source"))],
            help=_way_out(output, found, port.vertex),
        )


def _way_out(output: Output, found: Classes, layer: str) -> str:
    count = found.count
    if found.names and WHOLE.fullmatch(found.names[0]) and found.names[0].startswith("-"):
        return f"{found.names[0]} mostly stands for rows without a class: leave them out of the data"
    if count < 2:
        return "one class is nothing to tell apart: name another column, or give rows of the others"
    if output.loss and output.loss.reads == "classes":
        return f"give {layer} {count} features"
    return f"for {count} classes use CrossEntropyLoss and as many scores"


def _classes(spec: Spec, output: Output, reach: Reach) -> Classes | None:
    """The classes in an output's column; None where nothing certain is known."""
    assert spec.data
    source = spec.data.train or spec.data.source
    if not isinstance(source, str):
        return None
    if source.startswith(SKLEARN):
        count = SKLEARN_SETS.get(source.removeprefix(SKLEARN), 0) if output.column == "target" else 0
        return Classes(count, output.column, source)
    delimiter = DELIMITERS.get(Path(source.lower().removesuffix(GZIP)).suffix)
    text = _text(source, spec, reach) if delimiter else None
    if not delimiter or text is None:
        return None
    try:
        labels = set(_column(text, delimiter, output.column))
    except (csv.Error, LookupError):
        return None  # whoever reads the data tells what is wrong with them
    if output.loss and output.loss.ignored is not None:
        labels.discard(str(output.loss.ignored))
    if not labels or any(map(is_missing, labels)):
        return None
    whole = [WHOLE.fullmatch(label) for label in labels]
    if all(whole):
        numbers = sorted({int(match[1]) for match in whole if match})
        return Classes(len(numbers), output.column, source, tuple(map(str, numbers)))
    return Classes(len(labels), output.column, source, tuple(sorted(labels)))


def _text(source: str, spec: Spec, reach: Reach) -> str | None:
    """A small file's text; None where it is large, or cannot be read, which training tells."""
    try:
        path = reach.find(source, reach.folder, spec.span_of("data"), "data-file")
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return None
        if path.suffix.lower() != GZIP:
            return path.read_text(encoding="utf-8-sig")
        with gzip.open(path) as file:  # a small one can hold terabytes
            data = file.read(MAX_BYTES + 1)
        return data.decode("utf-8-sig") if len(data) <= MAX_BYTES else None
    except (SpecError, OSError, EOFError, zlib.error, UnicodeDecodeError):
        return None


def _column(text: str, delimiter: str, name: str) -> Iterator[str]:
    """The texts of a column, without the spaces around them; LookupError where it is not there for certain."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header = [column.strip() for column in next(rows, [])]
    if header.count(name) != 1:
        raise LookupError(name)
    place = header.index(name)
    for row in rows:
        if row:
            yield row[place].strip()
