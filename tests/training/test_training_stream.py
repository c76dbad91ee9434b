"""Training on inputs that stay in their file: the same examples and preparation, in buffers that are mixed."""

import numpy as np
import polars
import pytest
import torch

from nnspec.data import StreamedPart, load_examples
from nnspec.data import streamed as streamed_module
from nnspec.diagnostics import SpecError
from nnspec.graph import parse_network
from nnspec.training.train import feed_of, tensors_of

SPEC = """\
nnspec: 1
data: {source: rows.SUFFIX, split: {validation: 0.1, test: 0.1}}
inputs:
  x: {columns: [a, b], prepare: [{Impute: mean}, Standardize]}
  kind: {column: kind, prepare: [{OneHot: 4}]}
layers:
  - {Concat: null, from: [x, kind]}
  - Linear: 2
outputs: {y: {loss: CrossEntropyLoss}}
optimizer: SGD
train: {epochs: 2, batch_size: 32}
"""
ROWS = 1000
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(streamed_module, "MOST_ROWS", 37)
    monkeypatch.setattr(streamed_module, "FEWEST_ROWS", 7)


def frame():
    random = np.random.default_rng(0)
    a = random.normal(3, 5, ROWS)
    gaps = [None if row % 7 == 0 else float(row) for row in range(ROWS)]
    kinds = random.choice(["oak", "elm", "ash"], ROWS)
    return polars.DataFrame({"a": a, "b": gaps, "kind": kinds, "y": (a > 3).astype(int)})


def write(folder, suffix):
    writers = {"parquet": frame().write_parquet, "feather": frame().write_ipc, "csv": frame().write_csv}
    writers[suffix](folder / f"rows.{suffix}")


def both(folder, suffix, memory=200_000, spec=SPEC):
    network = parse_network(spec.replace("SUFFIX", suffix))
    found = [
        load_examples(network.spec, folder, network.graph.output_tensors, network.graph.lookups, memory=room)
        for room in (None, memory)
    ]
    return network, *found


@pytest.mark.parametrize("suffix", ["parquet", "feather", "csv"])
def test_a_stream_has_the_examples_and_the_preparation_of_memory(tmp_path, suffix):
    write(tmp_path, suffix)
    network, held, streamed = both(tmp_path, suffix)
    assert isinstance(streamed.train, StreamedPart)
    for name in ("train", "validation", "test"):
        one, other = getattr(held, name), getattr(streamed, name)
        assert len(other.chunks) > 10
        assert (one.rows.tolist(), one.lengths) == (other.rows.tolist(), other.lengths)
        assert np.array_equal(one.targets["y"], other.targets["y"])
        head = other.head(len(other))
        assert all(np.array_equal(head[key], one.raw[key], equal_nan=key == "x") for key in ("x", "kind"))
    for name, steps in held.preparation.as_json()["inputs"].items():
        others = streamed.preparation.as_json()["inputs"][name]
        assert [step.keys() for step in steps] == [step.keys() for step in others]
        for step, other in zip(steps, others, strict=True):
            for key, value in step["state"].items():
                if isinstance(value, list) and value and isinstance(value[0], float):
                    assert other["state"][key] == pytest.approx(value, rel=1e-9)
                else:
                    assert other["state"][key] == value
    examples = tensors_of(network.spec, network.graph, held, "validation", CPU)
    feed = feed_of(network.spec, network.graph, streamed, "validation", CPU)
    batches = list(feed.in_order(10))
    for index, whole in enumerate(examples.inputs):
        assert torch.allclose(torch.cat([batch.inputs[index] for batch in batches]), whole, atol=1e-6)
    assert torch.cat([batch.targets[0] for batch in batches]).equal(examples.targets[0])


def values(feed, seed, skip=0):
    """What each batch of an epoch holds: its first input and its target."""
    chunks = feed.shuffled(32, torch.Generator().manual_seed(seed), skip)
    batches = [batch for chunk in chunks for batch in chunk]
    return [torch.cat([batch.inputs[0].double(), batch.targets[0][:, None]], dim=1).tolist() for batch in batches]


