"""What learns from numbers in one pass: moments and extremes of each entry of an axis, and the values themselves."""

from collections.abc import Callable
from typing import Any

from nnspec.prepare.step import FitError, Rows, namespace

SMALLEST = 1.2e-38  # of the numbers that float32 holds without losing digits
MAX_KEPT = 100_000_000  # numbers; 400 MB
SEED = 0  # of the sample where there are more

Learnt = dict[str, Any]


def by_entry(rows: Rows, dim: int) -> Rows:
    """Each entry of an axis as a row of all its numbers."""
    axis = dim % rows.ndim
    return rows.swapaxes(0, axis).reshape(rows.shape[axis], -1)


def beside(values: Rows, dim: int, rank: int) -> Any:
    """A number for each entry, in a shape that broadcasts over rows: (3, 1, 1) for the channels of an image."""
    axis = dim % rank
    return values.reshape([-1 if place == axis else 1 for place in range(1, rank)]).tolist()


class Moments:
    """Mean, population deviation, least and most of each entry; missing numbers are left out.

    Chunks are joined as Chan, Golub and LeVeque (1979) have it, which for single rows is Welford's method.
    """

    def __init__(self, dim: int, learn: Callable[["Moments"], Learnt]) -> None:
        self.dim, self.learn, self.rank = dim, learn, 0
        self.count = self.mean = self.squares = self.least = self.most = None  # type: Any

    def update(self, rows: Rows) -> None:
        xp = namespace(rows)
        entries = by_entry(rows, self.dim).astype("float64")
        there = ~xp.isnan(entries)
        whole, count = there.all(), there.sum(axis=1)

        def filled(values: Rows, gap: float) -> Rows:
            return values if whole else xp.where(there, values, gap)

        mean = filled(entries, 0).sum(axis=1) / count.clip(1)
        squares = (filled(entries - mean[:, None], 0) ** 2).sum(axis=1)
        least = filled(entries, xp.inf).min(axis=1, initial=xp.inf)
        most = filled(entries, -xp.inf).max(axis=1, initial=-xp.inf)
        if not self.rank:
            self.rank, self.count, self.mean, self.squares = rows.ndim, count, mean, squares
            self.least, self.most = least, most
            return
        total, apart = self.count + count, mean - self.mean
        share = count / total.clip(1)
        self.squares = self.squares + squares + apart**2 * self.count * share
        self.mean, self.count = self.mean + apart * share, total
        self.least, self.most = xp.minimum(self.least, least), xp.maximum(self.most, most)

    def state(self) -> Learnt:
        require_values(self.count)
        return self.learn(self)

    @property
    def deviation(self) -> Rows:
        """The population's (divided by n); 1 where all numbers are the same, or float32 could not divide by it."""
        deviation = (self.squares / self.count) ** 0.5
        deviation[(self.least == self.most) | (deviation < SMALLEST)] = 1.0
        return deviation

    def wide(self, values: Rows) -> Any:
        return beside(values, self.dim, self.rank)


class Kept:
    """The numbers of each entry, sorted and without the missing ones.

    Of more than 100 million numbers, a uniform sample of the positions is kept, the same for the same rows.
    """

    def __init__(self, dim: int, learn: Callable[["Kept"], Learnt], most: int = MAX_KEPT) -> None:
        self.dim, self.learn, self.most, self.rank = dim, learn, most, 0
        self._chunks: list[Rows] = []
        self._ranks: list[Rows] = []  # a position is kept while few others have a lower one
        self._random: Any = None

    def update(self, rows: Rows) -> None:
        xp = namespace(rows)
        entries = by_entry(rows, self.dim)
        self.rank, self._random = rows.ndim, self._random or xp.random.Generator(xp.random.PCG64(SEED))
        self._chunks.append(entries)
        self._ranks.append(self._random.random(entries.shape[1]))
        if sum(chunk.size for chunk in self._chunks) > 2 * self.most:
            self._thin()

    def _thin(self) -> None:
        entries, ranks = self._whole()
        count = max(self.most // len(entries), 1)
        chosen = ranks.argsort(kind="stable")[:count]
        self._chunks, self._ranks = [entries[:, chosen]], [ranks[chosen]]

    def _whole(self) -> tuple[Rows, Rows]:
        xp = namespace(self._ranks[0])
        return xp.concatenate(self._chunks, axis=1), xp.concatenate(self._ranks)

    def state(self) -> Learnt:
        return self.learn(self)

    @property
    def entries(self) -> list[Rows]:
        """Each entry's numbers."""
        whole, _ = self._whole()
        found = [values[~(values != values)] for values in whole]
        require_values([len(values) for values in found])
        for values in found:
            values.sort()
        return found

    def wide(self, values: Any) -> Any:
        return beside(namespace(self._ranks[0]).asarray(values), self.dim, self.rank)


def require_values(counts: Any) -> None:
    """Refuse an entry of which every training row lacks the number."""
    for entry, count in enumerate(counts):
        if not count:
            message = "no training row has a value"
            raise FitError(message, entry=entry, help="leave it out of the input's columns")


def quantile(sorted_values: Rows, percent: float) -> float:
    """A quantile of sorted numbers, between two neighbours in proportion."""
    place = (len(sorted_values) - 1) * percent / 100
    below = int(place)
    low, high = float(sorted_values[below]), float(sorted_values[min(below + 1, len(sorted_values) - 1)])
    return low + (high - low) * (place - below)
