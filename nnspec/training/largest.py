"""The largest batch that fits in memory and still makes an epoch faster."""

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import cycle, islice

import torch

from nnspec.data import Examples as Data
from nnspec.graph import Graph
from nnspec.graph.cost import cost
from nnspec.shapes import bind
from nnspec.spec.spec import Spec
from nnspec.training.batches import SMALLEST, Feed
from nnspec.training.engine import suitable_threads
from nnspec.training.learner import Learner
from nnspec.training.memory import fitting_rows
from nnspec.training.stream import Streamed

LEAST_STEPS = 16  # of an epoch
MOST_ON_CPU = 1024  # examples; beyond these its caches are long full
MOST_ON_GPU = 2**16
SHARE = 0.5  # of the memory that a step may be reckoned to take
GAIN = 0.9  # of the time of an example that the double batch has to stay below
WARM, TIMED = 2, 7  # steps of each size


@dataclass(frozen=True, slots=True)
class Tried:
    """The size that was chosen, and what was seen of each."""

    size: int
    example_us: Mapping[int, float] = field(default_factory=dict)  # microseconds of an example in a step, by size
    reason: str = ""

    def in_words(self) -> str:
        """`batch_size: auto takes 256 (2.1 µs an example; 32: 8, 64: 4.5, 128: 3, 512: 2); …`."""
        times = ", ".join(f"{size}: {us:.3g} µs" for size, us in self.example_us.items())
        measured = f" ({times} an example)" if times else ""
        return f"batch_size: auto takes {self.size}{measured}: {self.reason}"


def most_rows(spec: Spec, graph: Graph, data: Data, training: Feed, device: torch.device) -> tuple[int, str]:
    """The largest size to try, and what bounds it."""
    cpu = device.type == "cpu"
    most = MOST_ON_CPU if cpu else MOST_ON_GPU
    bounds = {
        most: f"no more than {most} are tried on a {'CPU' if cpu else 'GPU'}",
        training.rows // (LEAST_STEPS * spec.train.accumulate): f"an epoch keeps {LEAST_STEPS} steps",
    }
    if (fitting := fitting_rows(spec, graph, data.train.lengths, device, SHARE)) is not None:
        bounds[fitting] = "more would take over half of the memory"
    if isinstance(training, Streamed):
        bounds[training.buffer_rows // spec.train.accumulate] = "memory holds no more of the stream at a time"
    least = min(bounds)
    return least, bounds[least]


def choose_batch_size(learner: Learner, graph: Graph, data: Data, training: Feed, most: int, why: str) -> Tried:
    """Double the batch while that makes an example a tenth faster, with a learner that is of no use afterwards."""
    macs = bind(cost(graph).macs, data.train.lengths)
    size, times, reason = min(SMALLEST, training.rows), dict[int, float](), why
    while size <= most or not times:
        try:
            with suitable_threads(size * macs if isinstance(macs, int) else 0):
                times[size] = _example_us(learner, training, size)
        except torch.OutOfMemoryError:
            if not times:
                raise
            torch.cuda.empty_cache()
            reason = f"{size} take more memory than there is"
            break
        if times[size] > GAIN * times.get(size // 2, float("inf")):
            return Tried(size // 2, _rounded(times), "twice as many save less than a tenth of the time")
        size *= 2
    return Tried(max(times), _rounded(times), reason)


def _example_us(learner: Learner, training: Feed, size: int) -> float:
    order = torch.Generator().manual_seed(0)
    batches = next(iter(training.shuffled(size, order)))
    times = []
    for batch in islice(cycle(batches), WARM + TIMED):
        start = time.perf_counter()
        learner.plain(learner.changed(batch)).item()  # which waits for the step
        times.append((time.perf_counter() - start) / batch.rows)
    return statistics.median(times[WARM:]) * 1e6


def _rounded(times: Mapping[int, float]) -> dict[int, float]:
    return {size: float(f"{us:.3g}") for size, us in times.items()}
