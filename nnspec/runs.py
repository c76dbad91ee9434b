"""The run folder: every file name and format that a run leaves behind.

Stages meet here and nowhere else: training, export and runtime exchange these files, so each can run on another
machine.
"""

import hashlib
import io
import json
import os
import platform
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from itertools import count
from pathlib import Path
from typing import Any

from nnspec.diagnostics import SpecError
from nnspec.files import append_line, read_json, read_lines, read_text, write_json, write_lines, write_text
from nnspec.files import write_whole as write_whole
from nnspec.prepare.fitted import Preparation

RUNS = Path("runs")  # where run folders are made unless one is given

SPEC = "spec.json"  # the resolved spec: the long form of everything
SPEC_TEXT = "spec.txt"  # the spec as it was written
SOURCE = "net.py"  # the module's source, the text that was trained
WEIGHTS = "weights.safetensors"  # the best weights, by the module's state-dict names
PREPARATION = "preparation.json"  # what was learnt from the training rows
METRICS = "metrics.jsonl"  # one line an epoch
HEALTH = "health.jsonl"  # one line a look at the layers: activations, gradients, updates
LR_RANGE = "lr_range.json"  # the range test that found the learning rate: rate, loss and smoothed loss of each step
FINDINGS = "findings.jsonl"  # what went wrong, one line each as a diagnostic, with its epoch
RESULT = "result.json"  # final metrics of each part
ROW_WEIGHTS = "data.weight"  # among the kept arrays, beside inputs and outputs, whose names have no dot
EXAMPLES = "examples.npz"  # raw test rows and their targets, for the proof
DATA = "data.json"  # rows of each part, ranges of the columns, how many of each class
PREDICTIONS = "predictions.npz"  # answers beside targets on the rows held out, and a few raw rows to look at
REPORT = "report.html"
CHECKPOINTS = "checkpoints"  # a folder: the state of a training after so many steps
RECORD = "run.json"  # versions, seed, device, machine, times, command
FOLDS = "folds.json"  # of a cross-validation: each fold's result, means and deviations; the folds are runs below
MODEL = "model.onnx"
PROOF = "proof.json"

TRAINED = (SPEC, SOURCE, WEIGHTS, PREPARATION)  # what a run must have before it can be exported
PACKAGES = ("nnspec", "torch", "numpy", "onnx", "onnxruntime")  # their versions decide what a run gives
MAX_SLUG = 64

# What zipfile and numpy raise for a file that was cut off, altered, or is none of theirs.
_NO_ARCHIVE = (ValueError, EOFError, KeyError, RuntimeError, MemoryError)