def test_an_epoch_of_a_stream_has_every_example_once_well_mixed(tmp_path):
    write(tmp_path, "parquet")
    network, held, streamed = both(tmp_path, "parquet")
    feed = feed_of(network.spec, network.graph, streamed, "train", CPU)
    assert feed.buffer_rows < 350
    first, again, other = values(feed, 0), values(feed, 0), values(feed, 1)
    assert [len(batch) for batch in first] == [32] * 25
    assert first == again != other
    examples = tensors_of(network.spec, network.graph, held, "train", CPU)
    whole = torch.cat([examples.inputs[0].double(), examples.targets[0][:, None]], dim=1)
    for epoch in (first, other):
        rows = torch.tensor(sorted(row for batch in epoch for row in batch))
        assert torch.allclose(rows, torch.tensor(sorted(whole.tolist())), atol=1e-6)
    place = {round(row[1], 4): at for at, row in enumerate(whole.tolist())}
    spread = [np.ptp([place.get(round(row[1], 4), 0) for row in batch]) for batch in first]
    assert np.median(spread) > 400  # rows of a batch come from all over the file


@pytest.mark.parametrize("skip", [1, 7, 8, 24, 25])
def test_an_epoch_of_a_stream_goes_on_after_the_batches_that_were_taken(tmp_path, skip):
    write(tmp_path, "parquet")
    network, _, streamed = both(tmp_path, "parquet")
    feed = feed_of(network.spec, network.graph, streamed, "train", CPU)
    assert values(feed, 3, skip) == values(feed, 3)[skip:]


def test_a_mistake_is_told_before_the_training_with_its_row(tmp_path):
    rows = frame().with_columns(b=polars.Series([float(row) if row != 777 else float("inf") for row in range(ROWS)]))
    rows.write_parquet(tmp_path / "rows.parquet")
    with pytest.raises(SpecError) as caught:
        both(tmp_path, "parquet")
    held = str(caught.value)
    network = parse_network(SPEC.replace("SUFFIX", "parquet"))
    with pytest.raises(SpecError) as caught:
        load_examples(network.spec, tmp_path, network.graph.output_tensors, memory=200_000)
    assert (
        str(caught.value) == held == ("rows.parquet: error[data-value]: row 778 of 'b': 'inf' is not a finite number")
    )


def test_a_batch_that_memory_does_not_hold_is_refused(tmp_path):
    write(tmp_path, "parquet")
    network, _, streamed = both(tmp_path, "parquet", spec=SPEC.replace("batch_size: 32", "batch_size: full"))
    with pytest.raises(SpecError) as caught:
        feed_of(network.spec, network.graph, streamed, "train", CPU)
    assert (
        str(caught.value)
        .splitlines()[0]
        .startswith("spec.yaml:11:32: error[limit]: a batch of 800 examples is more than the ")
    )


def test_arrays_on_the_disk_are_streamed_too(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(3000, dtype=np.float32).reshape(ROWS, 3))
    np.save(tmp_path / "y.npy", np.arange(ROWS) % 2)
    spec = """\
nnspec: 1
data: {source: {x: x.npy, y: y.npy}}
inputs: {x: {shape: [T], prepare: [{Scale: 10}]}}
layers: [{Reshape: {shape: [3]}}, Linear: 2]
outputs: {y: {loss: CrossEntropyLoss}}
optimizer: SGD
"""
    network = parse_network(spec.replace("[T]", "[3]"))
    streamed = load_examples(network.spec, tmp_path, network.graph.output_tensors, memory=70_000)
    feed = feed_of(network.spec, network.graph, streamed, "train", CPU)
    seen = sorted(row[0] for batch in values(feed, 0) for row in batch)
    assert seen == pytest.approx([row * 3 / 10 for row in streamed.train.rows], rel=1e-6)
