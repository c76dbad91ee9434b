"""Files -> named columns with their place in the file; a file here for each format."""

from nnspec.tables.folders import read_folder
from nnspec.tables.join import beside, join
from nnspec.tables.numbers import NUMBER, missing_values, numbers, texts
from nnspec.tables.paths import whole_paths
from nnspec.tables.read import read_table
from nnspec.tables.table import Array, LazyColumns, Table, check_column, find_column, shown_value

__all__ = [
    "NUMBER",
    "Array",
    "LazyColumns",
    "Table",
    "beside",
    "check_column",
    "find_column",
    "join",
    "missing_values",
    "numbers",
    "read_folder",
    "read_table",
    "shown_value",
    "texts",
    "whole_paths",
]
