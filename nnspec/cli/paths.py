"""Paths as a person reads and types them."""

import os
import shlex
from pathlib import Path


def shown(path: Path) -> str:
    """A path from here, where it is below."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def typed(path: Path) -> str:
    """The same, in quotes where a shell needs them."""
    return shlex.quote(shown(path))
