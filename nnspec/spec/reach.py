"""Which files a spec may name: those below its own folder, and below the folders that --allow-path names."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from nnspec.diagnostics import Span, SpecError, Text

MAX_PATH = 4096
MAX_SHOWN = 60  # characters of a path that a message repeats
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
BESIDE = "name a file beside the spec or below its folder"
BELOW = f"{BESIDE}, or allow its folder with `--allow-path DIR`"


@dataclass(frozen=True, slots=True)
class Reach:
    """The folder of the spec that was asked for, and the other folders that it may read from."""

    folder: Path
    allowed: tuple[Path, ...] = ()

    def find(self, text: str, base: Path, span: Span, code: str = "path") -> Path:
        """The path that a text names from a folder; SpecError at the span where a spec may not read from there.

        Nothing is opened: whether a file stands there is the reader's to find out.
        """
        if fault := _fault(text):
            raise SpecError.of(code, fault, span, help=BESIDE)
        path = base / text
        try:
            below = self._is_below(path.resolve(), resolve=True)
        except (OSError, RuntimeError):  # after Python 3.12 a loop of links is met where the file is opened
            raise SpecError.of(code, f"{shown(text)} is a link that leads back to itself", span) from None
        if below:
            return path
        if _is_absolute(text):
            raise SpecError.of(code, f"{shown(text)} is an absolute path", span, help=BELOW)
        if self._is_below(_written(path), resolve=False):
            fault = f"{shown(text)} is a link that leaves the spec's folder"
            raise SpecError.of(code, fault, span, help="put a copy below the folder")
        raise SpecError.of(code, f"{shown(text)} leaves the spec's folder", span, help=BELOW)

    def _is_below(self, path: Path, *, resolve: bool) -> bool:
        roots = (root.resolve() if resolve else _written(root) for root in (self.folder, *self.allowed))
        return any(path.is_relative_to(root) for root in roots)


def allowed_folders(names: Iterable[Path | str]) -> tuple[Path, ...]:
    """The folders that --allow-path names; SpecError where one is none."""
    folders = tuple(map(Path, names))
    for folder in folders:
        if not folder.is_dir():
            text = Text("command line", (f"--allow-path {folder}",))
            span = Span(text, 1, 14, 1, 14 + max(1, len(str(folder))))
            raise SpecError.of("path", f"there is no folder {shown(str(folder))}", span)
    return folders


def shown(text: str) -> str:
    """A path as a message repeats it: quoted, short, nothing in it that drives a terminal."""
    return repr(text) if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]!r}…"


def _fault(text: str) -> str:
    """Why a text can name no file at all; empty where it can."""
    if not text.strip():
        return "the path is empty"
    if "\0" in text:
        return f"{shown(text)} has a NUL character"
    if len(text) > MAX_PATH:
        return f"the path has {len(text):,} characters, more than {MAX_PATH:,}"
    if URL.match(text) and not PureWindowsPath(text).drive:
        return f"{shown(text)} is an address, not a file"
    if text.startswith("~"):
        return f"{shown(text)} begins with ~, which is not expanded"
    if os.name == "posix" and PureWindowsPath(text).drive:
        return f"{shown(text)} is an absolute path"
    if "\\" in text and ".." in re.split(r"[/\\]", text):
        return f"{shown(text)} leaves the spec's folder"
    return ""


def _written(path: Path) -> Path:
    """The absolute path by its text alone, no link followed."""
    return Path(os.path.normpath(path.absolute()))


def _is_absolute(text: str) -> bool:
    return PurePosixPath(text).is_absolute() or bool(PureWindowsPath(text).drive)
