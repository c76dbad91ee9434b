"""Where a training runs. Everything is float32; what torch does with TF32 on a GPU is left as torch has it.

torch multiplies matrices in full float32, and lets cuDNN's convolutions use TF32, unless told otherwise.
"""

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from nnspec.diagnostics import Note, Span, SpecError, Text, did_you_mean
from nnspec.spec.spec import Spec

SERIAL_MACS = 4_000_000  # multiply-accumulates of a step forward; sharing fewer costs threads more than it gains

# Of malloc.h; the threshold is the largest that glibc takes.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, LARGEST_KEPT = -1, -3, 32 * 2**20

SUBNORMAL = 2.0**-1060
LARGEST_SEED = 2**63 - 1  # that torch's generators take
KNOWN = ("auto", "cpu", "cuda", "mps")


def choose_device(spec: Spec, asked: str | None = None) -> torch.device:
    """The device that was asked for on the command line or else in the spec; SpecError where it is not there."""
    if asked is None:
        return _device(spec.train.device, spec.span_of("train", "device"))
    return _device(asked, _typed("--device", asked))


def choose_seed(spec: Spec, asked: int | None = None) -> int:
    """The seed that was asked for on the command line or else in the spec."""
    if asked is None:
        return spec.train.seed
    if not 0 <= asked <= LARGEST_SEED:
        message = f"seed must be a whole number from 0 to {LARGEST_SEED}, got {asked}"
        raise SpecError.of("wrong-value", message, _typed("--seed", str(asked)))
    return asked


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Numbers too small for float32's normal form count as 0: with them a step can take ten times as long.

    The processor does so for the whole thread, so the caller gets its own way back.
    """
    before = not torch.tensor(SUBNORMAL, dtype=torch.float64).mul(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


@contextmanager
def suitable_threads(macs: int, asked: int | None = None) -> Iterator[None]:
    """One thread for small steps: where other programs keep the processors busy, waiting for a second takes longest.

    With as many threads as another training had (`asked`) sums are the same to the last bit.
    """
    before = torch.get_num_threads()
    if asked or macs < SERIAL_MACS:
        torch.set_num_threads(asked or 1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def has_bf16(device: torch.device) -> bool:
    """Whether a device multiplies bfloat16 in units of its own: AMX or AVX512-BF16, or those of a GPU."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    asked = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return device.type == "cpu" and any(getattr(torch.cpu, name, bool)() for name in asked)


def keep_heap() -> bool:
    """Let the C library keep the memory of tensors up to 32 MiB for the next ones; whether it does.

    It would give each back to the system, which hands it out again page by page, filled with zeros. For glibc alone.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT) and mallopt(M_TRIM_THRESHOLD, 2**31 - 1))


def device_name(device: torch.device) -> str:
    """What the device is called: `cpu`, `cuda:0 (NVIDIA A100)`."""
    if device.type != "cuda":
        return str(device)
    return f"{device} ({torch.cuda.get_device_name(device)})"


def _typed(option: str, value: str) -> Span:
    """Where a value stands on the command line."""
    text, column = Text("command line", (f"{option} {value}",)), len(option) + 2
    return Span(text, 1, column, 1, column + len(value))


def _device(asked: str, span: Span) -> torch.device:
    found = re.fullmatch(r"(auto|cpu|cuda|mps)|cuda:(\d{1,3})", asked)
    if not found:
        near = (
            did_you_mean(asked.replace("gpu", "cuda"), KNOWN)
            or "a device is auto, cpu, cuda, cuda:0, cuda:1, …, or mps"
        )
        raise SpecError.of("device", f"no device is named '{asked}'", span, help=near)
    if asked == "cpu":
        return torch.device("cpu")
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked == "auto":
        return _automatic(gpus)
    if asked == "mps":
        if torch.backends.mps.is_available():
            return torch.device("mps")
        raise _absent("mps is not there: PyTorch finds no Apple GPU", span)
    index = int(found[2] or 0)
    if index < gpus:
        return torch.device("cuda", index)
    if gpus:
        there = "its only one is cuda:0" if gpus == 1 else f"its last one is cuda:{gpus - 1}"
        raise _absent(f"{asked} is not there: this machine has {gpus} GPU{'s' * (gpus > 1)}, {there}", span)
    raise _absent(f"{asked} is not there: PyTorch finds no NVIDIA GPU", span)


def _automatic(gpus: int) -> torch.device:
    if gpus:
        return torch.device("cuda", 0)
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _absent(message: str, span: Span) -> SpecError:
    built = "without CUDA" if torch.version.cuda is None else f"for CUDA {torch.version.cuda}"
    note = Note("torch", f"{torch.__version__}, built {built}")
    return SpecError.of("device", message, span, notes=[note], help="`auto` takes a GPU where there is one")
