"""Pairs of equal items of two sequences, in the order of both.

What the usual algorithms spend where sequences are long and different is quadratic. Here equal ends are paired first,
then items that stand once in each sequence, then the first with the first, the second with the second of a kind; of
these the longest run that keeps the order counts. That is n log n, and what a person would pair is paired.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

Pair = tuple[int, int]
Keys = Sequence[Hashable]
Range = tuple[int, int, int, int]  # from and up to, in the one and in the other


def align(left: Keys, right: Keys) -> list[Pair]:
    """Places in the one and in the other that hold the same, each at most once and in order."""
    whole = (0, len(left), 0, len(right))
    pairs = _ends(left, right, whole)
    for unique in (True, False):
        for part in gaps(pairs, whole):
            found = _in_order(_candidates(left, right, part, unique=unique))
            pairs += found
            pairs += [pair for inner in gaps(found, part) for pair in _ends(left, right, inner)]
    return sorted(pairs)


def gaps(pairs: Sequence[Pair], around: Range) -> Iterator[Range]:
    """What lies between neighbouring pairs, where both sides have something."""
    left, last, right, right_last = around
    for left_place, right_place in [*sorted(pairs), (last, right_last)]:
        if left < left_place and right < right_place:
            yield left, left_place, right, right_place
        left, right = left_place + 1, right_place + 1


def _ends(left: Keys, right: Keys, part: Range) -> list[Pair]:
    """What is equal from the start on, and from the end back."""
    start, end, right_start, right_end = part
    found: list[Pair] = []
    while start < end and right_start < right_end and left[start] == right[right_start]:
        found.append((start, right_start))
        start, right_start = start + 1, right_start + 1
    while start < end and right_start < right_end and left[end - 1] == right[right_end - 1]:
        end, right_end = end - 1, right_end - 1
        found.append((end, right_end))
    return found


def _candidates(left: Keys, right: Keys, part: Range, *, unique: bool) -> list[Pair]:
    """The first of a kind with the first of that kind, and so on; only of what stands once in each where `unique`."""
    start, end, right_start, right_end = part
    ours, theirs = Counter(left[start:end]), Counter(right[right_start:right_end])
    places = {key: place for place, key in _numbered(right, right_start, right_end)}
    return [
        (place, places[key])
        for place, key in _numbered(left, start, end)
        if key in places and (not unique or ours[key[0]] == theirs[key[0]] == 1)
    ]


def _numbered(keys: Keys, start: int, end: int) -> Iterator[tuple[int, tuple[Hashable, int]]]:
    """Each place with its key and how many of that key stand before it."""
    seen: Counter[Hashable] = Counter()
    for place in range(start, end):
        yield place, (keys[place], seen[keys[place]])
        seen[keys[place]] += 1


def _in_order(pairs: Sequence[Pair]) -> list[Pair]:
    """The longest part of the pairs, which come in the order of the one, that is in the order of the other too."""
    ends: list[int] = []  # the smallest place that a run of each length can end with
    last: list[int] = []  # the pair that it ends with
    before = [-1] * len(pairs)
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        before[number] = last[length - 1] if length else -1
        ends[length : length + 1], last[length : length + 1] = [place], [number]
    found: list[Pair] = []
    number = last[-1] if last else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]
