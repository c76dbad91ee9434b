"""Memory and disk: what cannot fit is refused before any of it is made; a step that runs out ends in a message."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch

from nnspec.diagnostics import Note, Span, SpecError, Text
from nnspec.graph import Graph
from nnspec.graph.cost import cost, human, human_bytes
from nnspec.shapes import bind
from nnspec.spec.amounts import BYTES_FORM, amount
from nnspec.spec.spec import Spec

# What torch says where an allocation fails outside a GPU's own allocator, which has an error type of its own.
REFUSALS = ("can't allocate memory", "Storage size calculation overflowed", "not enough memory")

FITTING = 0.8  # of the memory that a step may take, by reckoning, to be said to fit
LIBRARIES = 700 * 10**6  # bytes that Python with torch and polars takes before it has read anything
LEAST_ROOM = 64 * 10**6


def check_memory(spec: Spec, graph: Graph, device: torch.device) -> None:
    """Refuse a network whose weights, gradients and optimizer state are more than the device's whole memory."""
    there = memory_of(device)
    found = cost(graph, spec.optimizer)
    needed = found.weights + found.gradients + found.state
    if there is None or needed <= there:
        return
    name = max(found.layers, key=lambda layer: found.layers[layer].parameters)
    vertex, most = graph.vertices[name], found.layers[name].parameters
    raise SpecError.of(
        "limit",
        f"training {human(found.parameters)} parameters takes {human_bytes(needed)} with gradients and the optimizer's "
        f"state, and {device} has {human_bytes(there)}",
        vertex.span,
        notes=[Note("most", f"{human(most)} of them are {vertex.kind} {name}'s")],
        help="give it fewer features, or bring its input down before",
    )


def choose_room(spec: Spec, asked: str | None) -> int | None:
    """Bytes that inputs may take: what the command line or else the spec allows, or half of the machine.

    Of what the whole process may take, the libraries take their share. None where the system does not tell.
    """
    allowed: int | None = (memory_of(torch.device("cpu")) or 0) // 2 or None
    if asked is not None:
        if not re.match(BYTES_FORM, asked):
            span = Span(Text("command line", (f"--memory {asked}",)), 1, 10, 1, 10 + len(asked))
            message = f"memory is a number of bytes with a unit, got {asked!r}"
            raise SpecError.of("wrong-value", message, span, help="as in --memory 4GB")
        allowed = int(amount(asked))
    elif spec.data and spec.data.memory is not None:
        allowed = int(amount(spec.data.memory))
    return None if allowed is None else max(allowed - LIBRARIES, LEAST_ROOM)


def memory_of(device: torch.device) -> int | None:
    """A device's whole memory in bytes, where the system tells."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def fitting_rows(
    spec: Spec, graph: Graph, lengths: Mapping[str, int], device: torch.device, share: float
) -> int | None:
    """How many examples a step can take, by reckoning, in so much of the memory; None where that is not known."""
    there, per_example = memory_of(device), bind(cost(graph).activations, lengths)
    if there is None or not isinstance(per_example, int) or not per_example:
        return None
    kept = cost(graph, spec.optimizer)
    return max(int((there * share - kept.weights - kept.gradients - kept.state) / per_example), 0)


def check_disk(spec: Spec, graph: Graph, folder: Path) -> None:
    """Refuse to begin where the disk has no room for the weights and the states that are kept."""
    found = cost(graph, spec.optimizer)
    states = spec.train.checkpoint.keep + 1  # the one that is written beside those that are kept
    needed = 2 * found.weights + states * (2 * found.weights + found.state)
    there = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise SpecError.of(
            "run-folder",
            f"{folder} stands on a disk with {human_bytes(free)} free, and this training keeps up to "
            f"{human_bytes(needed)}: weights, the exported file, and {states} states to go on from",
            help="free some, or give a folder on another disk: --run DIR",
        )


@contextmanager
def exhaustion_told(spec: Spec, graph: Graph, lengths: Mapping[str, int], device: torch.device) -> Iterator[None]:
    """A step that runs out of memory as one message, with the layer where that was and a batch that would fit."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and not any(text in str(error) for text in REFUSALS):
            raise
        raise SpecError.of(
            "limit",
            f"a step on a batch of {spec.train.batch_size} takes more memory than there is",
            spec.span_of("train", "batch_size"),
            notes=[Note("where", note) for note in getattr(error, "__notes__", ())],
            help=_smaller(spec, fitting_rows(spec, graph, lengths, device, FITTING)),
        ) from error


def _smaller(spec: Spec, rows: int | None) -> str:
    """The way out: the largest power of two that fits by reckoning, where that is smaller."""
    halves = "`accumulate: 2` takes the same step in two halves"
    size = 2 ** (rows.bit_length() - 1) if rows else 0
    if not size or (isinstance(spec.train.batch_size, int) and size >= spec.train.batch_size):
        return f"a smaller `train: {{batch_size: ...}}` takes less; {halves}"
    return f"by reckoning `train: {{batch_size: {size}}}` fits; {halves}"
