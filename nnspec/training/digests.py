"""What tells whether data are the same: a SHA-256 of each column of each part, as the network gets it."""

import hashlib
from collections.abc import Mapping

from torch import Tensor

from nnspec.data import Examples as Data
from nnspec.diagnostics import Note, SpecError, some
from nnspec.graph import Graph
from nnspec.runs import Run
from nnspec.training.batches import Examples, Feed

Digests = Mapping[str, str]  # by column; equal ones mean equal rows in equal order


def digests(graph: Graph, data: Data, part: Feed) -> Digests:
    """Of every input and every target of a part; of the targets alone where the inputs are a stream."""
    held = part.inputs if isinstance(part, Examples) else ()
    names = [*(graph.inputs if held else ()), *(f"{output} (target)" for output in data.preparation.outputs)]
    names += [f"{output} (weights)" for output in data.weighted]
    columns = zip(names, (*held, *part.targets), strict=True)
    return {name: f"{len(column):,} rows {_sha256(column)}" for name, column in columns}


def _sha256(column: Tensor) -> str:
    return hashlib.sha256(column.cpu().contiguous().numpy().data).hexdigest()


def check_same_data(run: Run, before: Mapping[str, Digests], found: Mapping[str, Digests]) -> None:
    """Refuse data that are not those of a run, and say where they differ."""
    notes = []
    for part, columns in found.items():
        was = before.get(part, {})
        differing = [name for name, digest in columns.items() if was.get(name) != digest]
        if differing:
            rows = [_rows(was.get(differing[0], "0 rows")), _rows(columns[differing[0]])]
            count = f"{rows[0]} rows then, {rows[1]} here" if rows[0] != rows[1] else f"{rows[0]} rows"
            notes.append(Note(part, f"{some(differing)}; {count}"))
    if notes:
        message = f"the data are not those that {run.path} was trained on"
        raise SpecError.of("resume", message, notes=notes, help="train anew, or bring the old data back")


def _rows(digest: str) -> str:
    return digest.partition(" ")[0]
