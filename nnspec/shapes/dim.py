"""One axis's size: a number, a symbol, or arithmetic on them.

A symbolic size is kept in a normal form (a sum of whole multiples of products, plus a number), so that
two sizes are equal exactly when they are written alike after simplification: `(2*T + 2) // 2 == T + 1`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from struct import pack, unpack
from typing import Union

Atom = Union[str, "Floor"]
Product = tuple[Atom, ...]  # sorted; never empty


@dataclass(frozen=True, slots=True)
class Floor:
    """numerator // divisor, where it does not divide evenly for every length."""

    numerator: "Dim"
    divisor: "Dim"

    def __str__(self) -> str:
        return f"{_grouped(self.numerator)} // {_grouped(self.divisor)}"


@dataclass(frozen=True, slots=True)
class Size:
    """A symbolic size: sum of coefficient * product, plus a constant. Without symbols it is a plain `int`."""

    terms: tuple[tuple[Product, int], ...]
    constant: int = 0

    def __add__(self, other: "Dim") -> "Dim":
        terms, constant = _parts(other)
        return _make(dict(self.terms), terms, self.constant + constant)

    __radd__ = __add__

    def __neg__(self) -> "Dim":
        return self * -1

    def __sub__(self, other: "Dim") -> "Dim":
        return self + other * -1

    def __rsub__(self, other: int) -> "Dim":
        return self * -1 + other

    def __mul__(self, other: "Dim") -> "Dim":
        total: Dim = 0
        left = [*self.terms, ((), self.constant)]
        right_terms, right_constant = _parts(other)
        for left_product, left_factor in left:
            for right_product, right_factor in [*right_terms.items(), ((), right_constant)]:
                product = tuple(sorted(left_product + right_product, key=str))
                factor = left_factor * right_factor
                total = total + (_make({product: factor}, {}, 0) if product else factor)
        return total

    __rmul__ = __mul__

    def __floordiv__(self, divisor: "Dim") -> "Dim":
        if isinstance(divisor, Size):
            return _divide_by_size(self, divisor)
        # floor((d*a + r) / d) = a + floor(r / d): what divides evenly comes out, so equal sizes look alike.
        whole = {product: factor // divisor for product, factor in self.terms}
        rest = {product: factor % divisor for product, factor in self.terms}
        outside = _make(whole, {}, self.constant // divisor)
        inside = _make(rest, {}, self.constant % divisor)
        if isinstance(inside, int):
            return outside
        if isinstance(inner := _sole_floor(inside), Floor) and isinstance(inner.divisor, int):
            # floor((floor(n / d) + c) / e) = floor((n + c*d) / (d*e))
            numerator = inner.numerator + inside.constant * inner.divisor
            return outside + numerator // (inner.divisor * divisor)
        return outside + Size((((Floor(inside, divisor),), 1),))

    def __rfloordiv__(self, numerator: int) -> "Dim":
        return Size((((Floor(numerator, self),), 1),)) if numerator else 0

    def __str__(self) -> str:
        text = ""
        for product, factor in self.terms:
            text += _term(product, factor, first=not text)
        if self.constant:
            text += f" {'+' if self.constant > 0 else '-'} {abs(self.constant)}"
        return text


Dim = int | Size

MAX_EXACT = 2**20  # a length times a fraction of smaller numbers is exact in floating point

BATCH = Size(((("batch",), 1),))


def symbol(name: str) -> Size:
    """A length that is known only when the model runs."""
    return Size((((name,), 1),))


def bind(dim: Dim, lengths: Mapping[str, int]) -> Dim:
    """The size with some symbols given their lengths."""
    if isinstance(dim, int):
        return dim
    total: Dim = dim.constant
    for product, factor in dim.terms:
        value: Dim = factor
        for atom in product:
            value = value * _bind_atom(atom, lengths)
        total = total + value
    return total


def symbols_in(dim: Dim) -> frozenset[str]:
    """The names of the symbols that a size depends on."""
    if isinstance(dim, int):
        return frozenset()
    found: frozenset[str] = frozenset()
    for product, _ in dim.terms:
        for atom in product:
            inner = (
                frozenset([atom]) if isinstance(atom, str) else symbols_in(atom.numerator) | symbols_in(atom.divisor)
            )
            found |= inner
    return found


def product(dims: Iterable[Dim]) -> Dim:
    """The sizes multiplied: how many elements."""
    total: Dim = 1
    for dim in dims:
        total = total * dim
    return total


def part_of(size: Dim, factor: float) -> Dim | None:
    """floor(size * factor) as floating point has it; None for a symbolic size where rounding would decide."""
    if isinstance(size, int):
        return int(size * factor)
    numerator, denominator = factor.as_integer_ratio()
    if max(numerator, denominator) > MAX_EXACT:
        return None
    return size * numerator // denominator


def single(number: float) -> float:
    """A number as single precision has it: what engines compute places and scales with."""
    (rounded,) = unpack("f", pack("f", number))
    return float(rounded)


def _bind_atom(atom: Atom, lengths: Mapping[str, int]) -> Dim:
    if isinstance(atom, str):
        return lengths[atom] if atom in lengths else symbol(atom)
    return bind(atom.numerator, lengths) // bind(atom.divisor, lengths)


def _parts(dim: Dim) -> tuple[dict[Product, int], int]:
    return ({}, dim) if isinstance(dim, int) else (dict(dim.terms), dim.constant)


def _make(left: dict[Product, int], right: dict[Product, int], constant: int) -> Dim:
    merged = dict(left)
    for product, factor in right.items():
        merged[product] = merged.get(product, 0) + factor
    terms = tuple(sorted(((p, f) for p, f in merged.items() if f), key=lambda term: str(term[0])))
    return Size(terms, constant) if terms else constant


def _sole_floor(size: Size) -> Floor | None:
    """The floor that a size is, beside its constant."""
    if len(size.terms) != 1:
        return None
    (product, factor) = size.terms[0]
    return product[0] if len(product) == 1 and factor == 1 and isinstance(product[0], Floor) else None


def _divide_by_size(numerator: Size, divisor: Size) -> Dim:
    """Exact where every term holds the divisor's single product: (4*T*H) // (2*T) is 2*H."""
    if numerator == divisor:
        return 1
    if len(divisor.terms) == 1 and not divisor.constant and not numerator.constant:
        (product, factor) = divisor.terms[0]
        quotient: Dim = 0
        for other, other_factor in numerator.terms:
            rest = _without(other, product)
            if rest is None or other_factor % factor:
                break
            quotient = quotient + (_make({rest: other_factor // factor}, {}, 0) if rest else other_factor // factor)
        else:
            return quotient
    return Size((((Floor(numerator, divisor),), 1),))


def _without(product: Product, removed: Product) -> Product | None:
    left = list(product)
    for atom in removed:
        if atom not in left:
            return None
        left.remove(atom)
    return tuple(left)


def _term(product: Product, factor: int, *, first: bool) -> str:
    sign = "-" if factor < 0 else "" if first else "+"
    # A leading minus would bind to the numerator of a lone floor: -(T // 2) is not -T // 2.
    alone = len(product) == 1 and (factor == 1 or (factor == -1 and not first))
    body = " * ".join(_grouped_atom(atom, alone=alone) for atom in product)
    number = "" if abs(factor) == 1 else f"{abs(factor)} * "
    return f"{sign}{number}{body}" if first else f" {sign} {number}{body}"


def _grouped_atom(atom: Atom, *, alone: bool) -> str:
    return str(atom) if alone or isinstance(atom, str) else f"({atom})"


def _grouped(dim: Dim) -> str:
    """In parentheses unless it is a number or a lone symbol."""
    simple = isinstance(dim, int) or (not dim.constant and len(dim.terms) == 1 and dim.terms[0][1] == 1)
    if simple and isinstance(dim, Size):
        (product, _) = dim.terms[0]
        simple = len(product) == 1 and isinstance(product[0], str)
    return str(dim) if simple else f"({dim})"
