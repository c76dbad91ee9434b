"""A tensor under another shape: the sizes as PyTorch's `reshape` and as ONNX's take them.

Sizes that are known only when the model runs are read off the input, or left to be inferred (-1).
"""

from collections.abc import Sequence

from nnspec.layers.layer import OnnxBuilder, Value
from nnspec.pycode import Code
from nnspec.shapes import Dim, ShapeError, Tensor, product, symbol


def in_torch(x: Code, source: Tensor, shape: Sequence[Dim]) -> list[int | Code]:
    """The sizes of a shape, batch first, in terms of the variable x, whose tensor is `source`."""
    return [size if isinstance(size, int) else _read(x, source, size) for size in shape]


def in_onnx(g: OnnxBuilder, x: Value, source: Tensor, arriving: Sequence[Dim], shape: Sequence[Dim]) -> Value:
    """The same for a Reshape of something of the sizes `arriving`, in terms of the value x."""
    parts: list[int | Value] = []
    for place, size in enumerate(shape):
        if isinstance(size, int):
            parts.append(size)
        elif place < len(arriving) and arriving[place] == size:
            parts.append(0)  # ONNX copies the size from the same place
        elif size not in source.shape:
            parts.append(-1)
        else:
            parts.append(read(g, x, source, size))
    return joined(g, parts)


def read(g: OnnxBuilder, x: Value, source: Tensor, size: Dim) -> Value:
    """A size of the value x, whose tensor is `source`, as a vector of one."""
    axis = source.shape.index(size)
    return g.op("Shape", x, start=axis, end=axis + 1)


def joined(g: OnnxBuilder, parts: Sequence[int | Value]) -> Value:
    """Numbers and vectors of one as one vector."""
    if all(isinstance(part, int) for part in parts):
        return g.constant(list(parts), "int64", name="shape")
    values = [g.constant([part], "int64", name="size") if isinstance(part, int) else part for part in parts]
    return g.op("Concat", *values, axis=0)


def check(source: Tensor, shape: Sequence[Dim], *, field: str) -> None:
    """Refuse a shape of which two sizes could only be inferred."""
    unknown = [size for size in shape if not isinstance(size, int) and size not in source.shape]
    if len(unknown) > 1:
        sizes = " and ".join(map(str, unknown))
        message = f"gives {sizes}, and only one size that is no axis of the input can be found when the model runs"
        raise ShapeError(message, field=field)


def resolved(sizes: Sequence[int | str], x: Tensor, total: Dim, *, field: str) -> list[Dim]:
    """Sizes with the one that is -1 found, such that they hold `total` elements."""
    found = [named(size, x, field=field) for size in sizes]
    if found.count(-1) > 1:
        raise ShapeError(f"{field} {_written(sizes)} has more than one -1: only one size can be inferred", field=field)
    known = product(size for size in found if size != -1)
    rest = total // known if known else 0
    fits = rest * known == total and (-1 in found or rest == 1)
    if not fits:
        message = (
            f"{field} {_written(sizes)} holds {known} numbers{' times the -1' * (-1 in found)}, its input has {total}"
        )
        raise ShapeError(message, field=field)
    return [rest if size == -1 else size for size in found]


def named(size: int | str, x: Tensor, *, field: str) -> Dim:
    """A size as it is written: a number, -1, or the name of one of the input's lengths."""
    if isinstance(size, str):
        if size in x.symbols:
            return symbol(size)
        lengths = f"its lengths are {', '.join(sorted(x.symbols))}" if x.symbols else "its input has no such length"
        raise ShapeError(f"{field} names the length {size}, which is unknown here", field=field, help=lengths)
    if size < 1 and size != -1:
        raise ShapeError(f"{field} holds {size}: a size is at least 1, or -1 for one that is inferred", field=field)
    return size


def _written(sizes: Sequence[int | str]) -> str:
    return f"[{', '.join(map(str, sizes))}]"


def _read(x: Code, source: Tensor, size: Dim) -> int | Code:
    return x.shape[source.shape.index(size)] if size in source.shape else -1
