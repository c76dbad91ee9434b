"""Files -> named columns with their place in the file; a file here for each format."""

from nnspec.tables.numbers import NUMBER, missing_values, numbers
from nnspec.tables.read import read_table
from nnspec.tables.table import Array, Table, find_column, shown_value

__all__ = ["NUMBER", "Array", "Table", "find_column", "missing_values", "numbers", "read_table", "shown_value"]
