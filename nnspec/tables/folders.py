"""A folder -> a table: a folder for each class, of images or of texts, or a dataset that Hugging Face's library saved.

The rows of class folders stand in the order of their names. An image is its path, seen from the folder; a text is what
stands in its file. Files of other kinds and hidden ones are left alone.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from nnspec.diagnostics import Span, SpecError, Text
from nnspec.tables import saved
from nnspec.tables.table import Table
from nnspec.tables.text import read_text

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
TEXTS = (".txt",)
MAX_FILES = 10_000_000
MAX_TEXTS_BYTES = 2 * 10**9


def read_folder(folder: Path, name: str, place: Span) -> Table:
    """The table of a folder; `place` names it."""
    if saved.is_saved(folder):
        return saved.read_saved(folder, name, place)
    found = list(_files(folder, name, place))
    images = [(group, path) for group, path in found if path.lower().endswith(IMAGES)]
    texts = [(group, path) for group, path in found if path.lower().endswith(TEXTS)]
    if images and texts:
        message = f"'{name}' holds images ({images[0][1]}) and texts ({texts[0][1]})"
        raise SpecError.of("data-file", message, place, help="keep them in folders of their own")
    if not images and not texts:
        help = f"it needs a folder for each class, with images ({', '.join(IMAGES)}) or .txt files in it"
        raise SpecError.of("data-file", f"'{name}' has no class folders of images or texts", place, help=help)
    kinds = np.array([group for group, _ in images or texts], dtype=object)
    column = "image" if images else "text"
    values = [path for _, path in images] or list(_texts(folder, [path for _, path in texts], name))
    return Table(name, {column: np.array(values, dtype=object), "class": kinds}, folder=folder)


def class_folders(folder: Path) -> list[str]:
    """The names of the folders in a folder, but for hidden ones."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))


def _files(folder: Path, name: str, place: Span) -> Iterator[tuple[str, str]]:
    """The class and the path of each file in the folders of a folder, at any depth."""
    count = 0
    for group in class_folders(folder):
        for path in _below(folder, group, name, place):
            count += 1
            if count > MAX_FILES:
                message = f"'{name}' holds more than {MAX_FILES:,} files"
                raise SpecError.of("limit", message, place)
            yield group, path


def _below(folder: Path, inner: str, name: str, place: Span) -> Iterator[str]:
    with os.scandir(folder / inner) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        path = f"{inner}/{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            _check_link(folder, path, name, place)
        if entry.is_dir(follow_symlinks=False):
            yield from _below(folder, path, name, place)
        elif entry.is_file():
            yield path


def _check_link(folder: Path, path: str, name: str, place: Span) -> None:
    """Refuse a link to a folder, and one to a file elsewhere: a folder from elsewhere may point at anything."""
    target = folder / path
    if target.is_dir():
        message = f"'{path}' of '{name}' is a link to a folder, which is not followed"
        raise SpecError.of("data-file", message, place, help="put the folder itself there")
    if not target.resolve().is_relative_to(folder.resolve()):
        message = f"'{path}' of '{name}' is a link that leaves the folder"
        raise SpecError.of("data-file", message, place, help="put a copy of the file there")


def _texts(folder: Path, paths: Sequence[str], name: str) -> Iterator[str]:
    total = 0
    for path in paths:
        total += (folder / path).stat().st_size
        if total > MAX_TEXTS_BYTES:
            message = f"the texts of '{name}' have more than the {MAX_TEXTS_BYTES:,} bytes that nnspec reads"
            raise SpecError.of("limit", message, Span(Text(name)))
        yield read_text(folder / path, f"{name.rstrip('/')}/{path}")
