"""A logger: a text file with a line for each epoch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Notes:
    """Writes `notes.txt` into the run folder."""

    def start(self, folder: Path, spec: Mapping[str, Any]) -> None:
        self.path, self.lines = folder / "notes.txt", [f"{spec['name']} begins"]

    def epoch(self, line: Mapping[str, Any]) -> None:
        self.lines.append(f"epoch {line['epoch']}")

    def end(self, result: Mapping[str, Any] | None) -> None:
        self.lines.append("ends well" if result else "ends badly")
        self.path.write_text("\n".join(self.lines))
