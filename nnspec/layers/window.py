"""What convolution and pooling share: a window that slides over the axes after the channels."""

from collections.abc import Sequence

from nnspec.layers.fields import per_axis
from nnspec.shapes import Dim, ShapeError, Tensor, format_sizes

Sizes = int | tuple[int, ...]


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
