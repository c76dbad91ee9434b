"""Whether a text that was written anew still says the same."""

from math import isnan

from nnspec.diagnostics import SpecError
from nnspec.source import Node, parse
from nnspec.spec.entries import BESIDE


def unchanged(before: Node, text: str, name: str, *, json: bool = False) -> str:
    """The text; RuntimeError where it is other data than before: a mistake of ours, from which the file is kept."""
    try:
        after = parse(text, name, json=json)
    except SpecError as error:
        raise RuntimeError(f"writing {name} anew would break it: {error.diagnostics[0].message}") from None
    if not is_same(before, after):
        raise RuntimeError(f"writing {name} anew would change what it means")
    return text


def is_same(one: Node, other: Node, *, is_document: bool = True) -> bool:
    """Whether two values are the same data; the order of keys counts, but in a document and beside a layer."""
    left, right = one.value, other.value
    if isinstance(left, dict) and isinstance(right, dict):
        free = is_document or not left.keys().isdisjoint(BESIDE)
        keys_fit = left.keys() == right.keys() and (free or list(left) == list(right))
        return keys_fit and all(is_same(value, right[key], is_document=False) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(
            is_same(*pair, is_document=False) for pair in zip(left, right, strict=True)
        )
    both_nan = isinstance(left, float) and isinstance(right, float) and isnan(left) and isnan(right)
    return type(left) is type(right) and (left == right or both_nan)
