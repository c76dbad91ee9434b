"""What `data.source` may name: files and folders below the spec's folder, or a set that scikit-learn ships."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from nnspec.diagnostics import Span, SpecError
from nnspec.spec.cells import SKLEARN
from nnspec.spec.document import Source
from nnspec.spec.reach import Reach
from nnspec.spec.sources import find_source, is_pattern, shown_source
from nnspec.tables import Array, Table, beside, join, read_folder, read_table

MAX_FILES = 10_000  # of one table


def read_source(source: Source, reach: Reach, span: Span) -> Table:
    """The table that a source names; `reach` is what the spec may read, `span` the place that names it."""
    if isinstance(source, dict):
        arrays = {column: _read_array(name, reach, span) for column, name in source.items()}
        return beside(arrays, shown_source(source), span)
    names = [source] if isinstance(source, str) else source
    found = [table for name in names for table in _read_named(name, reach, span)]
    return join(found, shown_source(source))


def _read_named(name: str, reach: Reach, span: Span) -> list[Table]:
    found = find_source(name, reach, span)
    if not isinstance(found, Path):
        return [_sklearn_table(found)]
    if is_pattern(name) and not found.exists():
        paths = [(reach.find(match, reach.folder, span, "data-file"), match) for match in _matching(name, reach, span)]
        return [_read_file(path, match, span) for path, match in paths]
    return [_read_file(found, name, span)]


def _read_file(path: Path, name: str, span: Span) -> Table:
    if not path.is_dir():
        return read_table(path, name, span)
    try:
        return read_folder(path, name, span)
    except OSError as error:
        raise SpecError.of("data-file", f"'{name}' cannot be read: {error.strerror or error}", span) from None


def _read_array(name: str, reach: Reach, span: Span) -> Table:
    path = find_source(name, reach, span)
    if not isinstance(path, Path) or path.suffix.lower() != ".npy":
        help = "as in `source: {image: images.npy, label: labels.npy}`"
        raise SpecError.of("data-file", f"'{name}' is not an .npy file, of which a column can be", span, help=help)
    return read_table(path, name, span)


def _matching(pattern: str, reach: Reach, span: Span) -> list[str]:
    """The files that a pattern matches, by name, in the order of their names."""
    folder = reach.folder
    matches = islice(folder.glob(pattern.removeprefix("./")), MAX_FILES + 1)
    found = sorted(path.relative_to(folder).as_posix() for path in matches if path.is_file())
    if len(found) > MAX_FILES:
        raise SpecError.of("limit", f"'{pattern}' matches more than {MAX_FILES:,} files", span)
    if not found:
        raise SpecError.of("data-file", f"no file matches '{pattern}'", span)
    return found


def _sklearn_table(name: str) -> Table:
    # Only here: the import takes a second.
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    columns: dict[str, Array] = {
        str(feature): column for feature, column in zip(bunch.feature_names, bunch.data.T, strict=True)
    }
    columns["data"] = bunch.data
    if name == "digits":
        columns["image"] = bunch.images
    columns["target"] = _target(bunch.target, bunch.get("target_names", ()))
    return Table(SKLEARN + name, columns)


def _target(target: Array, names: Iterable[Any]) -> Array:
    """Class names where they are words; the numbers themselves otherwise."""
    words = np.array([str(name) for name in names])
    return target if all(word.isdigit() for word in words) else words[target]
