"""Sums of products, by the letters of axes."""

import re

from pydantic import Field

from nnspec.layers.layer import Layer, OnnxBuilder, Value
from nnspec.pycode import Code, torch
from nnspec.shapes import Dim, ShapeError, Tensor, product


class Einsum(Layer):
    """A sum of products of its inputs, by Einstein's convention: letters that do not come out are summed over.

    (n, ...), ... -> (n, ...)

    Every input begins with the letter of the batch, and so does the output; as in torch.einsum.
    """

    equation: str = Field(description="letters of each input's axes, then the output's: `bqd,bkd->bqk`")

    examples = {
        "n q 8, n k 8 -> n q k": dict(equation="bqd,bkd->bqk"),
        "n 3 4 -> n 4": dict(equation="bij->bj"),
        "n 4, n 4 -> n": dict(equation="bi, bi -> b"),
        "n 2 3, n 3 4, n 4 -> n 2": dict(equation="bij,bjk,bk->bi"),
    }

    def infer(self, x: Tensor, *others: Tensor) -> Tensor:
        for one in (x, *others):
            one.needs_float()
        sizes = self._letter_sizes((x, *others))
        return x.with_shape(*(sizes[letter] for letter in self._sides[1]))

    @property
    def _sides(self) -> tuple[list[str], str]:
        before, _, after = self.equation.replace(" ", "").partition("->")
        return before.split(","), after

    def _letter_sizes(self, inputs: tuple[Tensor, ...]) -> dict[str, Dim]:
        terms, after = self._check_form()
        if len(terms) != len(inputs):
            raise _wrong(f"equation '{self.equation}' is of {len(terms)} inputs, got {len(inputs)}")
        sizes: dict[str, Dim] = {}
        for term, x in zip(terms, inputs, strict=True):
            if len(term) != x.rank:
                raise _wrong(f"'{term}' has {len(term)} letters, and its input {x.rank} axes with the batch: {x}")
            for letter, size in zip(term, x.shape, strict=True):
                if sizes.setdefault(letter, size) != size:
                    raise _wrong(f"the axis {letter} has the size {sizes[letter]} in one input and {size} in another")
        unknown = [letter for letter in after if letter not in sizes]
        if unknown:
            raise _wrong(f"equation '{self.equation}' gives {unknown[0]}, which no input has")
        return sizes

    def _check_form(self) -> tuple[list[str], str]:
        terms, after = self._sides
        if not re.fullmatch(r"[A-Za-z]+(,[A-Za-z]+)*->[A-Za-z]+", self.equation.replace(" ", "")):
            raise _wrong(
                f"equation '{self.equation}' is not letters, a comma between inputs, and an arrow",
                "as in `bij,bjk->bik`",
            )
        if len(set(after)) < len(after):
            raise _wrong(f"equation '{self.equation}' gives a letter twice")
        batch = after[0]
        if any(term.find(batch) != 0 or term.count(batch) > 1 for term in terms):
            message = f"equation '{self.equation}' does not begin with the batch on every side"
            raise _wrong(message, "the first letter of each input and of the output is the batch")
        return terms, after

    def forward(self, *xs: Code) -> Code:
        return torch.einsum(self.equation, *xs)

    def macs(self, *inputs: Tensor) -> Dim:
        sizes = self._letter_sizes(inputs)
        multiplied = len(inputs) > 1
        return product(size for letter, size in sizes.items() if letter != self._sides[1][0]) * multiplied

    def to_onnx(self, g: OnnxBuilder, *xs: Value) -> Value:
        return g.op("Einsum", *xs, equation=self.equation.replace(" ", ""))


def _wrong(message: str, help: str = "") -> ShapeError:
    return ShapeError(message, field="equation", help=help)
