"""A dataset that Hugging Face's `datasets` saved with `save_to_disk`: Arrow streams, read by polars. Nothing is loaded
from anywhere else."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from nnspec.diagnostics import Span, SpecError, Text
from nnspec.tables.frames import FrameColumns, asked, find_polars
from nnspec.tables.table import Table

STATE, INFO, PARTS = "state.json", "dataset_info.json", "dataset_dict.json"
MAX_JSON_BYTES = 10_000_000


def is_saved(folder: Path) -> bool:
    return (folder / STATE).is_file() or (folder / PARTS).is_file()


def read_saved(folder: Path, name: str, place: Span) -> Table:
    """The dataset's table, the classes of a ClassLabel by their names."""
    if (folder / PARTS).is_file():
        listed = ", ".join(f"`{part}: {name.rstrip('/')}/{part}`" for part in _listed(folder, name, PARTS, "splits"))
        message = f"'{name}' holds several datasets"
        raise SpecError.of("data-file", message, place, help=f"name them one by one: {listed}")
    polars = find_polars(f"'{name}'", place)
    files = [folder / Path(entry["filename"]).name for entry in _listed(folder, name, STATE, "_data_files")]
    frames = [asked(partial(polars.read_ipc_stream, file), name) for file in files]
    if not frames or not sum(frame.height for frame in frames):
        raise SpecError.of("data-file", f"the dataset '{name}' has no rows", place)
    frame = polars.concat(frames)
    for column, classes in _classes(folder, name).items():
        texts = polars.Series(classes, dtype=polars.String)
        codes = asked(partial(frame.get_column, column), name)
        frame = frame.with_columns(asked(partial(texts.gather, codes), name).alias(column))
    return Table(name, FrameColumns(frame, name, frame.height))


def _classes(folder: Path, name: str) -> Mapping[str, list[str]]:
    features = _read_json(folder, name, INFO).get("features")
    found = features.items() if isinstance(features, dict) else ()
    return {
        column: [str(label) for label in feature["names"]]
        for column, feature in found
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list)
    }


def _listed(folder: Path, name: str, file: str, key: str) -> list[Any]:
    found = _read_json(folder, name, file).get(key)
    if not isinstance(found, list):
        raise SpecError.of("data-file", f"the file lists no `{key}`", Span(Text(f"{name.rstrip('/')}/{file}")))
    return found


def _read_json(folder: Path, name: str, file: str) -> dict[str, Any]:
    path, span = folder / file, Span(Text(f"{name.rstrip('/')}/{file}"))
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise SpecError.of("limit", f"the file has more than {MAX_JSON_BYTES:,} bytes", span)
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SpecError.of("data-file", f"the file cannot be read: {str(error)[:100]}", span) from None
    return found if isinstance(found, dict) else {}
