"""What a person sees of a training: a bar on a terminal, a few lines in a log."""

import math
import os
import sys
from typing import Any, Protocol, TextIO

from nnspec.files import json_line
from nnspec.training.fit import Epoch
from nnspec.training.result import metric_texts
from nnspec.training.terminal import Terminal

MAX_LINES = 20  # of a whole training, where there is no terminal


class Progress(Protocol):
    """Someone who follows a training. Any object with these methods will do."""

    def start(self, epochs: int | None, steps: int) -> None:
        """It begins: at most so many epochs, None where time alone ends it, of so many steps each."""
        ...

    def advance(self, steps: int) -> None:
        """So many steps more of the epoch at hand are done."""
        ...

    def epoch(self, epoch: Epoch) -> None:
        """An epoch came to its end."""
        ...

    def tell(self, text: str) -> None:
        """Something that is worth a line of its own."""
        ...

    def end(self) -> None:
        """No more epochs will come, for whatever reason."""
        ...


class Silent:
    """Follows without a word."""

    def start(self, epochs: int | None, steps: int) -> None: ...

    def advance(self, steps: int) -> None: ...

    def epoch(self, epoch: Epoch) -> None: ...

    def tell(self, text: str) -> None: ...

    def end(self) -> None: ...


class Lines:
    """At most twenty lines of plain text: the first epoch, the last, and some evenly between."""

    def __init__(self, file: TextIO | None = None) -> None:
        self.file = file or sys.stdout
        self.epochs: int | None = None
        self.waiting: Epoch | None = None

    def start(self, epochs: int | None, steps: int) -> None:
        self.epochs = epochs

    def advance(self, steps: int) -> None: ...

    def epoch(self, epoch: Epoch) -> None:
        self.waiting = epoch
        if epoch.number == 1 or self._is_due(epoch.number):
            self._print()

    def _is_due(self, number: int) -> bool:
        """Evenly; where nobody knows how many will come, ever more seldom."""
        if self.epochs is None:
            return number.bit_count() == 1
        return number % math.ceil(self.epochs / (MAX_LINES - 2)) == 0

    def tell(self, text: str) -> None:
        print(text, file=self.file, flush=True)

    def end(self) -> None:
        self._print()

    def _print(self) -> None:
        if self.waiting:
            width = len(str(self.epochs or ""))
            of = f"/{self.epochs}" if self.epochs else ""
            print(f"epoch {self.waiting.number:>{width}}{of}  {describe(self.waiting)}", file=self.file)
            self.file.flush()
        self.waiting = None


class JsonLines:
    """A JSON object a line, for programs: one when it starts, and one for each epoch."""

    def __init__(self, file: TextIO | None = None) -> None:
        self.file = file or sys.stdout

    def start(self, epochs: int | None, steps: int) -> None:
        self._print({"event": "start", "epochs": epochs, "steps": steps})

    def advance(self, steps: int) -> None: ...

    def epoch(self, epoch: Epoch) -> None:
        self._print({"event": "epoch", **epoch.as_json()})

    def tell(self, text: str) -> None:
        self._print({"event": "note", "text": text})

    def end(self) -> None: ...

    def _print(self, value: dict[str, Any]) -> None:
        print(json_line(value), file=self.file, flush=True)


def terminal_progress(patience: int | None = None) -> Progress:
    """A bar where standard output is a terminal, a few lines where it is not; `patience` is that of early stopping."""
    dumb = os.environ.get("TERM") == "dumb"
    return Terminal(patience) if sys.stdout.isatty() and not dumb else Lines()


def describe(epoch: Epoch) -> str:
    """`loss 0.0512  validation 0.0634  Accuracy 0.9815  41,200 examples/s  2.1 s`."""
    rate = f"{epoch.examples_per_second:,.0f} examples/s"
    return "  ".join([*_measures(epoch), rate, f"{epoch.seconds:.1f} s"])


def _measures(epoch: Epoch) -> list[str]:
    losses = [f"loss {epoch.train_loss:.4g}"]
    if epoch.validation_loss is not None:
        losses.append(f"validation {epoch.validation_loss:.4g}")
    return losses + metric_texts(epoch.metrics)
