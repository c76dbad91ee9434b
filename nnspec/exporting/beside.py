"""Weights that stand in a file beside the model: protobuf takes no message of 2 GiB.

The file beside has its content's digest in its name, so that a model and the weights it names belong together whatever
moment the writer is stopped at: https://onnx.ai/onnx/repo-docs/ExternalData.html.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import onnx

from nnspec.files import sync, write_whole, writing

MOST_INSIDE = 1_900_000_000  # bytes of weights within the model's own file
SMALL = 4096  # bytes; smaller tensors stay in the model, which needs shapes and axes at once
ALIGNED = 4096  # so that a reader may map a tensor's pages
SUFFIX = ".data"


def is_large(model: onnx.ModelProto) -> bool:
    """Whether a model's weights have to stand beside it."""
    return sum(len(tensor.raw_data) for tensor in model.graph.initializer) > MOST_INSIDE


@contextmanager
def written_aside(model: onnx.ModelProto, path: Path) -> Iterator[Path]:
    """The model, its weights beside it, in a folder of its own next to `path`; `model` keeps only what is small.

    `move_in` puts both where they belong; otherwise nothing of them is left.
    """
    folder = path.parent / f".{path.name}.{os.getpid()}.beside"
    with writing(path):
        folder.mkdir()
    try:
        with writing(path):
            _write_weights(model, folder, path.stem)
        aside = folder / path.name
        write_whole(aside, model.SerializeToString(deterministic=True))
        yield aside
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def move_in(aside: Path, path: Path, model: bytes) -> None:
    """The weights beside the file, then the file; weights that an older one named are removed."""
    (weights,) = aside.parent.glob(f"*{SUFFIX}")
    with writing(path):
        weights.replace(path.parent / weights.name)
    write_whole(path, model)
    for older in path.parent.glob(f"{path.stem}.????????????{SUFFIX}"):
        if older.name != weights.name:
            older.unlink(missing_ok=True)


def size_of(path: Path) -> int:
    """Bytes of a model's file and of the weights beside it."""
    beside = path.parent.glob(f"{path.stem}.????????????{SUFFIX}")
    return path.stat().st_size + sum(weights.stat().st_size for weights in beside)


def _write_weights(model: onnx.ModelProto, folder: Path, stem: str) -> None:
    """Every large tensor into one file, whose name they take."""
    large = [tensor for tensor in model.graph.initializer if len(tensor.raw_data) > SMALL]
    digest, offset, started = hashlib.sha256(), 0, folder / "weights"
    places: list[tuple[int, int]] = []
    with started.open("wb") as file:
        for tensor in large:
            gap = -offset % ALIGNED
            for piece in (bytes(gap), tensor.raw_data):
                file.write(piece)
                digest.update(piece)
            places.append((offset + gap, len(tensor.raw_data)))
            offset += gap + len(tensor.raw_data)
            tensor.ClearField("raw_data")
    sync(started)
    name = f"{stem}.{digest.hexdigest()[:12]}{SUFFIX}"
    started.replace(folder / name)
    _name(large, places, name)


def _name(tensors: Sequence[onnx.TensorProto], places: Sequence[tuple[int, int]], name: str) -> None:
    for tensor, (offset, length) in zip(tensors, places, strict=True):
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", name), ("offset", offset), ("length", length)):
            tensor.external_data.add(key=key, value=str(value))