Rows = Any  # a numpy.ndarray whose first axis counts examples


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder: its files by name, read and written whole."""

    path: Path

    def file(self, name: str) -> Path:
        """Where one of its files stands, by one of the names above."""
        return self.path / name

    def has(self, name: str) -> bool:
        return self.file(name).is_file()

    def spec(self) -> dict[str, Any]:
        """The resolved spec."""
        return read_json(self.file(SPEC))

    def write_spec(self, resolved: Mapping[str, Any]) -> None:
        write_json(self.file(SPEC), resolved)

    def spec_text(self) -> str:
        """The spec as it was written."""
        return read_text(self.file(SPEC_TEXT))

    def source(self) -> str:
        """The module's source."""
        return read_text(self.file(SOURCE))

    def write_source(self, text: str) -> None:
        write_text(self.file(SOURCE), text)

    def preparation(self) -> Preparation:
        """What was learnt from the training rows."""
        path = self.file(PREPARATION)
        value = read_json(path)
        try:
            return Preparation.from_json(value)
        except (KeyError, TypeError, ValueError, AttributeError, AssertionError) as error:
            raise SpecError.of("run-folder", f"{path} cannot be used: {error}") from None

    def write_preparation(self, preparation: Preparation) -> None:
        write_json(self.file(PREPARATION), preparation.as_json())

    def metrics(self) -> list[dict[str, Any]]:
        """What each epoch measured; empty before the first."""
        return read_lines(self.file(METRICS)) if self.has(METRICS) else []

    def add_metrics(self, line: Mapping[str, Any]) -> None:
        append_line(self.file(METRICS), line)

    def health(self) -> list[dict[str, Any]]:
        """What each look at the layers saw; empty before the first."""
        return read_lines(self.file(HEALTH)) if self.has(HEALTH) else []

    def add_health(self, line: Mapping[str, Any]) -> None:
        append_line(self.file(HEALTH), line)

    def write_lr_range(self, curve: Mapping[str, Any]) -> None:
        write_json(self.file(LR_RANGE), curve)

    def findings(self) -> list[dict[str, Any]]:
        """What was found to be wrong: diagnostics as `nnspec check --format json` gives them, each with its epoch."""
        return read_lines(self.file(FINDINGS)) if self.has(FINDINGS) else []

    def add_finding(self, line: Mapping[str, Any]) -> None:
        append_line(self.file(FINDINGS), line)

    def cut_back(self, epochs: int, steps: int) -> None:
        """Keep what was told until so many epochs and steps had come to their end: what came after comes again."""
        self._keep(METRICS, lambda line: line["epoch"] <= epochs)
        self._keep(HEALTH, lambda line: line["step"] <= steps)
        self._keep(FINDINGS, lambda line: line["epoch"] <= epochs)

    def _keep(self, name: str, stays: Callable[[dict[str, Any]], bool]) -> None:
        """The lines of a file that stay; one that was cut off in the writing goes."""
        if self.has(name):
            lines = read_lines(self.file(name))
            kept = [line for line in lines if stays(line)]
            if len(kept) < len(lines) or not read_text(self.file(name)).endswith("\n"):
                write_lines(self.file(name), kept)

    def checkpoint(self, steps: int) -> Path:
        """Where the state after so many steps stands."""
        return self.file(CHECKPOINTS) / f"{steps:012}.safetensors"

    def checkpoints(self) -> list[Path]:
        """All that are there, the last at the end."""
        return sorted(self.file(CHECKPOINTS).glob("[0-9]*.safetensors"))

    def result(self) -> dict[str, Any]:
        """Final metrics of each part."""
        return read_json(self.file(RESULT))

    def write_result(self, result: Mapping[str, Any]) -> None:
        write_json(self.file(RESULT), result)

    def data(self) -> dict[str, Any]:
        """What the data are: rows, ranges, classes."""
        return read_json(self.file(DATA))

    def write_data(self, data: Mapping[str, Any]) -> None:
        write_json(self.file(DATA), data)

    def predictions(self) -> dict[str, Rows]:
        """Answers beside targets, and the raw rows of a few, by names of which `training.predictions` tells."""
        return _read_arrays(self.file(PREDICTIONS))

    def write_predictions(self, arrays: Mapping[str, Rows]) -> None:
        write_whole(self.file(PREDICTIONS), _arrays_bytes(arrays))

    def record(self) -> dict[str, Any]:
        """Where and how it ran."""
        return read_json(self.file(RECORD))

    def write_record(self, record: Mapping[str, Any]) -> None:
        write_json(self.file(RECORD), record)

    def folds(self) -> dict[str, Any]:
        """What a cross-validation came to."""
        return read_json(self.file(FOLDS))

    def write_folds(self, found: Mapping[str, Any]) -> None:
        write_json(self.file(FOLDS), found)

    def proof(self) -> dict[str, Any]:
        """How far the exported file is from the trained module."""
        return read_json(self.file(PROOF))

    def write_proof(self, proof: Mapping[str, Any]) -> None:
        write_json(self.file(PROOF), proof)

    def examples(self) -> dict[str, Rows]:
        """Raw test rows and their targets, by column."""
        return _read_arrays(self.file(EXAMPLES))

    def write_examples(self, rows: Mapping[str, Rows]) -> None:
        write_whole(self.file(EXAMPLES), _arrays_bytes(rows))


def create(base: Path, name: str, resolved: Mapping[str, Any], *, text: str = "", folder: Path | None = None) -> Run:
    """A new run folder that holds its spec: `base/NAME/TIME-HASH`, or the folder given.

    A folder given must be absent or empty: nothing that was trained is ever written over.
    """
    try:
        path = _given_folder(folder) if folder else _new_folder(base / slug(name), _digest(resolved))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SpecError.of("run-folder", f"cannot make {error.filename or folder or base}: {reason}") from None
    except ValueError as error:  # a NUL character
        raise SpecError.of("run-folder", f"cannot make {str(folder or base)!r}: {error}") from None
    run = Run(path)
    write_text(run.file(SPEC_TEXT), text)
    write_json(run.file(SPEC), resolved)
    return run


