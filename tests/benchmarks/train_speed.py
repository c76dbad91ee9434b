"""Examples a second of nnspec's training loop against the one that everybody writes, on one thread.

The other side is `DataLoader(TensorDataset(...), shuffle=True)`, torch's default Adam, `loss.item()` each step; Fabric
is that loop set up by lightning-fabric. All train the very same module, from the same weights; a round trains each,
one after the other. Which form our steps take is found by a trial, as `train.compile: auto` does.
Theirs run in a process of their own, whose C library handles memory as it comes.

    python tests/benchmarks/train_speed.py [tabular|mlp|cnn|lstm]
"""

import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import torch
from timing import line, paired
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from nnspec.codegen.load import load
from nnspec.codegen.write import write
from nnspec.graph import Network, parse_network
from nnspec.training.batches import Examples
from nnspec.training.best import Best
from nnspec.training.engine import flushed_denormals, has_bf16, keep_heap
from nnspec.training.evaluate import Judge
from nnspec.training.forms import FORMS, likely
from nnspec.training.interrupt import Stop
from nnspec.training.learner import Learner
from nnspec.training.objective import compile_objective
from nnspec.training.train import make_learner
from nnspec.training.trial import PLAIN, Choice, Trial

CPU = torch.device("cpu")
FORK = multiprocessing.get_context("fork")

LAYERS = {
    "tabular": "[20]}\nlayers: [Linear: 64, ReLU, Linear: 64, ReLU, Linear: 1]",
    "mlp": "[784]}\nlayers: [Linear: 256, ReLU, Linear: 128, ReLU, Linear: 10]",
    "cnn": "[1, 28, 28]}\nlayers: [Conv2d: {out_channels: 32, kernel_size: 3, padding: 1}, ReLU, MaxPool2d: 2, "
    "Conv2d: {out_channels: 64, kernel_size: 3, padding: 1}, ReLU, MaxPool2d: 2, Flatten, Linear: 128, ReLU, "
    "Linear: 10]",
    "lstm": "[50, 16]}\nlayers: [LSTM: 128, Last, Linear: 10]",
}
SHAPES = {"tabular": (20,), "mlp": (784,), "cnn": (1, 28, 28), "lstm": (50, 16)}
BATCHES = {"tabular": 256, "mlp": 128, "cnn": 64, "lstm": 64}
STEPS = {"tabular": 800, "mlp": 400, "cnn": 40, "lstm": 40}
WANTED = {"tabular": ">= 6", "mlp": ">= 2.1", "cnn": ">= 1.7", "lstm": ">= 1.0"}
WANTED_BF16 = {"cnn": ">= 2.3", "lstm": ">= 2.7"}


