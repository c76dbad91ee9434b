"""What convolution and pooling share: a window that slides over the axes after the channels."""

from collections.abc import Mapping, Sequence

from nnspec.layers.fields import per_axis
from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.shapes import Dim, ShapeError, Tensor, format_sizes, part_of

Sizes = int | tuple[int, ...]
Pads = Sequence[tuple[int, int]]  # before and after each axis that follows the channels

END = 2**63 - 1  # as far as an axis goes
ONNX_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge"}


def needs_room(x: Tensor, kernel_size: Sizes, *, padding: Sizes, dilation: Sizes, sizes: Sequence[Dim]) -> None:
    """Refuse an input on which the window finds no place: one of the output's `sizes` is below 1."""
    axes = len(sizes)
    kernels, pads, dilations = (per_axis(value, axes) for value in (kernel_size, padding, dilation))
    padded = [size + 2 * pad for size, pad in zip(x.spatial, pads, strict=True)]
    for size, room, kernel, step in zip(sizes, padded, kernels, dilations, strict=True):
        if isinstance(size, int) and size < 1 and isinstance(room, int):
            spread = "" if step == 1 else f", spread over {step * (kernel - 1) + 1} by dilation {step},"
            after = f" after padding {written(padding)}" if any(pads) else ""
            raise ShapeError(
                f"kernel_size {written(kernel_size)}{spread} does not fit its input: {format_sizes(padded)}{after}",
                field="kernel_size",
                help=f"a kernel of at most {(room - 1) // step + 1} fits; or pool less before",
            )


def scaled(size: Dim, factor: float, *, field: str) -> Dim:
    """floor(size * factor), or ShapeError where the size is symbolic and the factor no simple binary fraction."""
    result = part_of(size, factor)
    if result is None:
        raise ShapeError(
            f"{field} {factor:g} of an unknown length {size} is rounded differently from length to length",
            field=field,
            help="halves, quarters and their like are exact (0.5, 1.25, 2); or fix the size of the axis",
        )
    return result


def written(value: Sizes) -> str:
    """A number, or a list of one for each axis, as a spec has it."""
    return str(value) if isinstance(value, int) else str(list(value))


def onnx_pads(pads: Pads) -> list[int]:
    """Padding as ONNX has it: before each axis, then after each."""
    return [before for before, _ in pads] + [after for _, after in pads]


def pad_spatial(g: OnnxBuilder, x: Value, pads: Pads, filling: Value | None, mode: str = "constant") -> Value:
    """The axes after the channels padded by nodes of their own, with zeros unless told; `mode` is PyTorch's."""
    return pad_axes(g, x, dict(enumerate(pads, start=2)), filling, mode)


def pad_axes(
    g: OnnxBuilder, x: Value, pads: Mapping[int, tuple[int, int]], filling: Value | None, mode: str = "constant"
) -> Value:
    """Some axes padded, or cut where a number is negative."""
    if mode == "circular":
        x, pads = _cut(g, x, pads), {axis: (max(ends[0], 0), max(ends[1], 0)) for axis, ends in pads.items()}
    added = {axis: (max(before, 0), max(after, 0)) for axis, (before, after) in pads.items()}
    added = {axis: ends for axis, ends in added.items() if any(ends)}
    if mode == "circular":
        for axis, (before, after) in added.items():
            x = _wrapped(g, x, axis, before, after)
    elif added:
        ends = [before for before, _ in added.values()] + [after for _, after in added.values()]
        axes = g.constant(list(added), "int64", name="axes")
        x = g.op("Pad", x, g.constant(ends, "int64", name="pads"), filling, axes, mode=ONNX_MODES[mode])
    return _cut(g, x, pads)


def _wrapped(g: OnnxBuilder, x: Value, axis: int, before: int, after: int) -> Value:
    """Circular padding with slices: ONNX's own is there from opset 19 only."""
    head = [slice_axes(g, x, {axis: (-before, END)})] if before else []
    tail = [slice_axes(g, x, {axis: (0, after)})] if after else []
    return g.op("Concat", *head, x, *tail, axis=axis)


def _cut(g: OnnxBuilder, x: Value, pads: Mapping[int, tuple[int, int]]) -> Value:
    """What a negative number takes away."""
    cut = {axis: (max(-left, 0), right if right < 0 else END) for axis, (left, right) in pads.items()}
    cut = {axis: ends for axis, ends in cut.items() if ends != (0, END)}
    return slice_axes(g, x, cut) if cut else x


def slice_axes(g: OnnxBuilder, x: Value, ends: Mapping[int, tuple[int, int]]) -> Value:
    """From a start up to an end on each of some axes."""
    starts, stops = zip(*ends.values(), strict=True)
    return g.op("Slice", x, *(g.constant(list(part), "int64", name="slice") for part in (starts, stops, ends)))
