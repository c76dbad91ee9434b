"""Memory: a network that cannot fit is refused before any of it is made; one that runs out ends in a message."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from nnspec.diagnostics import Note, SpecError
from nnspec.graph import Graph
from nnspec.graph.cost import cost, human, human_bytes
from nnspec.spec.spec import Spec

# What torch says where an allocation fails outside a GPU's own allocator, which has an error type of its own.
REFUSALS = ("can't allocate memory", "Storage size calculation overflowed", "not enough memory")


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


def memory_of(device: torch.device) -> int | None:
    """A device's whole memory in bytes, where the system tells."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


@contextmanager
def exhaustion_told(spec: Spec) -> Iterator[None]:
    """A step that runs out of memory as one message, with the layer where that was."""
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
            help="a smaller `train: {batch_size: ...}` takes less",
        ) from error
