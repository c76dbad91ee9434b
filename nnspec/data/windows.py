"""The examples of a series: what its windows see, and what they learn."""

from nnspec.data.columns import written
from nnspec.spec.spec import Spec
from nnspec.tables import Table
from nnspec.tables.windows import Window, followed, seen


def in_windows(spec: Spec, table: Table) -> tuple[Table, Table]:
    """What inputs are read from, and what targets are; the table itself for both where a row is an example."""
    section = spec.data.window if spec.data else None
    if section is None:
        return table, table
    window, asked = Window(section.length, section.stride, section.by), written(spec, "data", "window")
    learnt = {column for output in spec.outputs.values() for column in output.every_column}
    return seen(table, window, section.horizon, asked), followed(table, window, section.horizon, learnt, asked)
