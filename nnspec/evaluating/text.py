"""An evaluation as tables that a person reads."""

from collections.abc import Iterator, Sequence

from nnspec.evaluating.evaluation import Evaluation, OutputResult

MAX_CONFUSED = 20  # classes of a confusion that a terminal has room for


def render(found: Evaluation) -> str:
    """Each output with its numbers, its classes, its confusion; then the slices."""
    rows = f"{found.rows:,} row{'s' * (found.rows != 1)}"
    blocks = [f"{found.name} in {found.engine}, on {rows} of {found.data}"]
    for name, output in found.outputs.items():
        blocks.append("\n".join(_numbers(name, output)))
        if output.classes:
            blocks.append("\n".join(_classes(output)))
        if output.confusion:
            blocks.append("\n".join(_confusion(output)))
    if found.by is not None:
        blocks.append("\n".join(_slices(found)))
    return "\n\n".join(blocks)


def _numbers(name: str, output: OutputResult) -> list[str]:
    between = bool(output.intervals)
    lines = [[name, "value", *(["95 % between"] if between else [])]]
    values = {"loss": output.loss, **output.metrics}
    for title, value in values.items():
        low_high = output.intervals.get(title)
        interval = f"{low_high[0]:.4g} and {low_high[1]:.4g}" if low_high else ""
        lines.append([title, _number(value), *([interval] if between else [])])
    return _aligned(lines)


def _classes(output: OutputResult) -> list[str]:
    lines = [["class", "precision", "recall", "F1", "support"]]
    for name, each in output.classes.items():
        lines.append([name, *map(_number, (each.precision, each.recall, each.f1)), f"{each.support:,}"])
    return _aligned(lines)


def _confusion(output: OutputResult) -> list[str]:
    names = list(output.classes)
    if len(names) > MAX_CONFUSED:
        return ["most often confused", *_aligned(list(_worst(output)))]
    lines = [["true \\ answered", *names]]
    for name, row in zip(names, output.confusion, strict=True):
        lines.append([name, *(f"{count:,}" if count else "·" for count in row)])
    return _aligned(lines)


def _worst(output: OutputResult) -> Iterator[list[str]]:
    """The most frequent confusions of many classes."""
    names = list(output.classes)
    pairs = [
        (count, true, answered)
        for true, row in enumerate(output.confusion)
        for answered, count in enumerate(row)
        if count and true != answered
    ]
    yield ["true", "answered", "rows"]
    for count, true, answered in sorted(pairs, key=lambda pair: -pair[0])[:MAX_CONFUSED]:
        yield [names[true], names[answered], f"{count:,}"]


def _slices(found: Evaluation) -> list[str]:
    several = len(found.outputs) > 1
    titles = [(name, title) for name, output in found.outputs.items() for title in ("loss", *output.metrics)]
    lines = [[f"by {found.by}", "rows", *(f"{name}.{title}" if several else title for name, title in titles)]]
    for value, each in found.slices.items():
        cells = [
            each.outputs[name].loss if title == "loss" else each.outputs[name].metrics.get(title)
            for name, title in titles
        ]
        lines.append([value, f"{each.rows:,}", *map(_number, cells)])
    return _aligned(lines)


def _number(value: float | None) -> str:
    return "-" if value is None or value != value else f"{value:.4g}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [f"{row[0]:<{widths[0]}}", *(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in rows
    ]
