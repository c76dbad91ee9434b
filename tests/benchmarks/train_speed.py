"""Examples a second of nnspec's training loop against the one that everybody writes, on one thread.

The other side is `DataLoader(TensorDataset(...), shuffle=True)`, torch's default Adam, `loss.item()` each step. Both
train the very same module, from the same weights; a round trains both, one after the other.

    python tests/benchmarks/train_speed.py
"""

import statistics
import time

import torch
from timing import line, paired
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from nnspec.codegen.load import load
from nnspec.codegen.write import write
from nnspec.graph import Network, parse_network
from nnspec.training.batches import Examples
from nnspec.training.best import Best
from nnspec.training.evaluate import Judge
from nnspec.training.fit import fit
from nnspec.training.interrupt import Stop
from nnspec.training.objective import compile_objective
from nnspec.training.train import make_learner

CPU = torch.device("cpu")

TABULAR = """
nnspec: 1
inputs: {x: [20]}
layers: [Linear: 64, ReLU, Linear: 64, ReLU, Linear: 1]
outputs: {y: {loss: MSELoss}}
optimizer: Adam
train: {epochs: %d, batch_size: 256}
"""

DIGITS = """
nnspec: 1
inputs: {image: [1, 8, 8]}
layers:
  - Conv2d: {out_channels: 16, kernel_size: 3, padding: same}
  - BatchNorm2d
  - ReLU
  - MaxPool2d: 2
  - Conv2d: {out_channels: 32, kernel_size: 3, padding: same}
  - BatchNorm2d
  - ReLU
  - MaxPool2d: 2
  - Flatten
  - Linear: 10
outputs: {digit: {loss: CrossEntropyLoss}}
optimizer: Adam
train: {epochs: %d, batch_size: 64}
"""


def tabular(rows: int = 100_000) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    x = torch.randn(rows, 20, generator=random)
    return x, torch.sin(x @ torch.randn(20, 1, generator=random))


def digits() -> tuple[Tensor, Tensor]:
    from sklearn.datasets import load_digits

    data = load_digits()
    return torch.from_numpy(data.images[:, None] / 16).float(), torch.from_numpy(data.target)


class Race:
    """One network and its data, to be trained by either side."""

    def __init__(self, text: str, epochs: int, data: tuple[Tensor, Tensor], loss: nn.Module) -> None:
        self.network: Network = parse_network(text % epochs)
        self.epochs, self.loss = epochs, loss
        held_out = len(data[0]) // 10
        self.training = tuple(x[held_out:] for x in data)
        self.test = tuple(x[:held_out] for x in data)
        self.found: dict[str, list[float]] = {"ours": [], "theirs": []}

    def net(self) -> nn.Module:
        torch.manual_seed(len(self.found["theirs"]))  # the same weights on both sides, others in each round
        return load(write(self.network.graph), "net.py", {})

    def ours(self) -> float:
        """Seconds per example."""
        net, spec = self.net(), self.network.spec
        judge = Judge(spec, self.network.graph, compile_objective(spec), {})
        training, nothing = (Examples((x,), (y,), CPU) for x, y in (self.training, [x[:0] for x in self.test]))
        learner = make_learner(spec, net, judge, training.rows, seed=0)
        start = time.perf_counter()
        for _ in fit(learner, judge, training, nothing, Best(net, None), Stop(), lambda steps: None):
            pass
        return self._end("ours", net, start)

    def theirs(self) -> float:
        """Seconds per example."""
        net = self.net()
        loader = DataLoader(TensorDataset(*self.training), batch_size=self.network.spec.train.batch_size, shuffle=True)
        optimizer = torch.optim.Adam(net.parameters())
        start = time.perf_counter()
        for _ in range(self.epochs):
            net.train()
            total = 0.0
            for x, y in loader:
                optimizer.zero_grad()
                loss = self.loss(net(x), y)
                loss.backward()
                optimizer.step()
                total += loss.item()
        return self._end("theirs", net, start)

    def _end(self, side: str, net: nn.Module, start: float) -> float:
        seconds = time.perf_counter() - start
        net.eval()
        with torch.no_grad():
            self.found[side].append(self.loss(net(self.test[0]), self.test[1]).item())
        return seconds / (self.epochs * len(self.training[0]))


def run(title: str, race: Race, wanted: str, rounds: int) -> None:
    ours, theirs, _ = paired(race.ours, race.theirs, rounds)
    ratio = theirs / ours
    line(title, f"{1 / ours:,.0f}/s", f"{1 / theirs:,.0f}/s", ratio, wanted)
    medians = [statistics.median(losses) for losses in race.found.values()]
    print(f"{'  loss of rows held out':<42} {medians[0]:>14.5f} {medians[1]:>14.5f}")


def main() -> None:
    torch.set_num_threads(1)
    run("tabular 20-64-64-1, batch 256", Race(TABULAR, 2, tabular(), nn.MSELoss()), ">= 2.2", rounds=7)
    run("digits, two convolutions, batch 64", Race(DIGITS, 4, digits(), nn.CrossEntropyLoss()), ">= 1.0", rounds=7)


if __name__ == "__main__":
    main()
