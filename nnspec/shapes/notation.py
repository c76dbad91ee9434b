"""Shapes as short text: `n 3 h w -> n 64` in a layer's examples and in tests.

A number is a fixed size, `n` the batch, any other name a symbolic length; arithmetic has no spaces: `(t-1)//2`. An
element type may stand in front: `int64 n t`. Inputs and outputs are separated by commas.
"""

import operator
import re
from collections.abc import Iterable

from nnspec.shapes.dim import BATCH, Dim, symbol
from nnspec.shapes.tensor import DTYPES, Tensor


def tensor(text: str) -> Tensor:
    """`tensor("n 3 32 32")`, `tensor("int64 n t")`."""
    words = text.split()
    dtype = words.pop(0) if words and words[0] in DTYPES else "float32"
    return Tensor(tuple(_dim(word) for word in words), dtype)


def parse_example(text: str) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """`n 3 h w -> n 64` as its input and output tensors."""
    inputs, outputs = text.split("->")
    return tuple(map(tensor, inputs.split(","))), tuple(map(tensor, outputs.split(",")))


def format_shape(x: Tensor) -> str:
    """`16×4×4`, without the batch; `scalar` where nothing is left."""
    return format_sizes(x.shape[1:] if x.batched else x.shape) or "scalar"


def format_sizes(dims: Iterable[Dim]) -> str:
    """`6×6`, `h×(w + 2)`."""
    return "×".join(_factor(dim) for dim in dims)


_OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv}


def _dim(word: str) -> Dim:
    """`t`, or a sum of products."""
    tokens = re.findall(r"\w+|//|[-+*()]", word)[::-1]
    value = _sum(tokens)
    assert not tokens, f"'{word}' is not a size"
    return value


def _sum(tokens: list[str]) -> Dim:
    value = _product(tokens)
    while tokens and tokens[-1] in "+-":
        value = _OPERATORS[tokens.pop()](value, _product(tokens))
    return value


def _product(tokens: list[str]) -> Dim:
    value = _atom(tokens.pop(), tokens)
    while tokens and tokens[-1] in ("*", "//"):
        value = _OPERATORS[tokens.pop()](value, _atom(tokens.pop(), tokens))
    return value


def _atom(token: str, tokens: list[str]) -> Dim:
    if token == "(":
        value = _sum(tokens)
        tokens.pop()
        return value
    if token.isdigit():
        return int(token)
    return BATCH if token == "n" else symbol(token)


def _factor(dim: Dim) -> str:
    text = str(dim)
    return f"({text})" if " " in text else text
