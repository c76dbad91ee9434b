"""The lint of windows that stop short of the edge."""

from collections.abc import Iterator, Sequence
from typing import Any

from nnspec.diagnostics import Diagnostic
from nnspec.graph.graph import Graph, Vertex
from nnspec.graph.lint.walk import title, warning
from nnspec.layers.conv import conv_output_size
from nnspec.layers.fields import per_axis
from nnspec.shapes import format_sizes
from nnspec.spec import Spec

AXES = {1: ("position",), 2: ("row", "column"), 3: ("slice", "row", "column")}
POOLS = {f"{pool}{axes}d": names for pool in ("MaxPool", "AvgPool") for axes, names in AXES.items()}
WINDOWS = {f"Conv{axes}d": names for axes, names in AXES.items()} | POOLS
MAX_PADDING = 16  # the largest that a message proposes


def border(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """Windows that leave out the last rows or columns of an input of known size.

    The size after a window is rounded down, floor((size + 2p - k) / s) + 1, so what is left over at the end is never
    looked at. Dumoulin & Visin, A guide to convolution arithmetic for deep learning, 2016, 2.4. A window smaller than
    its stride leaves out positions on purpose, everywhere, and is let be: the 1×1 convolution of a residual network.
    """
    for vertex in graph:
        lost = _lost(vertex) if vertex.kind in WINDOWS else []
        if any(lost):
            seen = [size - short for size, short in zip(vertex.arrives[0].spatial, lost, strict=True)]
            yield warning(
                "border",
                f"{title(vertex)} never looks at {_listed(vertex.kind, lost)} of its input: "
                f"its windows end at {format_sizes(seen)} of {format_sizes(vertex.arrives[0].spatial)}",
                vertex.span,
                help=_way_out(vertex),
            )


def _lost(vertex: Vertex) -> list[int]:
    """How many positions at the end of each axis no window reaches."""
    axes = len(WINDOWS[vertex.kind])
    sizes = zip(vertex.arrives[0].spatial, vertex.gives[0].spatial, *_windows(vertex.layer, axes), strict=True)
    return [_short_of(*axis) for axis in sizes]


def _short_of(size: Any, windows: Any, kernel: int, stride: int, padding: int, dilation: int) -> int:
    reach = dilation * (kernel - 1) + 1
    if not isinstance(size, int) or not isinstance(windows, int) or reach < stride:
        return 0
    return max(0, size + padding - ((windows - 1) * stride + reach))


def _windows(layer: Any, axes: int) -> list[tuple[int, ...]]:
    """Kernel, stride, padding and dilation, one number for each axis."""
    stride = layer.kernel_size if layer.stride is None else layer.stride
    padding = 0 if isinstance(layer.padding, str) else layer.padding  # `same` goes with stride 1, which leaves none
    return [per_axis(value, axes) for value in (layer.kernel_size, stride, padding, getattr(layer, "dilation", 1))]


def _listed(kind: str, lost: Sequence[int]) -> str:
    """`the last row and the last 2 columns`."""
    parts = zip(WINDOWS[kind], lost, strict=True)
    return " and ".join(f"the last {f'{n} {axis}s' if n > 1 else axis}" for axis, n in parts if n)


def _way_out(vertex: Vertex) -> str:
    if vertex.kind in POOLS:
        return "`ceil_mode: true` lets a last window reach over the edge"
    sizes, axes = vertex.arrives[0].spatial, len(WINDOWS[vertex.kind])
    kernels, strides, _, dilations = _windows(vertex.layer, axes)
    for padding in range(1, min(max(kernels) // 2, MAX_PADDING) + 1):
        padded = zip(sizes, kernels, strides, [padding] * axes, dilations, strict=True)
        if not any(_short_of(size, conv_output_size(size, *window), *window) for size, *window in padded):
            return f"`padding: {padding}` reaches the edge"
    return "another stride, or an input of another size, reaches the edge"
