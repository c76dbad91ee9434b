"""What earlier trainings found fastest, in a file of this user's cache: `nnspec/steps.json` in $XDG_CACHE_HOME.

Nothing depends on it: a file that is not there, or is spoilt, means another trial.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnspec.files import write_json
from nnspec.training.trial import Choice

MOST = 500  # choices that are kept, the latest
MOST_BYTES = 2**22


def key(*parts: object) -> str:
    """What a choice depends on, as one short text."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:24]


def known(key: str, forms: Iterable[str]) -> Choice | None:
    """The choice of an earlier training, if it is one of these forms."""
    found = _read().get(key)
    if not isinstance(found, dict):
        return None
    try:
        choice = Choice(**{**found, "known": True})
        return choice if choice.form in ("off", *forms) and choice.in_words() else None
    except (TypeError, ValueError, KeyError, AttributeError):
        return None


def remember(key: str, choice: Choice) -> None:
    """Keep a choice, as far as the folder can be written."""
    found = {**_read(), key: replace(choice, known=False).as_json()}
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        write_json(_file(), dict(list(found.items())[-MOST:]))
    except OSError:
        return


def _file() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(home) / "nnspec" / "steps.json"


def _read() -> dict[str, Any]:
    try:
        if _file().stat().st_size > MOST_BYTES:
            return {}
        found = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
