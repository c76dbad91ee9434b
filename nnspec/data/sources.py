"""What `data.source` may name: a file below the spec's folder, or a set that scikit-learn ships."""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from nnspec.diagnostics import Span, SpecError, did_you_mean
from nnspec.tables import Array, Table, read_table, shown_value

MAX_PATH = 4096
SKLEARN = "sklearn:"
SKLEARN_SETS = ("digits", "iris", "wine", "breast_cancer", "diabetes")
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def read_source(source: str, folder: Path, span: Span) -> Table:
    """The table that a source names; `folder` is the spec's, `span` the place that names it."""
    if source.startswith(SKLEARN):
        return _sklearn_table(source.removeprefix(SKLEARN), span)
    return read_table(find_file(source, folder, span), source, span)


def find_file(source: str, folder: Path, span: Span) -> Path:
    """The file's path, which must stay below the folder: a spec from elsewhere reads nothing else."""
    fault, help = _path_fault(source)
    if not fault:
        path, root = folder / source, folder.resolve()
        try:
            below = path.resolve().is_relative_to(root)
        except RuntimeError:  # until Python 3.12; after, it is met where the file is opened
            raise SpecError.of(
                "data-file", f"{shown_value(source)} is a link that leads back to itself", span
            ) from None
        if below:
            return path
        fault, help = f"{shown_value(source)} is a link that leaves the spec's folder", "put a copy below the folder"
    raise SpecError.of("data-file", fault, span, help=help)


def _path_fault(source: str) -> tuple[str, str]:
    """Why a text cannot name a file below the folder, and the way out; empty where it can."""
    shown = shown_value(source)
    below = "name a file beside the spec or below its folder"
    if not source.strip():
        return "the source is empty", below
    if "\0" in source:
        return f"{shown} has a NUL character", below
    if len(source) > MAX_PATH:
        return f"the path has {len(source):,} characters, more than {MAX_PATH:,}", below
    if PurePosixPath(source).is_absolute() or PureWindowsPath(source).drive:
        return f"{shown} is an absolute path", below
    if URL.match(source):
        return f"{shown} is an address, not a file", f"{below}, or one of {_sklearn_names()}"
    if source.startswith("~"):
        return f"{shown} begins with ~, which is not expanded", below
    if ".." in re.split(r"[/\\]", source):
        return f"{shown} leaves the spec's folder", below
    return "", ""


def _sklearn_names() -> str:
    return ", ".join(SKLEARN + name for name in SKLEARN_SETS)


def _sklearn_table(name: str, span: Span) -> Table:
    if name not in SKLEARN_SETS:
        near = did_you_mean(name, SKLEARN_SETS) or f"there are {_sklearn_names()}"
        raise SpecError.of("data-file", f"scikit-learn ships no set that is named '{name}' here", span, help=near)
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
