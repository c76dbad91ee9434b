"""What convolution and pooling share: a window that slides over the axes after the channels."""

from collections.abc import Sequence

from nnspec.layers.fields import per_axis
from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.shapes import Dim, ShapeError, Tensor, format_sizes

Sizes = int | tuple[int, ...]
Pads = Sequence[tuple[int, int]]  # before and after each axis that follows the channels


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


def written(value: Sizes) -> str:
    """A number, or a list of one for each axis, as a spec has it."""
    return str(value) if isinstance(value, int) else str(list(value))


def onnx_pads(pads: Pads) -> list[int]:
    """Padding as ONNX has it: before each axis, then after each."""
    return [before for before, _ in pads] + [after for _, after in pads]


def pad_spatial(g: OnnxBuilder, x: Value, pads: Pads, filling: Value | None, mode: str = "constant") -> Value:
    """The axes after the channels padded by a node of its own, with zeros unless told."""
    ends = onnx_pads([(0, 0), (0, 0), *pads])
    return g.op("Pad", x, g.constant(ends, "int64", name="pads"), filling, mode=mode)
