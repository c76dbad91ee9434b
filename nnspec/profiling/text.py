"""A profile as tables that a person reads."""

from collections.abc import Sequence

from nnspec.profiling.column import Column
from nnspec.profiling.profile import Profile

MAX_CELL = 24  # characters of a value
MAX_COLUMNS = 60  # that are listed
MAX_CLASSES = 20
MAX_EXAMPLE_COLUMNS = 8


def render(found: Profile) -> str:
    """Columns, parts, classes, examples and warnings."""
    blocks = [f"{found.source}: {found.rows:,} rows, {len(found.columns)} columns", _columns(found)]
    if found.parts:
        rows = [
            [part, f"{count:,}", f"{count / max(sum(found.parts.values()), 1):.0%}"]
            for part, count in found.parts.items()
        ]
        blocks.append(_table([["part", "rows", "share"], *rows]))
    for output, classes in found.classes.items():
        blocks.append(_classes(output, classes, list(found.parts)))
    if found.examples:
        blocks.append(_examples(found))
    blocks += [f"warning: {each.message}\n  help  {each.help}" for each in found.warnings]
    return "\n\n".join(block for block in blocks if block)


def _columns(found: Profile) -> str:
    roles = bool(found.roles)
    header = ["column", "is", *(["for"] if roles else []), "missing", "distinct", "from", "to", "typical"]
    rows = [header]
    for column in found.columns[:MAX_COLUMNS]:
        low, high = ("" if value is None else f"{value:.4g}" for value in (column.low, column.high))
        role = [found.roles.get(column.name, "-")] if roles else []
        missing = f"{column.missing:,}" if column.missing else "·"
        rows.append([column.name, kind_of(column), *role, missing, f"{column.distinct:,}", low, high, typical(column)])
    more = len(found.columns) - MAX_COLUMNS
    return _table(rows, left={0, 1, 2 if roles else 0, len(header) - 1}) + (f"\nand {more:,} more" if more > 0 else "")


def kind_of(column: Column) -> str:
    """What a column is, with the shape of its arrays."""
    return f"arrays {'×'.join(map(str, column.shape))}" if column.shape else column.kind


def typical(column: Column) -> str:
    """Mean and deviation, or the most frequent values with their shares; of ids nothing is typical."""
    if column.kind == "ids":
        return ""
    if column.frequent and column.kind != "numbers" and (not column.is_number or column.few):
        there = max(column.rows - column.missing, 1)
        return ", ".join(f"{value[:MAX_CELL]} {count / there:.0%}" for value, count in column.frequent[:3])
    return "" if column.mean is None else f"{column.mean:.4g} ± {column.deviation:.2g}"


def _classes(output: str, classes: object, parts: Sequence[str]) -> str:
    assert isinstance(classes, dict)
    rows = [[f"class of {output}", *parts, "share"]]
    total = max(sum(sum(found.values()) for found in classes.values()), 1)
    for name, found in list(classes.items())[:MAX_CLASSES]:
        rows.append([name[:MAX_CELL], *(f"{found[part]:,}" for part in parts), f"{sum(found.values()) / total:.1%}"])
    more = len(classes) - MAX_CLASSES
    return _table(rows) + (f"\nand {more:,} more" if more > 0 else "")


def _examples(found: Profile) -> str:
    names = [column.name[:MAX_CELL] for column in found.columns[:MAX_EXAMPLE_COLUMNS]]
    rows = [[cell[:MAX_CELL] for cell in row[:MAX_EXAMPLE_COLUMNS]] for row in found.examples]
    more = len(found.columns) > MAX_EXAMPLE_COLUMNS
    return _table([[*names, *["…"] * more], *([*row, *["…"] * more] for row in rows)])


def _table(rows: Sequence[Sequence[str]], left: frozenset[int] | set[int] = frozenset({0})) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = (
            f"{cell:<{width}}" if index in left else f"{cell:>{width}}"
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
