"""What a safetensors file says that it holds: its header, read with bounds, and none of its numbers."""

import json
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from nnspec.diagnostics import Span, SpecError, did_you_mean
from nnspec.spec.reach import shown

MAX_HEADER = 32_000_000  # bytes; 100,000 tensors need a third of it
MAX_TENSORS = 200_000
MAX_RANK = 64
LENGTH_BYTES = 8  # of the header, in front of it
DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
PICKLES = (".pt", ".pth", ".bin", ".pkl", ".pickle", ".ckpt")
PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
CONVERT = (
    "convert it where you trust it: state = torch.load(FILE, weights_only=True); "
    'safetensors.torch.save_file(state, "weights.safetensors")'
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor as a file or a network has it."""

    shape: tuple[int, ...]
    dtype: str

    def __str__(self) -> str:
        return f"{self.dtype} ({', '.join(map(str, self.shape))})"


def read_header(path: Path, name: str, span: Span) -> dict[str, Stored]:
    """The tensors of a file by name; SpecError at the span where it is no whole safetensors file."""
    if path.suffix.lower() in PICKLES:
        raise _fault(name, "a pickle can run code when it is read", span, CONVERT)
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise _fault(name, "it is not a file", span)
            start, first = file.read(LENGTH_BYTES), file.peek(1)[:1]
            length = int.from_bytes(start, "little")
            if start.startswith(PICKLE_STARTS) and first != b"{":
                raise _fault(name, "it is a pickle, which can run code when it is read", span, CONVERT)
            if len(start) < LENGTH_BYTES or length > found.st_size - LENGTH_BYTES:
                raise _fault(name, "it is not a whole safetensors file", span)
            if length > MAX_HEADER:
                raise SpecError.of("limit", f"the header of {shown(name)} is longer than {MAX_HEADER:,} bytes", span)
            header = file.read(length)
    except OSError as error:
        raise _fault(name, (error.strerror or str(error)).lower(), span, _near(path)) from None
    return _tensors(header, found.st_size - LENGTH_BYTES - length, name, span)


def _without_waiting(path: str, flags: int) -> int:
    """A pipe is opened at once, and then refused; without this it would be waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _tensors(header: bytes, size: int, name: str, span: Span) -> dict[str, Stored]:
    try:
        values = json.loads(header.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        reason = "its header is not JSON" if isinstance(error, RecursionError | json.JSONDecodeError) else str(error)
        raise _fault(name, f"it is not a whole safetensors file: {reason}", span) from None
    if not isinstance(values, dict) or len(values) > MAX_TENSORS:
        raise _fault(name, "it is not a whole safetensors file: its header lists no tensors", span)
    values.pop("__metadata__", None)
    found = {key: _stored(value, size) for key, value in values.items()}
    broken = next((key for key, value in found.items() if value is None), None)
    if broken is not None:
        raise _fault(name, f"it is not a whole safetensors file: {shown(broken)} does not stand in it", span)
    return {key: value for key, value in found.items() if value}


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in its header")
    return found


def _stored(value: Any, size: int) -> Stored | None:
    """One tensor of the header; None where it is none, or reaches past the end of the file."""
    if not isinstance(value, Mapping):
        return None
    dtype, shape, offsets = (value.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not isinstance(dtype, str) or not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2:
        return None
    if offsets[0] > offsets[1] or offsets[1] > size or len(shape) > MAX_RANK:
        return None
    return Stored(tuple(shape), DTYPES.get(dtype, dtype))


def _are_sizes(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**63 for item in value)


def _near(path: Path) -> str:
    """A file of nearly this name beside it."""
    try:
        there = [entry.name for entry in os.scandir(path.parent)] if not path.exists() else []
    except OSError:
        return ""
    return did_you_mean(path.name, there)


def _fault(name: str, reason: str, span: Span, help: str = "") -> SpecError:
    return SpecError.of("weights-file", f"the weights {shown(name)} cannot be read: {reason}", span, help=help)
