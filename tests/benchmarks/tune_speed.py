"""A population of sixteen against its networks one by one: the same trainings, the same data."""

import os
import tempfile
from pathlib import Path

import torch
from timing import line, paired, seconds

from nnspec.spec.compose import read_document
from nnspec.spec.search import find_searches
from nnspec.training import train_spec
from nnspec.training.interrupt import Stop
from nnspec.tuning import Tuned
from nnspec.tuning.goal import Goal
from nnspec.tuning.population import Round

SIZE = 16
SPEC = """\
nnspec: 1
data: {source: sklearn:digits, split: {validation: 0.2, stratify: true}}
inputs: {image: {column: image, shape: [1, 8, 8], prepare: [{Scale: 16}]}}
layers: [Flatten, Linear: 64, ReLU, Dropout: {$search: {uniform: [0, 0.5]}}, Linear: 10]
outputs: {digit: {column: target, loss: CrossEntropyLoss}}
optimizer: {Adam: {lr: {$search: {log: [1.0e-4, 1.0e-2]}}}}
train: {epochs: 5, batch_size: 64}
"""


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        path = Path("net.yaml")
        path.write_text(SPEC)
        root = read_document(path)
        tuned = Tuned(root, find_searches(root), path, Goal("validation loss"))
        rate, dropout = (search.name for search in reversed(tuned.searches))
        values = [{rate: 1e-3 * 1.1**number, dropout: number / 40} for number in range(SIZE)]
        networks = [tuned.network(chosen) for chosen in values]
        together = Round(tuned)
        ours, theirs, ratio = paired(
            lambda: seconds(lambda: together.members(networks, Stop())),
            lambda: seconds(lambda: [train_spec(one.spec, one.graph, path.parent) for one in networks]),
            3,
        )
        line(f"population of {SIZE} / one by one", f"{ours:.2f} s", f"{theirs:.2f} s", ratio, "<= 0.5")


if __name__ == "__main__":
    main()
