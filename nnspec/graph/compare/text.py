"""A difference as text for a person: what `nnspec diff` prints."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from nnspec.diagnostics import Palette
from nnspec.graph.compare.difference import Added, Difference, Removed
from nnspec.graph.compare.layers import Pair
from nnspec.graph.compare.values import ValueChange, shown
from nnspec.graph.compare.weights import Weights
from nnspec.graph.cost import human, human_bytes
from nnspec.graph.graph import Vertex
from nnspec.graph.label import call, shape
from nnspec.layers.layer import Shape
from nnspec.layers.words import literal
from nnspec.shapes import Dim

GAP = "  "
MOST_LISTED = 12  # names of weights below one heading; the JSON form has all
FEWEST_FOLLOWING = 3  # so many layers in a row whose shapes follow from another change share a line

FOLLOWING = object()  # changes that follow from another

Cells = tuple[str, ...]


def text(found: Difference, palette: Palette) -> str:
    """Layers, costs, values and weights, each below its heading; nothing of what is equal."""
    sections = [
        ("layers", _coloured(_aligned([*_layer_rows(found)]), palette)),
        ("costs", _aligned(list(_cost_rows(found)))),
        ("values", _coloured(_aligned([_value_row(change) for change in found.values]), palette)),
        ("weights", list(_weight_lines(found.weights))),
    ]
    return "\n\n".join(
        "\n".join([f"{palette.bold}{title}{palette.reset}", *lines]) for title, lines in sections if lines
    )


def _layer_rows(found: Difference) -> Iterator[Cells]:
    for together, items in groupby(found.layers, _together):
        group = list(items)
        if together is FOLLOWING and len(group) >= FEWEST_FOLLOWING:
            yield _following([item for item in group if isinstance(item, Pair)])
        elif isinstance(together, tuple):
            yield _block(group)
        else:
            yield from map(_row, group)


def _together(item: Removed | Added | Pair) -> object:
    """What neighbours must have in common to share a line."""
    if isinstance(item, Pair):
        return item if item.chosen else FOLLOWING
    return (type(item), item.within.name) if item.within else item


def _block(items: Sequence[Removed | Added | Pair]) -> Cells:
    """A block that is new, or gone, as a whole."""
    first, last = items[0], items[-1]
    assert not isinstance(first, Pair) and not isinstance(last, Pair) and first.within
    sign = "-" if isinstance(first, Removed) else "+"
    count = f"{len(items)} layer{'' if len(items) == 1 else 's'}"
    return sign, first.within.name, f"{first.within.title}, {count}", _shapes(last.vertex)


def _row(item: Removed | Added | Pair) -> Cells:
    if isinstance(item, Pair):
        return "~", item.after.name, _types(item), ", ".join(_changes(item))
    sign = "-" if isinstance(item, Removed) else "+"
    return sign, item.vertex.name, call(item.vertex.layer), _shapes(item.vertex)


def _following(pairs: Sequence[Pair]) -> Cells:
    names = f"{pairs[0].after.name} … {pairs[-1].after.name}"
    return "~", names, f"{len(pairs)} layers", "shapes that follow"


def _types(pair: Pair) -> str:
    return _arrow(call(pair.before.layer), call(pair.after.layer)) if pair.retyped else pair.after.kind


def _changes(pair: Pair) -> Iterator[str]:
    for name, values in pair.arguments.items():
        yield f"{name} {_arrow(*map(_value, values))}"
    if pair.reshaped:
        yield _arrow(_shapes(pair.before), _shapes(pair.after))
    if pair.renamed:
        yield f"was named {pair.before.name}"
    if pair.rewired:
        yield f"takes {_arrow(*(', '.join(port.vertex for port in one.inputs) for one in (pair.before, pair.after)))}"


def _shapes(vertex: Vertex) -> str:
    return ", ".join(map(shape, vertex.gives))


def _value(value: object) -> str:
    return value if isinstance(value, str) else literal(value)


def _arrow(before: str, after: str) -> str:
    return f"{before} → {after}"


def _cost_rows(found: Difference) -> Iterator[Cells]:
    before, after = found.costs
    yield from _cost_row("parameters", before.parameters, after.parameters, "{:,}".format)
    yield from _cost_row("MACs", before.macs, after.macs, human)
    batch, batch_after = found.batches
    if batch == batch_after:
        label = f"training memory, batch of {batch}" if batch else "training memory of an example"
        yield from _cost_row(label, before.training(batch or 1), after.training(batch or 1), human_bytes)
    yield from _cost_row("inference memory", before.inference(), after.inference(), human_bytes)


def _cost_row(label: str, before: Dim, after: Dim, written: Callable[[Dim], str]) -> Iterator[Cells]:
    if before == after:
        return
    change = ""
    if isinstance(before, int) and isinstance(after, int) and before:
        change = _relative(after / before)
    yield label, _arrow(written(before), written(after)), change


def _relative(ratio: float) -> str:
    """`+12 %`, `-0.3 %`, `4.5 times`."""
    percent = 100 * (ratio - 1)
    return f"{ratio:.3g} times" if ratio >= 2 else f"{percent:+.0f} %" if abs(percent) >= 1 else f"{percent:+.1g} %"


def _value_row(change: ValueChange) -> Cells:
    if not change.has[0]:
        return "+", change.key, shown(change.after)
    if not change.has[1]:
        return "-", change.key, shown(change.before)
    left, right = shown(change.before), shown(change.after)
    if left == right:  # the same classes with other arguments
        left, right = str(change.before), str(change.after)
    return "~", change.key, _arrow(left, right)


def _weight_lines(weights: Weights) -> Iterator[str]:
    total = len(weights.as_they_are) + len(weights.reshaped) + len(weights.left_over)
    if not total:
        return
    share = f"{weights.numbers:,} of {weights.numbers_before:,} numbers"
    yield f"{GAP}{len(weights.as_they_are)} of {total} tensors load as they are, {share}"
    rows = [(name, _arrow(_shape(left), _shape(right))) for name, (left, right) in weights.reshaped.items()]
    yield from _listed("of another shape in B", _aligned(rows, ""))
    yield from _listed("in A only", _by_layer(weights.left_over))
    yield from _listed("in B only", _by_layer(weights.missing))
    if weights.map:
        rows = [(f"{old}:", new) for old, new in weights.map.items()]
        title = f"{weights.loaded_by_map} of {total} load under other names, with this `map` in `weights`"
        yield from _listed(title, _aligned(rows, ""))


def _by_layer(names: Iterable[str]) -> Iterator[str]:
    """`linear_1  weight, bias`."""
    rows = []
    for layer, group in groupby(names, lambda name: name.rpartition(".")[0]):
        rows.append((layer, ", ".join(name.rpartition(".")[2] for name in group)))
    yield from _aligned(rows, "")


def _listed(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if not found:
        return
    yield f"{GAP}{title}"
    shown_lines = found if len(found) <= MOST_LISTED + 1 else found[:MOST_LISTED]
    yield from (f"{GAP}{GAP}{line}" for line in shown_lines)
    if len(found) > len(shown_lines):
        yield f"{GAP}{GAP}… and {len(found) - len(shown_lines)} more; --format json has all"


def _shape(shape: Shape) -> str:
    return "×".join(map(str, shape)) or "scalar"


def _aligned(rows: Sequence[Cells], indent: str = GAP) -> list[str]:
    if not rows:
        return []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        indent + GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _coloured(lines: Sequence[str], palette: Palette) -> list[str]:
    colours = {"+": palette.added, "-": palette.error, "~": palette.warning}
    return [f"{colours[line.strip()[0]]}{line}{palette.reset}" for line in lines]


def as_json(found: Difference) -> dict[str, object]:
    """All of it for scripts."""
    weights = found.weights
    return {
        "equal": found.is_empty,
        "layers": [_layer_json(item) for item in found.layers],
        "costs": {
            name: [_number(getattr(cost, name)) for cost in found.costs]
            for name in ("parameters", "macs", "activations")
        },
        "values": [{"key": change.key, "before": change.before, "after": change.after} for change in found.values],
        "weights": {
            "as_they_are": weights.as_they_are,
            "reshaped": weights.reshaped,
            "left_over": weights.left_over,
            "missing": weights.missing,
            "map": weights.map,
            "numbers": [weights.numbers, weights.numbers_before],
        },
    }


def _layer_json(item: Removed | Added | Pair) -> dict[str, object]:
    if not isinstance(item, Pair):
        change = "removed" if isinstance(item, Removed) else "added"
        return {"change": change, "name": item.vertex.name, "type": item.vertex.kind, "output": _shapes(item.vertex)}
    both = item.before, item.after
    return {
        "change": "changed",
        "name": item.after.name,
        "was_named": item.before.name,
        "type": [vertex.kind for vertex in both],
        "arguments": item.arguments,
        "output": [_shapes(vertex) for vertex in both],
        "inputs": [[port.vertex for port in vertex.inputs] for vertex in both],
    }


def _number(n: Dim) -> int | str:
    return n if isinstance(n, int) else str(n)
