"""The record of a run: where and how it is trained."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from nnspec.graph.start import Start
from nnspec.runs import Run, environment
from nnspec.spec.spec import Spec
from nnspec.training.digests import check_same_data
from nnspec.training.engine import device_name


def keep_record(
    run: Run,
    spec: Spec,
    seed: int,
    device: torch.device,
    start: Start | None,
    data: Mapping[str, Any],
    chosen: Mapping[str, Any],
    before: Mapping[str, Any],
) -> None:
    """Write where and how the run is trained; of one that goes on, that it does, and on the same data."""
    if "started" in before:
        again = {} if "reproduces" in before else {"resumed": [*before.get("resumed", ()), now()]}
        run.write_record({**before, **again})
        return check_same_data(run, before.get("data", data), data)
    record: dict[str, Any] = {
        "spec": spec_name(spec),
        "seed": seed,
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "started": now(),
        "memory": before["memory"],
        "data": data,
        **({"chosen": chosen} if chosen else {}),
    }
    if start:
        record["weights"] = {"file": start.name, "taken": len(start.takes), "anew": list(start.anew)}
    return run.write_record({**environment(), **record})


def now() -> str:
    """The time as records have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def spec_name(spec: Spec) -> str:
    """The spec's file as it was named, but for folders of this machine."""
    path = Path(spec.root.span.text.name)
    return path.name if path.is_absolute() else path.as_posix()
