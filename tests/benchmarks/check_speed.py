"""How long `nnspec check` takes as a whole process, against `import torch`; and how that grows with the layers."""

import subprocess
import sys
import tempfile
from collections.abc import Callable
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


BLOCKS = """nnspec: 1
inputs: {x: [8, 16, 16]}
blocks:
  conv_bn:
    params: {channels: required, kernel: 3}
    layers:
      - Conv2d: {out_channels: $channels, kernel_size: $kernel, padding: $(kernel // 2), bias: false}
      - BatchNorm2d
  basic:
    params: {width: required, stride: 1}
    layers:
      - Residual:
          body: [conv_bn: $width, ReLU, conv_bn: $width]
          shortcut:
            - conv_bn: {channels: $width, kernel: 1}
              when: $(stride != 1 or in_channels != width)
      - ReLU
layers:
  - {basic: 8, repeat: %d, name: stage}
"""
LAYERS_OF_BLOCK = 7


def residual(folder: Path, layers: int) -> Path:
    path = folder / f"residual_{layers}.yaml"
    path.write_text(BLOCKS % (layers // LAYERS_OF_BLOCK))
    return path


def main() -> None:
    ours, theirs, ratio = paired(lambda: check(SPEC), lambda: process("-c", "import torch"), rounds=7)
    line("check digits.yaml / import torch", f"{ours:.3f} s", f"{theirs:.3f} s", ratio, "<= 0.25")
    with tempfile.TemporaryDirectory() as folder:
        for make in (chain, residual):
            _measure_growth(Path(folder), make)


def _measure_growth(folder: Path, make: Callable[[Path, int], Path]) -> None:
    """300 layers beyond the start, and ten times as many layers against so many."""
    tiny, middle, short, long = (make(folder, layers) for layers in (14, 300, 1000, 10_000))
    middle_s, start_s, _ = paired(lambda: check(middle), lambda: check(tiny), rounds=5)
    beyond = f"{middle_s - start_s:.3f} s"
    line(f"check a {make.__name__} of 300 layers", f"{middle_s:.3f} s", beyond, middle_s / start_s, "<= 0.3 s beyond")
    long_s, short_s, ratio = paired(lambda: check(long), lambda: check(short), rounds=3)
    line(f"check a {make.__name__} of 10,000 / 1,000", f"{long_s:.3f} s", f"{short_s:.3f} s", ratio, "<= 12")


if __name__ == "__main__":
    main()
