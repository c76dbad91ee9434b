"""What both sides run on: real rows in several batch sizes, every length that may vary at two sizes, all test rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnspec.graph import Graph, Port
from nnspec.shapes import ShapeError, Size, Tensor, symbols_in
from nnspec.spec.spec import Input, Spec

Array = np.ndarray[Any, np.dtype[Any]]

BATCHES = (1, 2, 7)
RANDOM_ROWS = 64  # where there are no real ones
LENGTH_ROWS = 3
TEXTS = ("", "NA", "text that no row has")
GAPS = 0.2  # of random numbers that may be missing
SEED = 20  # of random rows, so that a proof can be repeated
LENGTHS = (5, 12, 8, 16, 17, 32, 33, 64, 3, 2, 1, 128, 224, 256, 512)  # tried in this order


@dataclass(frozen=True, slots=True)
class Examples:
    """Raw rows by input, and the targets by output: class indices, or values in their own units."""

    inputs: Mapping[str, Array] = field(default_factory=dict)
    targets: Mapping[str, Array] = field(default_factory=dict)
    weights: Array | None = None  # what each row counts in the losses; None where all count alike

    @property
    def rows(self) -> int:
        return len(next(iter(self.inputs.values()), ()))


@dataclass(frozen=True, slots=True)
class Case:
    """Rows to run, and whether they are the test rows, whose metrics count."""

    title: str
    inputs: Mapping[str, Array]
    is_test: bool = False


def cases(spec: Spec, graph: Graph, examples: Examples, most: int) -> Iterator[Case]:
    """The cases of a proof; at most `most` test rows."""
    random = np.random.default_rng(SEED)
    lengths = base_lengths(spec, graph, examples)
    rows = examples.inputs if examples.rows else random_rows(spec, graph, lengths, examples, RANDOM_ROWS, random)
    kind = "test" if examples.rows else "random"
    count = len(next(iter(rows.values())))
    for size in BATCHES:
        picked = np.arange(size) % count
        yield Case(f"batch of {size}", {name: array[picked] for name, array in rows.items()})
    if any(given.fills_missing for given in spec.inputs.values()):
        yield Case("random rows with gaps", random_rows(spec, graph, lengths, examples, RANDOM_ROWS, random))
    for symbol in graph.symbols:
        for length in _two_lengths(graph, lengths, symbol):
            changed = {**lengths, symbol: length}
            yield Case(
                f"random batch with {symbol} = {length}",
                random_rows(spec, graph, changed, examples, LENGTH_ROWS, random),
            )
    shown = min(count, most)
    yield Case(f"{shown:,} {kind} rows", {name: array[:shown] for name, array in rows.items()}, bool(examples.rows))


def base_lengths(spec: Spec, graph: Graph, examples: Examples) -> dict[str, int]:
    """A length for every symbol: that of the examples, else the first that the network accepts."""
    found: dict[str, int] = {}
    for name, array in examples.inputs.items():
        for size, length in zip(spec.inputs[name].raw.shape[1:], array.shape[1:], strict=True):
            if isinstance(size, Size) and str(size) in symbols_in(size):
                found[str(size)] = length
    missing = [symbol for symbol in graph.symbols if symbol not in found]
    for length in LENGTHS:
        tried = {**found, **dict.fromkeys(missing, length)}
        if accepts(graph, tried):
            return tried
    return {**found, **dict.fromkeys(missing, LENGTHS[0])}


def accepts(graph: Graph, lengths: Mapping[str, int]) -> bool:
    """Whether every live layer fits its input at these lengths."""
    tensors = {Port(name): x.bind(lengths) for name, x in graph.inputs.items()}
    for vertex in graph:
        if vertex.name not in graph.live:
            continue
        try:
            gives = vertex.layer.infer(*vertex.placed([tensors[port] for port in vertex.inputs]))
        except ShapeError:
            return False
        outputs = gives if isinstance(gives, tuple) else (gives,)
        if any(isinstance(size, int) and size < 1 for x in outputs for size in x.shape):
            return False
        tensors |= {Port(vertex.name, index): x for index, x in enumerate(outputs)}
    return True


def random_rows(
    spec: Spec, graph: Graph, lengths: Mapping[str, int], examples: Examples, rows: int, random: np.random.Generator
) -> dict[str, Array]:
    """Random rows for every input, within the range of the real ones where there are any."""
    return {
        name: _random(given, graph, given.raw.bind({**lengths, "batch": rows}), examples.inputs.get(name), random)
        for name, given in spec.inputs.items()
    }


def _random(given: Input, graph: Graph, tensor: Tensor, real: Array | None, random: np.random.Generator) -> Array:
    shape = tuple(int(size) for size in tensor.shape if isinstance(size, int))
    assert len(shape) == tensor.rank, f"{given.name} has a length that nothing tells: {tensor}"
    if given.raw.dtype == "string":
        texts = TEXTS if real is None else [*TEXTS, *real.flat]
        return np.array(texts, dtype=object)[random.integers(len(texts), size=shape)]
    if given.raw.is_float:
        if real is None or np.isnan(real).all():
            found = random.standard_normal(shape)
        else:
            found = random.uniform(float(np.nanmin(real)), float(np.nanmax(real)), shape)
        gaps = random.random(shape) < GAPS if given.fills_missing else np.zeros(shape, bool)
        return np.where(gaps, np.nan, found).astype(tensor.dtype)
    if real is not None and real.size:
        return random.integers(int(real.min()), int(real.max()) + 1, shape).astype(tensor.dtype)
    table = graph.lookups.get(given.name)
    return random.integers(0, table[0] if table else 2, shape).astype(tensor.dtype)


def _two_lengths(graph: Graph, lengths: Mapping[str, int], symbol: str) -> list[int]:
    """The first two lengths of a symbol, other than that of the examples, that the network accepts."""
    others = (length for length in LENGTHS if length != lengths[symbol])
    return [length for length in others if accepts(graph, {**lengths, symbol: length})][:2]
