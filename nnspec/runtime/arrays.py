"""What a model's input takes, and whether an array is that. Told before onnxruntime sees it, in the reader's words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnspec.diagnostics import SpecError

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Slot:
    """An input or an output of the file. A size that is a text, or None, is known only when it runs."""

    name: str
    dtype: str
    shape: tuple[int | str | None, ...]

    def __str__(self) -> str:
        return f"{self.dtype} ({', '.join('?' if size is None else str(size) for size in self.shape)})"


def checked_array(slot: Slot, given: Any) -> Array:
    """An array as an input takes it. Numbers are cast only where nothing is lost but precision."""
    array = np.asarray(given)
    if slot.dtype == "string":
        array = _texts(slot, array)
    else:
        array = _numbers(slot, array)
    fits = array.ndim == len(slot.shape) and all(
        not isinstance(size, int) or size == length for size, length in zip(slot.shape, array.shape, strict=True)
    )
    if not fits:
        raise SpecError.of("data-shape", f"the input {slot.name} takes {slot}, got the shape {array.shape}")
    return np.ascontiguousarray(array)


def _texts(slot: Slot, array: Array) -> Array:
    if array.dtype.kind == "U":
        return array.astype(object)
    if array.dtype.kind == "O" and all(isinstance(value, str) for value in array.flat):
        return array
    raise SpecError.of("data-value", f"the input {slot.name} takes text, got {_kind(array)}")


def _numbers(slot: Slot, array: Array) -> Array:
    wanted = np.dtype(slot.dtype)
    if array.dtype == wanted:
        return array
    kinds = "fiub" if wanted.kind == "f" else "iub" if wanted.kind in "iu" else "b"
    if array.dtype.kind not in kinds:
        raise SpecError.of(
            "data-value", f"the input {slot.name} takes {slot.dtype}, got {_kind(array)}", help=_way_out(wanted, array)
        )
    if wanted.kind in "iu" and array.size and not _in_range(array, wanted):
        raise SpecError.of("data-value", f"the input {slot.name} takes {slot.dtype}, and a value is out of its range")
    if wanted.kind == "f" and beyond(array, slot.dtype).any():
        raise SpecError.of("data-value", f"the input {slot.name} takes {slot.dtype}, and a value is too large for it")
    return array.astype(wanted)


def beyond(array: Array, dtype: str) -> Array:
    """Where a finite number is too large for a type of real numbers."""
    with np.errstate(over="ignore"):
        found: Array = np.isfinite(array) & ~np.isfinite(array.astype(dtype))
        return found


def _in_range(array: Array, wanted: np.dtype[Any]) -> bool:
    limits = np.iinfo(wanted)
    return int(array.min()) >= limits.min and int(array.max()) <= limits.max


def _way_out(wanted: np.dtype[Any], array: Array) -> str:
    if wanted.kind in "iu" and array.dtype.kind == "f":
        return "whole numbers are indices: round them where they are made, so that nothing is cut off unseen"
    return ""


def _kind(array: Array) -> str:
    if array.dtype.kind == "O":
        found = sorted({type(value).__name__ for value in array.flat})
        return f"objects of type {', '.join(found)}"
    return {"U": "text", "S": "bytes"}.get(array.dtype.kind, str(array.dtype))


def check_lengths(slots: Mapping[str, Slot], arrays: Mapping[str, Array]) -> None:
    """A length of one name is the same wherever it stands."""
    seen: dict[str, tuple[str, int]] = {}
    for name, slot in slots.items():
        for size, length in zip(slot.shape, arrays[name].shape, strict=True):
            if not isinstance(size, str):
                continue
            first, known = seen.setdefault(size, (name, length))
            if known != length:
                raise SpecError.of(
                    "data-shape",
                    f"the length {size} is {known} in the input {first} and {length} in {name}",
                    help="it is one length: give every input as much of it",
                )
