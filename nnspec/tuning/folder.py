"""The folder of a study: its journal, the spec it is of, and a run folder for each trial."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from nnspec.diagnostics import SpecError
from nnspec.files import read_json, write_json
from nnspec.runs import RUNS, slug
from nnspec.tuning.study import JOURNAL
from nnspec.tuning.tune import Tuned

STUDY = "study.json"  # what is looked for, and what for
PICTURE = "study.svg"


def open_study(asked: str | None, name: str, tuned: Tuned, overrides: Sequence[str]) -> Path:
    """The folder asked for, or a new one below `runs`; SpecError where it holds another study, or something else."""
    folder = Path(asked) if asked else RUNS / slug(name) / f"tune-{datetime.now():%Y%m%d-%H%M%S}"
    says = json.loads(
        json.dumps(
            {
                "spec": tuned.root.plain(),
                "overrides": list(overrides),
                "goal": tuned.goal.name,
                "direction": tuned.goal.direction,
            }
        )
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpecError.of("run-folder", f"cannot make {folder}: {(error.strerror or str(error)).lower()}") from None
    if (folder / STUDY).is_file():
        _check_same(folder, says)
    elif any(folder.iterdir()):
        message = f"{folder} is not empty, and no study"
        raise SpecError.of("run-folder", message, help="give a folder that is empty or not there yet")
    else:
        write_json(folder / STUDY, says)
        (folder / JOURNAL).touch()
    return folder


def _check_same(folder: Path, says: dict[str, object]) -> None:
    there = read_json(folder / STUDY)
    changed = [key for key in says if there.get(key) != says[key]]
    if changed:
        what = {"spec": "another spec", "overrides": "other --set values"}.get(changed[0], f"the {there.get('goal')}")
        message = f"{folder} holds a study of {what}"
        raise SpecError.of("run-folder", message, help="give another folder with --study, or none for a new one")
