"""Ratios in one run: two things measured in turn, so that a drift of the machine's speed meets both."""

import statistics
import time
from collections.abc import Callable
from typing import Any


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def paired(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> tuple[float, float, float]:
    """Medians of both, and the median of the ratios round by round; one round first warms up both."""
    ours(), theirs()
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    ratio = statistics.median(a / b for a, b in pairs)
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs), ratio


def line(name: str, ours: str, theirs: str, ratio: float, wanted: str) -> None:
    print(f"{name:<42} {ours:>14} {theirs:>14}   ratio {ratio:<8.3g} wanted {wanted}")
