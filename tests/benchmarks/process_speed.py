"""A whole `nnspec train` as a process, with its export and proof, against the script that people write by hand.

Both read the same CSV of handwritten digits, train the same network for 30 epochs and write an ONNX file.

    python tests/benchmarks/process_speed.py
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import line, paired, seconds

SPEC = """
nnspec: 1
name: digits
data: {source: digits.csv, split: {validation: 0.15, test: 0.15, seed: 0}}
inputs: {image: {columns: ["pixel*"], shape: [64], prepare: [{Scale: 16}]}}
layers: [Linear: 64, ReLU, Linear: 10]
outputs: {digit: {loss: CrossEntropyLoss, metrics: [Accuracy]}}
optimizer: Adam
train: {epochs: 30, batch_size: 64}
"""

BY_HAND = """
import numpy as np, torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)
rows = np.loadtxt("digits.csv", delimiter=",", skiprows=1, dtype="float32")
x, y = torch.from_numpy(rows[:, :64] / 16), torch.from_numpy(rows[:, 64]).long()
order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
training, validation, test = order[:1258], order[1258:1527], order[1527:]
net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer, lossf = torch.optim.Adam(net.parameters()), nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(x[training], y[training]), batch_size=64, shuffle=True)
for epoch in range(30):
    net.train()
    total = 0.0
    for a, b in loader:
        optimizer.zero_grad()
        loss = lossf(net(a), b)
        loss.backward()
        optimizer.step()
        total += loss.item()
    net.eval()
    with torch.no_grad():
        print(epoch, total / len(loader), (net(x[validation]).argmax(1) == y[validation]).float().mean().item())
with torch.no_grad():
    print("test", (net(x[test]).argmax(1) == y[test]).float().mean().item())
shapes = ({0: torch.export.Dim("batch")},)
torch.onnx.export(net, (x[:2],), "by_hand.onnx", input_names=["image"], dynamic_shapes=shapes)
import onnxruntime
session = onnxruntime.InferenceSession("by_hand.onnx")
assert np.allclose(session.run(None, {"image": x[test].numpy()})[0], net(x[test]).detach().numpy(), atol=1e-4)
"""

# Ends as the first step would begin.
FIRST_STEP = """
import nnspec
class First:
    def start(self, epochs, steps):
        raise SystemExit
    advance = epoch = tell = end = lambda self, *_: None
nnspec.train("digits.yaml", progress=First())
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_digits(folder)
        (folder / "digits.yaml").write_text(SPEC)

        def process(*arguments: str) -> float:
            command = [sys.executable, *arguments]
            return seconds(lambda: subprocess.run(command, cwd=folder, check=True, capture_output=True))

        def train() -> float:
            return process("-m", "nnspec", "train", "digits.yaml")

        ours, theirs, ratio = paired(train, lambda: process("-c", BY_HAND), rounds=3)
        line("nnspec train digits / by hand", f"{ours:.2f} s", f"{theirs:.2f} s", ratio, "<= 0.45")
        first, torch_s, _ = paired(lambda: process("-c", FIRST_STEP), lambda: process("-c", "import torch"), rounds=3)
        line("to the first step / import torch", f"{first:.2f} s", f"{torch_s:.2f} s", first / torch_s, "<= 0.7 s more")
    print(f"  largest process {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB")


def _write_digits(folder: Path) -> None:
    from sklearn.datasets import load_digits

    data = load_digits()
    names = [*(f"pixel{place}" for place in range(64)), "digit"]
    rows = [[*map(int, image), int(digit)] for image, digit in zip(data.data, data.target, strict=True)]
    lines = [",".join(names), *(",".join(map(str, row)) for row in rows)]
    (folder / "digits.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
