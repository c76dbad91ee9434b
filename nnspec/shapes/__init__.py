"""Sizes, tensors and the notation they are written in."""

from nnspec.shapes.dim import BATCH, Dim, Size, bind, part_of, product, single, symbol, symbols_in
from nnspec.shapes.notation import format_shape, format_sizes, parse_example, tensor
from nnspec.shapes.tensor import ShapeError, Tensor

__all__ = [
    "BATCH",
    "Dim",
    "ShapeError",
    "Size",
    "Tensor",
    "bind",
    "format_shape",
    "format_sizes",
    "parse_example",
    "part_of",
    "product",
    "single",
    "symbol",
    "symbols_in",
    "tensor",
]
