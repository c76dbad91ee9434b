"""The state of a training as a file: tensors as safetensors, the rest as JSON in its header. Nothing in it is code.

The header holds a SHA-256 of the whole file, counted with zeros in its own place.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from nnspec.diagnostics import SpecError
from nnspec.files import write_whole

LENGTH_BYTES = 8  # of the header, in front of it
UNSIGNED = "0" * 64
TENSOR, TUPLE, PAIRS = "$tensor", "$tuple", "$pairs"  # what JSON has no form for
State = dict[str, Any]


def save(path: Path, state: Mapping[str, Any]) -> None:
    """Write a state: numbers, texts, tensors, and what dicts, lists and tuples hold of them."""
    tensors: dict[str, torch.Tensor] = {}
    text = json.dumps(_plain(state, tensors))
    data = safetensors.torch.save(tensors, {"state": text, "sha256": UNSIGNED})
    digest = hashlib.sha256(data).hexdigest()
    write_whole(path, data.replace(_signature(UNSIGNED), _signature(digest), 1))


def read(path: Path) -> State:
    """The state in a file, with tensors in main memory; SpecError where the file is not as it was written."""
    try:
        data = path.read_bytes()
        length = int.from_bytes(data[:LENGTH_BYTES], "little")
        metadata = json.loads(data[LENGTH_BYTES : LENGTH_BYTES + length])["__metadata__"]
        unsigned = data.replace(_signature(metadata["sha256"]), _signature(UNSIGNED), 1)
        if hashlib.sha256(unsigned).hexdigest() != metadata["sha256"]:
            raise ValueError("it was changed or cut off")
        state = _whole(json.loads(metadata["state"]), safetensors.torch.load(data))
        assert isinstance(state, dict)
        return state
    except OSError as error:
        raise unusable(path, (error.strerror or str(error)).lower()) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, safetensors.SafetensorError):
        raise unusable(path, "it is not as it was written") from None


def unusable(path: Path, reason: str) -> SpecError:
    """The error of a checkpoint that cannot be gone on from."""
    before = sorted(other for other in path.parent.glob(f"*{path.suffix}") if other.name < path.name)
    way = f"remove it to go on from {before[-1].name}" if before else "remove it to begin the training anew"
    return SpecError.of("run-folder", f"the checkpoint {path} cannot be used: {reason}", help=way)


def _signature(digest: str) -> bytes:
    # Within the state, which is text in the header, each quote has a backslash before it: this stands there once.
    return f'"sha256":"{digest}"'.encode()


def _plain(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """A value as JSON has it; its tensors go to `tensors`."""
    if isinstance(value, torch.Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().cpu().contiguous().clone()
        return {TENSOR: name}
    if isinstance(value, tuple):
        return {TUPLE: [_plain(item, tensors) for item in value]}
    if isinstance(value, list):
        return [_plain(item, tensors) for item in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(item, tensors) for key, item in value.items()}
    if isinstance(value, Mapping):
        return {PAIRS: [[_plain(key, tensors), _plain(item, tensors)] for key, item in value.items()]}
    assert value is None or isinstance(value, bool | int | float | str), f"no state: {type(value)}"
    return value


def _whole(value: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    """The value that `_plain` was given."""
    if isinstance(value, list):
        return [_whole(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if TENSOR in value:
        return tensors[value[TENSOR]]
    if TUPLE in value:
        return tuple(_whole(item, tensors) for item in value[TUPLE])
    if PAIRS in value:
        return {_whole(key, tensors): _whole(item, tensors) for key, item in value[PAIRS]}
    return {key: _whole(item, tensors) for key, item in value.items()}
