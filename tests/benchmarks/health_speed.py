"""What it costs to watch a training: the same epochs with looks at the layers and without, in long and very short ones.

The look at the examples before the first step is not counted.

    python tests/benchmarks/health_speed.py
"""

import sys
import tempfile
import time
from pathlib import Path

import torch
from timing import line, paired
from torch import Tensor

from nnspec.codegen.load import load
from nnspec.codegen.write import write
from nnspec.graph import parse_network
from nnspec.runs import create
from nnspec.training.batches import Examples
from nnspec.training.best import Best
from nnspec.training.engine import flushed_denormals
from nnspec.training.evaluate import Judge
from nnspec.training.fit import fit
from nnspec.training.forms import settle
from nnspec.training.health.monitor import Monitor
from nnspec.training.interrupt import Stop
from nnspec.training.objective import compile_objective
from nnspec.training.train import make_learner

CPU = torch.device("cpu")
LAYERS = {
    "mlp": "[784]}\nlayers: [Linear: 256, ReLU, Linear: 128, ReLU, Linear: 10]",
    "cnn": "[1, 28, 28]}\nlayers: [Conv2d: {out_channels: 16, kernel_size: 3}, ReLU, MaxPool2d: 2, "
    "Flatten, Linear: 10]",
}
SHAPES = {"mlp": (784,), "cnn": (1, 28, 28)}
EPOCHS = {50: 5, 600: 10}  # by the number of steps
WANTED = {50: "<= 10 ms more", 600: "<= 1.03"}
BATCH = 64
ROUNDS = 3


def trained(name: str, steps: int, *, compiled: str, watched: bool) -> float:
    """Seconds of so many steps."""
    network = parse_network(
        f"nnspec: 1\ninputs: {{x: {LAYERS[name]}\noutputs: {{y: {{loss: CrossEntropyLoss}}}}\noptimizer: Adam\n"
        f"train: {{epochs: {EPOCHS[steps]}, batch_size: {BATCH}}}\n"
    )
    spec, graph = network.spec, network.graph
    torch.manual_seed(0)
    net = load(write(graph), "net.py", {})
    judge = Judge(spec, graph, compile_objective(spec), {})
    data = _examples(name, steps // EPOCHS[steps] * BATCH)
    learner = make_learner(spec, net, judge, data.rows, 0)
    settle(learner, compiled, steps, (), lambda choice: None)
    none = Examples((data.inputs[0][:0],), (data.targets[0][:0],), CPU)
    with tempfile.TemporaryDirectory() as folder:
        run = create(Path(folder), name, {})
        start = time.perf_counter()
        if watched:
            monitor = Monitor(learner, judge, data, run, lambda text: None)
            advance, followed = (lambda steps: monitor.advance()), monitor.followed
        else:
            advance, followed = (lambda steps: None), iter
        for _ in followed(fit(learner, judge, data, none, Best(net, None), Stop(), advance)):
            pass
        return time.perf_counter() - start


def _examples(name: str, rows: int) -> Examples:
    random = torch.Generator().manual_seed(0)
    x: Tensor = torch.randn(rows, *SHAPES[name], generator=random)
    return Examples((x,), (torch.randint(10, (rows,), generator=random),), CPU)


def main() -> None:
    torch.set_num_threads(1)
    with flushed_denormals():
        for name in sys.argv[1:] or LAYERS:
            for steps in EPOCHS:
                for compiled in ("off", "step"):
                    ours, theirs, ratio = paired(
                        lambda: trained(name, steps, compiled=compiled, watched=True),  # noqa: B023
                        lambda: trained(name, steps, compiled=compiled, watched=False),  # noqa: B023
                        ROUNDS,
                    )
                    title = f"watched {name}, {steps} steps, compile {compiled}"
                    line(title, f"{ours * 1e3:.0f} ms", f"{theirs * 1e3:.0f} ms", ratio, WANTED[steps])


if __name__ == "__main__":
    main()
