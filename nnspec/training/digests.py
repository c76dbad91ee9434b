"""What tells whether data are the same: a SHA-256 of each column of each part, as the network gets it."""

import hashlib
from collections.abc import Mapping

from torch import Tensor

from nnspec.data import Examples as Data
from nnspec.diagnostics import Note, SpecError, some
from nnspec.graph import Graph
from nnspec.runs import Run
from nnspec.training.batches import Examples, Feed
from nnspec.training.stream import Streamed

MOST_CHUNKS = 16  # of a stream that are looked at

Digests = Mapping[str, str]  # by column; equal ones mean equal rows in equal order


def digests(graph: Graph, data: Data, part: Feed) -> Digests:
    """Of every input and every target of a part; a long stream's inputs are looked at here and there."""
    names = [*graph.inputs, *(f"{output} (target)" for output in data.preparation.outputs)]
    names += [f"{output} (weights)" for output in data.weighted]
    inputs = [_sha256(x) for x in part.inputs] if isinstance(part, Examples) else _of_stream(part, len(graph.inputs))
    found = zip(names, [*inputs, *(_sha256(x) for x in part.targets)], strict=True)
    return {name: f"{part.rows:,} rows {digest}" for name, digest in found}


def _sha256(x: Tensor) -> str:
    return hashlib.sha256(_bytes(x)).hexdigest()


def _of_stream(part: Feed, inputs: int) -> list[str]:
    """Of each input the chunks that are looked at, evenly spread over the stream."""
    assert isinstance(part, Streamed)
    chunks, found = part.part.chunks, [hashlib.sha256() for _ in range(inputs)]
    for start, end in chunks[:: max(1, -(-len(chunks) // MOST_CHUNKS))]:
        for digest, x in zip(found, part.read(start, end), strict=True):
            digest.update(_bytes(x))
    return [digest.hexdigest() for digest in found]


def _bytes(x: Tensor) -> memoryview:
    return x.cpu().contiguous().numpy().data


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
        message = f"the data are not those that {run.record().get('reproduces', run.path)} was trained on"
        raise SpecError.of("resume", message, notes=notes, help="train anew, or bring the old data back")


def _rows(digest: str) -> str:
    return digest.partition(" ")[0]
