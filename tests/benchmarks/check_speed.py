"""How long `nnspec check` takes as a whole process, against `import torch`; and how that grows with the layers."""

import subprocess
import sys
import tempfile
from pathlib import Path

from timing import line, paired, seconds

SPEC = Path(__file__).parents[2] / "specs" / "digits.yaml"


def process(*arguments: str) -> float:
    return seconds(lambda: subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL))


def check(path: Path) -> float:
    return process("-m", "nnspec", "check", str(path))


def chain(folder: Path, layers: int) -> Path:
    path = folder / f"chain_{layers}.yaml"
    path.write_text("nnspec: 1\ninputs: {x: [8]}\nlayers:\n" + "  - Linear: 8\n  - ReLU\n" * (layers // 2))
    return path


def main() -> None:
    ours, theirs, ratio = paired(lambda: check(SPEC), lambda: process("-c", "import torch"), rounds=7)
    line("check digits.yaml / import torch", f"{ours:.3f} s", f"{theirs:.3f} s", ratio, "<= 0.25")
    with tempfile.TemporaryDirectory() as folder:
        short, long = chain(Path(folder), 1000), chain(Path(folder), 10_000)
        long_s, short_s, ratio = paired(lambda: check(long), lambda: check(short), rounds=3)
        wanted = "<= 10, and 1,000 layers in <= 3 s"
        line("check 10,000 layers / 1,000 layers", f"{long_s:.3f} s", f"{short_s:.3f} s", ratio, wanted)


if __name__ == "__main__":
    main()
