"""What layers of several inputs ask of them: one element type, one shape, or shapes that are stretched to one."""

from collections.abc import Iterable, Sequence

from nnspec.shapes import Dim, ShapeError, Tensor

Number = int | float  # of integers, an element may only be combined with an integer


def needs_one_dtype(*inputs: Tensor) -> None:
    """Refuse inputs of several element types."""
    dtypes = [x.dtype for x in inputs]
    if len(set(dtypes)) > 1:
        raise ShapeError(f"needs inputs of one element type, got {' and '.join(dtypes)}")


def needs_one_shape(*inputs: Tensor) -> tuple[Dim, ...]:
    """The shape of all inputs."""
    if all(x.shape == inputs[0].shape for x in inputs):
        return inputs[0].shape
    raise ShapeError(
        "needs inputs of one shape, got " + listed(*inputs),
        help="sizes are not stretched to fit: bring the inputs to one shape first",
    )


def broadcast_shape(*inputs: Tensor) -> tuple[Dim, ...]:
    """The shape that all inputs are stretched to: of each axis the sizes are equal, or 1.

    PyTorch's broadcasting among inputs of as many axes; it would put fewer axes below the last, the batch with them.
    """
    if len({x.rank for x in inputs}) > 1:
        raise ShapeError(
            "needs inputs of as many axes, got " + listed(*inputs),
            help="`Unsqueeze` gives an axis of size 1 to one of them; `keepdim: true` keeps it in a mean or maximum",
        )
    return tuple(_one_size(sizes, inputs) for sizes in zip(*(x.shape for x in inputs), strict=True))


def _one_size(sizes: Iterable[Dim], inputs: Sequence[Tensor]) -> Dim:
    found = list(dict.fromkeys(size for size in sizes if size != 1))
    if len(found) > 1:
        raise ShapeError(
            "needs inputs of one shape, got " + listed(*inputs),
            help="of each axis the sizes are equal, or 1: bring the inputs to one shape first",
        )
    return found[0] if found else 1


def needs_signed(x: Tensor) -> None:
    """Refuse element types that know no minus."""
    if x.dtype in ("bool", "uint8"):
        raise ShapeError(f"needs an input of real or signed numbers, got {x.dtype}", help="`- Cast: int64` before it")


def needs_numbers(*inputs: Tensor) -> None:
    """Refuse truth values."""
    if any(x.dtype == "bool" for x in inputs):
        raise ShapeError("needs inputs of numbers, got bool")


def needs_fitting_number(x: Tensor, number: Number | None, field: str) -> None:
    """Refuse a number that is not whole beside whole numbers."""
    if isinstance(number, float) and not x.is_float:
        raise ShapeError(
            f"{field} {number:g} does not go with elements of {x.dtype}",
            field=field,
            help="a whole number does; or `- Cast: float32` before it",
        )


def listed(*inputs: Tensor) -> str:
    """The inputs in words."""
    return " and ".join(str(x) for x in inputs)
