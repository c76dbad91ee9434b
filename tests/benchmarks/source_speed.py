"""From files to the first batch, and how much memory a stream takes.

- a CSV of 1,000,000 rows and 20 columns to the first batch, against pandas, scikit-learn's ColumnTransformer and a
  DataLoader of the same preparation
- a folder of images to tensors, against a DataLoader with pillow and as many workers
- the peak of a training on a streamed Parquet file, against its cap

    python tests/benchmarks/source_speed.py
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from timing import line, paired, seconds
from torch.utils.data import DataLoader, Dataset, TensorDataset

from nnspec.data import load_examples
from nnspec.graph import load_network
from nnspec.training.train import feed_of

CPU = torch.device("cpu")
ROWS, IMAGES, STREAMED_ROWS = 1_000_000, 2_000, 2_000_000
CAP = "2GB"

TABLE = """
nnspec: 1
data: {source: rows.csv, split: {validation: 0, test: 0.1}}
inputs:
  numbers: {columns: ["x*"], shape: [18], prepare: [Standardize]}
  city: {column: city, prepare: [{OneHot: 4}]}
layers:
  - {Concat: null, from: [numbers, city]}
  - Linear: 2
outputs: {y: {loss: CrossEntropyLoss}}
optimizer: Adam
train: {batch_size: 256}
"""
PHOTOS = """
nnspec: 1
data: {source: photos, split: {validation: 0, test: 0}}
inputs: {image: {prepare: [{Image: {size: [64, 64]}}, ToChannelsFirst, NormalizeImage]}}
layers: [Flatten, Linear: 2]
outputs: {y: {column: class, loss: CrossEntropyLoss}}
optimizer: Adam
train: {batch_size: 64}
"""
STREAM = """
nnspec: 1
data: {source: rows.parquet, split: {validation: 0.05, test: 0.05}}
inputs: {x: {columns: ["x*"], shape: [100], prepare: [Standardize]}}
layers: [Linear: 2]
outputs: {y: {loss: CrossEntropyLoss, metrics: [Accuracy]}}
optimizer: Adam
train: {epochs: 1, batch_size: 1024}
"""
PEAK = """
import resource, sys
from nnspec.cli.main import main
code = main(["train", "net.yaml", "--memory", sys.argv[1], "--quiet"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
sys.exit(code)
"""


def first_batch(folder: Path) -> None:
    network = load_network(folder / "net.yaml")
    data = load_examples(network.spec, folder, network.graph.output_tensors)
    feed = feed_of(network.spec, network.graph, data, "train", CPU)
    batch = next(feed.shuffled(network.spec.train.batch_size, torch.Generator().manual_seed(0)))[0]
    assert batch.rows > 1


def first_batch_of_theirs(folder: Path) -> None:
    import pandas
    from sklearn.compose import ColumnTransformer
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    frame = pandas.read_csv(folder / "rows.csv")
    train, _ = train_test_split(frame, test_size=0.1, random_state=0)
    numbers = [name for name in frame.columns if name.startswith("x")]
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    prepare = ColumnTransformer([("numbers", StandardScaler(), numbers), ("city", encoder, ["city"])])
    x = torch.from_numpy(prepare.fit_transform(train).astype(np.float32))
    y = torch.from_numpy(train["y"].to_numpy())
    assert len(next(iter(DataLoader(TensorDataset(x, y), batch_size=256, shuffle=True)))) == 2


class Photos(Dataset):
    """What everybody writes: a path, pillow, a tensor."""

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(folder.glob("*/*.jpg"))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        from PIL import Image

        with Image.open(self.paths[index]) as image:
            small = image.convert("RGB").resize((64, 64), Image.Resampling.BILINEAR)
        x = torch.from_numpy(np.asarray(small).copy()).permute(2, 0, 1).float() / 255
        mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        return (x - mean[:, None, None]) / std[:, None, None], int(self.paths[index].parent.name == "b")


def all_photos(folder: Path) -> None:
    network = load_network(folder / "net.yaml")
    data = load_examples(network.spec, folder, network.graph.output_tensors, memory=1)
    feed = feed_of(network.spec, network.graph, data, "train", CPU)
    chunks = feed.shuffled(64, torch.Generator().manual_seed(0))
    assert sum(batch.rows for chunk in chunks for batch in chunk) == IMAGES


def all_photos_of_theirs(folder: Path) -> None:
    loader = DataLoader(Photos(folder / "photos"), batch_size=64, shuffle=True, num_workers=os.cpu_count() or 1)
    assert sum(len(x) for x, _ in loader) == IMAGES


def write_rows(folder: Path) -> None:
    import pandas

    random = np.random.default_rng(0)
    frame = pandas.DataFrame(random.normal(3, 10, (ROWS, 18)).round(4), columns=[f"x{i}" for i in range(18)])
    frame["city"] = random.choice(["Rome", "Oslo", "Bonn", "Bern"], ROWS)
    frame["y"] = random.integers(0, 2, ROWS)
    frame.to_csv(folder / "rows.csv", index=False)
    (folder / "net.yaml").write_text(TABLE)


def write_photos(folder: Path) -> None:
    from PIL import Image

    random = np.random.default_rng(0)
    for index in range(IMAGES):
        path = folder / "photos" / "ab"[index % 2] / f"{index}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray(random.integers(0, 256, (24, 32, 3), dtype=np.uint8))
        small.resize((256, 192), Image.Resampling.BICUBIC).save(path, quality=90)
    (folder / "net.yaml").write_text(PHOTOS)


def write_parquet(folder: Path) -> None:
    import polars

    random, parts = np.random.default_rng(0), []
    for part in range(8):
        x = random.normal(size=(STREAMED_ROWS // 8, 100)).astype(np.float32)
        frame = polars.DataFrame({f"x{i}": x[:, i] for i in range(100)})
        frame = frame.with_columns(polars.Series("y", (x[:, 0] > 0).astype(np.int8)))
        frame.write_parquet(folder / f"part{part}.parquet")
        parts.append(folder / f"part{part}.parquet")
    polars.scan_parquet(parts).sink_parquet(folder / "rows.parquet")
    for path in parts:
        path.unlink()
    (folder / "net.yaml").write_text(STREAM)


def peak_bytes(folder: Path) -> int:
    done = subprocess.run([sys.executable, "-c", PEAK, CAP], cwd=folder, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


def race(title: str, write, ours, theirs, wanted: str, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        mine, other, _ = paired(lambda: seconds(lambda: ours(folder)), lambda: seconds(lambda: theirs(folder)), rounds)
        line(title, f"{mine:.2f} s", f"{other:.2f} s", other / mine, wanted)


def main() -> None:
    race("CSV of 1,000,000 x 20 to the first batch", write_rows, first_batch, first_batch_of_theirs, ">= 3", 3)
    race("2,000 photographs, decoded in an epoch", write_photos, all_photos, all_photos_of_theirs, ">= 1.0", 3)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_parquet(folder)
        size, peak = (folder / "rows.parquet").stat().st_size, peak_bytes(folder)
        cap = int(CAP.removesuffix("GB")) * 10**9
        line(f"peak of a stream of {size / 1e9:.2f} GB", f"{peak / 1e9:.2f} GB", CAP, peak / cap, "<= 1")


if __name__ == "__main__":
    main()
