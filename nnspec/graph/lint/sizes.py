"""The lint of tensors that no machine holds."""

from collections.abc import Iterator

from nnspec.diagnostics import Diagnostic
from nnspec.graph.graph import Graph
from nnspec.graph.lint.walk import warning
from nnspec.graph.sizes import SMALLER, held
from nnspec.spec import Spec

HUGE = 2**40  # bytes: one tensor as large as several of the largest GPUs


def huge_tensor(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """One tensor of more than a tebibyte, for one example.

    It is nearly always a slip in a factor or a size; training refuses what its own device has no room for.
    """
    told = set()
    for tensor in held(graph):
        if tensor.size > HUGE and tensor.vertex.name not in told:
            told.add(tensor.vertex.name)
            yield warning("huge-tensor", f"{tensor}, more than any device has", tensor.vertex.span, help=SMALLER)
