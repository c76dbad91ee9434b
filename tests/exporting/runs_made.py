"""Run folders as training leaves them, without the training."""

from pathlib import Path

import numpy as np
import torch

from nnspec.codegen.load import load, save_weights
from nnspec.codegen.write import write
from nnspec.graph.network import Network, parse_network
from nnspec.prepare import FittedOutput, Preparation
from nnspec.prepare.fitted import fit
from nnspec.runs import Run, create
from nnspec.spec.resolve import resolve

TWO_HEADS = """\
nnspec: 1
name: houses
inputs:
  sizes: {columns: [rooms, area], prepare: [Standardize]}
  views: {shape: [T, 3]}
layers:
  - LSTM: 5
    from: views
  - Last
  - Concat: {}
    from: [_, sizes]
  - Linear: 8
    name: trunk
  - Tanh
  - Linear: 3
    name: kinds
  - Linear: 1
    name: value
    from: tanh_1
outputs:
  kind: {from: kinds, loss: CrossEntropyLoss, metrics: [Accuracy]}
  price: {from: value, loss: MSELoss, metrics: [MeanAbsoluteError, R2Score], prepare: [Standardize]}
"""


def made_run(folder: Path, *, rows: int = 300, seed: int = 0, text: str = TWO_HEADS) -> Run:
    """The run of a network with random weights, fitted to random rows."""
    net = parse_network(text, "houses.yaml")
    random = np.random.default_rng(seed)
    inputs = {"sizes": random.normal(50, 20, (rows, 2)), "views": random.normal(size=(rows, 4, 3))}
    inputs = {name: array.astype(np.float32) for name, array in inputs.items()}
    price = random.normal(300_000, 50_000, (rows, 1)).astype(np.float32)
    run = create(folder, "houses", resolve(net.spec), text=text)
    run.write_source(write(net.graph).text)
    torch.manual_seed(seed)
    save_weights(load(write(net.graph), "net.py", {}), run.file("weights.safetensors"))
    run.write_preparation(preparation(net, inputs, price))
    if rows:
        run.write_examples({**inputs, "kind": random.integers(0, 3, rows), "price": price})
    return run


def preparation(net: Network, inputs: dict[str, np.ndarray], price: np.ndarray) -> Preparation:
    spec = net.spec
    return Preparation(
        {name: fit(given.steps, inputs[name]) for name, given in spec.inputs.items()},
        {
            "kind": FittedOutput(("flat", "house", "villa")),
            "price": FittedOutput((), fit(spec.outputs["price"].steps, price)),
        },
        {name: given.columns for name, given in spec.inputs.items()},
    )
