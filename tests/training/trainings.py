"""Small trainings, on arrays made up here and on files written here."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from nnspec.codegen.load import load
from nnspec.codegen.write import write
from nnspec.graph import Network, load_network, parse_network
from nnspec.runs import Run
from nnspec.training import Progress, Result, train_spec
from nnspec.training.batches import Examples
from nnspec.training.best import Best
from nnspec.training.evaluate import Judge
from nnspec.training.fit import Epoch, fit
from nnspec.training.interrupt import Stop
from nnspec.training.learner import Learner
from nnspec.training.objective import compile_objective
from nnspec.training.train import make_learner

CPU = torch.device("cpu")
torch.set_num_threads(1)  # these networks are too small to share


class Training:
    """A network, its examples in memory, and the loop over them without any file."""

    def __init__(
        self, text: str, data: tuple[Tensor, Tensor], validation: tuple[Tensor, Tensor] | None = None, seed: int = 0
    ) -> None:
        self.network = parse_network(text)
        spec, graph = self.network.spec, self.network.graph
        torch.manual_seed(seed)
        self.net = load(write(graph), "net.py", {})
        self.judge = Judge(spec, graph, compile_objective(spec), {})
        self.data = Examples((data[0],), (data[1],), CPU)
        held_out = validation or (data[0][:0], data[1][:0])
        self.validation = Examples((held_out[0],), (held_out[1],), CPU)
        self.learner: Learner = make_learner(spec, self.net, self.judge, self.data.rows, seed)
        self.best = Best(self.net, spec.train.early_stopping)

    def run(self, stop: Stop | None = None) -> list[Epoch]:
        steps = fit(self.learner, self.judge, self.data, self.validation, self.best, stop or Stop(), lambda steps: None)
        return list(steps)


def copy_of(net: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in net.state_dict().items()}


def line_with_noise(rows: int = 64, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Four numbers, and a weighted sum of them with noise."""
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, 4, generator=random)
    noise = 0.1 * torch.randn(rows, 1, generator=random)
    return x, x @ torch.tensor([[1.0], [-2.0], [0.5], [3.0]]) + noise


def write_two_kinds(folder: Path, rows: int = 200) -> None:
    """`rows.csv`: two kinds of points that a line can nearly tell apart."""
    random = np.random.default_rng(0)
    kinds = random.integers(0, 2, rows)
    points = random.normal(size=(rows, 2)) + 2.0 * kinds[:, None]
    lines = [f"{a:.4f},{b:.4f},{'high' if kind else 'low'}" for (a, b), kind in zip(points, kinds, strict=True)]
    (folder / "rows.csv").write_text("\n".join(["a,b,kind", *lines]) + "\n")


TWO_KINDS = """
nnspec: 1
name: kinds
data: {source: rows.csv, split: {validation: 0.2, test: 0.2, stratify: true}}
inputs: {point: {columns: [a, b], prepare: [Standardize]}}
layers: [Linear: 8, ReLU, Linear: 2]
outputs: {kind: {loss: CrossEntropyLoss, metrics: [Accuracy]}}
optimizer: {Adam: {lr: 1e-2}}
train: {epochs: 10, batch_size: 16}
"""


def two_kinds(folder: Path, *overrides: str) -> Network:
    write_two_kinds(folder)
    (folder / "kinds.yaml").write_text(TWO_KINDS)
    return load_network(folder / "kinds.yaml", overrides)


def trained(network: Network, run_dir: Path, progress: Progress | None = None, **more: int | str) -> tuple[Run, Result]:
    return train_spec(
        network.spec,
        network.graph,
        network.folder,
        run_dir=run_dir,
        progress=progress,
        **more,  # type: ignore[arg-type]
    )