def open_run(path: Path, needs: Iterable[str] = TRAINED) -> Run:
    """The run in a folder, which must have the files that are needed; by default those of a finished training."""
    run = Run(path)
    if not path.is_dir():
        fault = f"{path} is a file, not a run folder" if path.exists() else f"there is no run folder {path}"
        raise SpecError.of("run-folder", fault, help="`nnspec train` makes one and says its name")
    if not run.has(SPEC):
        raise SpecError.of("run-folder", f"{path} is not a run: it has no {SPEC}", help=_runs_below(path))
    run.spec()
    missing = [name for name in needs if not run.has(name)]
    if missing and run.has(FOLDS):
        message = f"{path} is a cross-validation, whose folds are runs of their own"
        raise SpecError.of("run-folder", message, help=f"name one of them: {path / fold_name(1)}")
    if missing:
        raise SpecError.of(
            "run-folder",
            f"the run {path} has no {' and no '.join(missing)}",
            help="its training did not come to its end: train again",
        )
    return run


def fold_name(number: int) -> str:
    """The folder of a cross-validation's fold, counted from 1."""
    return f"fold-{number}"


def environment() -> dict[str, Any]:
    """Versions and machine, as far as they decide a run's numbers. No names of people, machines or folders."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "versions": {package: _version(package) for package in PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _given_folder(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        return folder
    if (folder / SPEC).is_file():
        raise SpecError.of(
            "run-folder", f"{folder} holds a run already", help="give another folder, or remove this one first"
        )
    raise SpecError.of("run-folder", f"{folder} is not empty", help="give a folder that is empty or not there yet")


def _new_folder(parent: Path, digest: str) -> Path:
    """A folder that nobody else has: runs may begin in the same second."""
    parent.mkdir(parents=True, exist_ok=True)
    first = f"{datetime.now():%Y%m%d-%H%M%S}-{digest}"
    for number in count(1):
        path = parent / (first if number == 1 else f"{first}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise AssertionError("count has no end")


def slug(name: str) -> str:
    """A name as a folder's: no separators, no dot in front."""
    return re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII)[:MAX_SLUG].strip(".-") or "net"


def _digest(resolved: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(resolved, sort_keys=True).encode()).hexdigest()[:8]


def _runs_below(path: Path) -> str:
    found = sorted(spec.parent for spec in path.glob(f"*/{SPEC}"))
    return f"the latest run below it is {found[-1]}" if found else "`nnspec train` makes one and says its name"


def _arrays_bytes(rows: Mapping[str, Rows]) -> bytes:
    """An .npz archive. `numpy.savez` takes names as keywords, so a column called `file` would break it."""
    # numpy takes 0.1 s to import, and most that is done with a run needs none of it.
    import numpy as np

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, array in rows.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # without the time: equal rows give equal files
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, _plain(array), allow_pickle=False)
    return data.getvalue()


def _plain(array: Rows) -> Rows:
    """An array that needs no pickle: texts get a fixed width, a missing one is empty."""
    import numpy as np

    array = np.asarray(array)
    if array.dtype != object:
        return array
    assert all(item is None or isinstance(item, str) for item in array.flat), "columns hold numbers or texts"
    return np.array(["" if item is None else item for item in array.flat], dtype=str).reshape(array.shape)


def _read_arrays(path: Path) -> dict[str, Rows]:
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy"): _read_array(archive, name) for name in archive.namelist()}
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SpecError.of("run-folder", f"cannot read {path}: {reason}") from None
    except (*_NO_ARCHIVE, zipfile.BadZipFile, zlib.error) as error:
        raise SpecError.of("run-folder", f"{path} is not a whole archive of arrays: {error}") from None


def _read_array(archive: zipfile.ZipFile, name: str) -> Rows:
    import numpy as np

    with archive.open(name) as member:
        return np.lib.format.read_array(member, allow_pickle=False)