class Race:
    """One network and its data, to be trained by each side."""

    def __init__(self, name: str) -> None:
        random = torch.Generator().manual_seed(0)
        rows, size = STEPS[name] * BATCHES[name] * 10 // 9, BATCHES[name]
        x = torch.randn(rows, *SHAPES[name], generator=random)
        weight = torch.randn(x[0].numel(), 1 if name == "tabular" else 10, generator=random)
        scores = x.flatten(1) @ weight
        y = torch.sin(scores) if name == "tabular" else scores.argmax(1)
        loss = "MSELoss" if name == "tabular" else "CrossEntropyLoss"
        text = f"nnspec: 1\ninputs: {{x: {LAYERS[name]}\noutputs: {{y: {{loss: {loss}}}}}\noptimizer: Adam\n"
        self.network: Network = parse_network(f"{text}train: {{epochs: 1, batch_size: {size}}}")
        self.loss: nn.Module = getattr(nn, loss)()
        held_out = rows // 10
        self.training, self.test = (x[held_out:], y[held_out:]), (x[:held_out], y[:held_out])
        self.found: dict[str, list[float]] = {}
        self.choices: dict[bool, Choice] = {}

    def net(self, side: str) -> nn.Module:
        torch.manual_seed(len(self.found.setdefault(side, [])))  # the same on all sides, another in each round
        return load(write(self.network.graph), "net.py", {})

    def ours(self, *, bf16: bool = False) -> float:
        """Seconds per example."""
        keep_heap()
        side = "ours, bf16" if bf16 else "ours"
        net, spec = self.net(side), self.network.spec
        judge = Judge(spec, self.network.graph, compile_objective(spec), {})
        learner = make_learner(spec, net, judge, len(self.training[0]), seed=0)
        self._settle(learner, bf16)
        examples = Examples((self.training[0],), (self.training[1],), CPU)
        best, start = Best(net, None), time.perf_counter()
        with flushed_denormals():
            loss = learner.epoch(examples, learner.step, Stop(), lambda steps: None)
        assert loss is not None
        best.offer(1, loss, chosen=False)
        return self._end(side, net, start)

    def _settle(self, learner: Learner, bf16: bool) -> None:
        if choice := self.choices.get(bf16):
            learner.update = FORMS.get(choice.form, PLAIN).of(learner)
        else:
            learner.update = Trial(
                learner, likely(learner.net, bf16), lambda choice: self.choices.update({bf16: choice})
            )

    def theirs(self) -> float:
        """Seconds per example."""
        net = self.net("theirs")
        loader = DataLoader(TensorDataset(*self.training), self.network.spec.train.batch_size, shuffle=True)
        return self._by_hand("theirs", net, torch.optim.Adam(net.parameters()), loader, lambda loss: loss.backward())

    def fabric(self) -> float:
        """Seconds per example."""
        from lightning_fabric import Fabric

        fabric = Fabric(accelerator="cpu", devices=1)
        plain = self.net("fabric")
        net, optimizer = fabric.setup(plain, torch.optim.Adam(plain.parameters()))
        batch_size = self.network.spec.train.batch_size
        loader = fabric.setup_dataloaders(DataLoader(TensorDataset(*self.training), batch_size, shuffle=True))
        return self._by_hand("fabric", net, optimizer, loader, fabric.backward)

    def _by_hand(self, side: str, net: nn.Module, optimizer, loader, backward: Callable[[Tensor], None]) -> float:
        start, total = time.perf_counter(), 0.0
        net.train()
        for x, y in loader:
            optimizer.zero_grad()
            loss = self.loss(net(x), y)
            backward(loss)
            optimizer.step()
            total += loss.item()
        return self._end(side, net, start)

    def _end(self, side: str, net: nn.Module, start: float) -> float:
        seconds = time.perf_counter() - start
        net.eval()
        with torch.no_grad():
            self.found[side].append(self.loss(net(self.test[0]), self.test[1]).item())
        return seconds / len(self.training[0])


RACES: dict[str, Race] = {}  # that a process begun here knows too


def run(name: str, rounds: int = 5) -> None:
    race = RACES[name] = Race(name)
    # It begins before this one keeps its heap.
    with ProcessPoolExecutor(1, FORK) as other:

        def there(side: str) -> float:
            seconds, loss = other.submit(_side, name, side).result()
            race.found.setdefault(side, []).append(loss)
            return seconds

        _sides(name, race, there, rounds)


def _side(name: str, side: str) -> tuple[float, float]:
    """Seconds per example, and the loss of rows held out."""
    race = RACES[name]
    return getattr(race, side)(), race.found[side][-1]


def _sides(name: str, race: Race, there: Callable[[str], float], rounds: int) -> None:
    there("theirs")

    def theirs() -> float:
        return there("theirs")

    _compare(f"{name}, batch {BATCHES[name]}", race.ours, theirs, WANTED[name], rounds)
    print(f"  {race.choices[False].in_words()}")
    if has_bf16(CPU):
        wanted = WANTED_BF16.get(name, "-")
        _compare(f"{name}, precision auto", lambda: race.ours(bf16=True), theirs, wanted, rounds)
        print(f"  {race.choices[True].in_words()}")
    try:
        import lightning_fabric  # noqa: F401
    except ImportError:
        print("  Fabric: not installed")
    else:
        _compare(f"{name}, Fabric", lambda: there("fabric"), theirs, "-", rounds)
    losses = [f"{side} {statistics.median(found):.4f}" for side, found in race.found.items()]
    spread = max(race.found["theirs"]) - min(race.found["theirs"])
    print(f"  loss of rows held out: {', '.join(losses)}; from seed to seed {spread:.4f}")


def _compare(title: str, ours: Callable[[], float], theirs: Callable[[], float], wanted: str, rounds: int) -> None:
    ours_s, theirs_s, ratio = paired(ours, theirs, rounds)
    line(title, f"{1 / ours_s:,.0f}/s", f"{1 / theirs_s:,.0f}/s", 1 / ratio, wanted)


def main() -> None:
    torch.set_num_threads(1)
    for name in sys.argv[1:] or LAYERS:
        alone = FORK.Process(target=run, args=(name,))
        alone.start()
        alone.join()
        if alone.exitcode:
            sys.exit(alone.exitcode)


if __name__ == "__main__":
    main()
