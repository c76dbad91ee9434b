"""Small settings of each reference network for tables, texts and series, and rows that it can learn from."""

from pathlib import Path

import numpy as np

import nnspec
from nnspec.graph.network import Network

ROOT = Path(__file__).parents[2]
ROWS, LENGTH = 16, 6
# Values of the spec's parameters under which a step takes milliseconds.
SMALL = {
    "recommend/two_tower": ["users=5", "items=5", "embedding=4", "hidden=[8]", "vector=4", "temperature=0.5"],
    "series/nbeats": ["past=6", "horizon=3", "width=8", "layers=2", "depth=3"],
    "series/tcn": ["series=2", "channels=4", "kernel=3", "depth=3"],
    "series/wavenet": ["levels=5", "channels=4", "skips=6", "cycle=2", "depth=4"],
    "similarity/siamese": ["size=65", "width=2", "features=8"],
    "tabular/ft_transformer": ["numbers=3", "categories=2", "vocabulary=5", "width=8", "heads=2", "hidden=6"],
    "tabular/logistic_regression": [],
    "tabular/wide_and_deep": [
        "numbers=3",
        "crossed=4",
        "categories=2",
        "vocabulary=5",
        "embedding=2",
        "hidden=[8, 4]",
    ],
    "text/bert": ["vocabulary=5", "context=8", "width=8", "depth=2", "heads=2"],
    "text/bilstm_tagger": ["vocabulary=5", "embedding=4", "hidden=3", "tags=2"],
    "text/crnn": ["width=2", "hidden=3", "classes=4"],
    "text/gpt2": ["vocabulary=5", "context=8", "width=8", "depth=2", "heads=2"],
    "text/llama": ["vocabulary=5", "width=16", "depth=2", "heads=4", "groups=2", "hidden=12"],
    "text/lstm_classifier": ["vocabulary=5", "embedding=4", "hidden=6"],
    "text/seq2seq": ["source_words=5", "target_words=5", "width=6", "depth=2"],
    "text/transformer": ["vocabulary=5", "width=8", "hidden=12", "heads=2", "depth=2"],
}
FOLDERS = ("recommend", "series", "similarity", "tabular", "text")
NAMES = sorted(SMALL)


def small(name: str, *more: str, folder: Path = ROOT / "specs") -> Network:
    """The network at its small settings and these, from a copy of its spec in a folder where one is given."""
    path = folder / f"{name}.yaml"
    if not path.exists():
        path.parent.mkdir(parents=True)
        path.write_bytes((ROOT / "specs" / f"{name}.yaml").read_bytes())
    return nnspec.load(path, [*(f"params.{setting}" for setting in SMALL[name]), *more])


def write_rows(network: Network, path: Path) -> None:
    """An NPZ file of random rows with a column for each input and each target; every length is LENGTH."""
    random = np.random.default_rng(0)
    lengths = dict.fromkeys(network.graph.symbols, LENGTH)
    columns = {}
    for name, given in network.spec.inputs.items():
        shape = (ROWS, *network.graph.inputs[name].bind(lengths).shape[1:])
        whole = given.raw.dtype == "int64"
        columns[given.columns[0]] = random.integers(0, 2, shape) if whole else random.normal(size=shape).astype("f4")
    for name, output in network.spec.outputs.items():
        if not output.loss or not output.loss.compares:
            continue
        target = output.loss.target(network.graph.output_tensors[name].bind(lengths))
        shape = (ROWS, *target.shape[1:])
        values = random.integers(0, 2, shape)
        columns[output.column] = values if output.loss.reads == "classes" else values.astype("f4")
    np.savez(path, **columns)
