"""Every benchmark, one after the other: `python tests/benchmarks`. Ratios of one run, since machines differ."""

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parent

if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    for name in (
        "check_speed",
        "train_speed",
        "process_speed",
        "export_speed",
        "tune_speed",
        "source_speed",
        "health_speed",
    ):
        print(f"# {name}", flush=True)
        runpy.run_path(str(HERE / f"{name}.py"), run_name="__main__")
