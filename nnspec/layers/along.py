"""What a layer's output sees of its input, axis by axis: the receptive field of a whole network follows from it."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from nnspec.shapes import Dim, Tensor, format_sizes

AXIS_NAMES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


@dataclass(frozen=True, slots=True)
class Along:
    """An axis of the output that runs along one of the input's.

    Its position i sees `kernel` positions there, `dilation` apart, the first of them at i * stride - before.
    """

    axis: int  # of the input, the batch being axis 0
    kernel: int = 1
    stride: Fraction | int = 1
    dilation: int = 1
    before: int = 0
    past: bool = False  # and all positions before these


# For each axis of the output after the batch; None for one that runs along none. What of the input no axis runs along
# is seen as a whole.
Sees = tuple[Along | None, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """A window on one axis, with the padding on both sides of the axis."""

    kernel: int
    stride: int
    dilation: int
    before: int
    after: int


def same_places(x: Tensor, without: Container[int] = ()) -> Sees:
    """Each position sees its own, but for some axes that each of their positions sees as a whole."""
    return tuple(None if axis in without else Along(axis) for axis in range(1, x.rank))


def stretched_places(x: Tensor, *others: Tensor) -> Sees:
    """Each position sees its own of every input, but along axes that are stretched for one of them."""
    return same_places(x, {axis for axis in range(1, x.rank) if any(y.shape[axis] != x.shape[axis] for y in others)})


def through_windows(windows: Iterable[Window], *, channels: bool) -> Sees:
    """Windows on the axes after the channels; each channel apart, or all `channels` in each."""
    axes = (
        Along(axis, window.kernel, window.stride, window.dilation, window.before)
        for axis, window in enumerate(windows, start=2)
    )
    return (None if channels else Along(1), *axes)


def window_sizes(
    x: Tensor, result: Tensor, windows: Sequence[Window], *, ceil_mode: bool = False
) -> list[tuple[str, str]]:
    """`height`, `floor((8 + 2·1 - 1·(3 - 1) - 1) / 1) + 1 = 8`; axes with the same numbers on one line."""
    names: dict[str, list[str]] = {}
    axes = zip(AXIS_NAMES.get(len(windows), ()), x.spatial, windows, result.spatial, strict=False)
    for name, size, window, after in axes:
        names.setdefault(_arithmetic(size, window, after, ceil_mode=ceil_mode), []).append(name)
    return [(", ".join(axes), line) for line, axes in names.items()]


def _arithmetic(size: Dim, window: Window, result: Dim, *, ceil_mode: bool) -> str:
    padding = f"2·{window.before}" if window.before == window.after else f"{window.before} + {window.after}"
    reach = f"{window.dilation}·({window.kernel} - 1)"
    inner = f"({format_sizes([size])} + {padding} - {reach} - 1) / {window.stride}"
    less = ""
    if ceil_mode and isinstance(size, int) and isinstance(result, int):
        room = size + window.before + window.after - window.dilation * (window.kernel - 1) - 1
        less = " - 1" if -(-room // window.stride) + 1 > result else ""  # no window starts beyond the input
    return f"{'ceil' if ceil_mode else 'floor'}({inner}) + 1{less} = {format_sizes([result])}"
