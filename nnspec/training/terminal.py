"""The bar that a person at a terminal sees: how far, how fast, how well, and how well before."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nnspec.training.fit import Epoch
from nnspec.training.result import Metrics, metric_texts

if TYPE_CHECKING:
    from rich.progress import TaskID

BLOCKS = "▁▂▃▄▅▆▇█"
SPARKS = 12  # epochs that the small curve shows
BAR = 10
GAP = "  "


class Terminal:
    """A bar that is drawn again and again, with the time left; what finds no room is left out, the least first."""

    def __init__(self, patience: int | None = None) -> None:
        # rich takes 0.1 s to import, and only a terminal needs it.
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar
        from rich.table import Column

        self.console, self.patience = Console(), patience
        self.bar = Bar(
            TextColumn("epoch {task.fields[epoch]}", table_column=Column(no_wrap=True)),
            BarColumn(bar_width=BAR),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[text]}", table_column=Column(no_wrap=True), markup=False),
            console=self.console,
        )
        self.task: TaskID | None = None
        self.of, self.text = "", ""
        self.best: Epoch | None = None
        self.losses: list[float] = []
        self.metrics: Metrics = {}

    def start(self, epochs: int | None, steps: int) -> None:
        self.of = f"/{epochs}" if epochs else ""
        self.task = self.bar.add_task("", total=epochs * steps if epochs else None, epoch=f"1{self.of}", text="")
        self.bar.start()

    def advance(self, steps: int) -> None:
        if self.task is not None:
            self.bar.advance(self.task, steps)

    def epoch(self, epoch: Epoch) -> None:
        self.best = epoch if epoch.better or self.best is None else self.best
        self.losses.append(judged(epoch))
        self.metrics = epoch.metrics or self.metrics  # an epoch of few steps may have none
        epoch = replace(epoch, metrics=self.metrics)
        number = f"{epoch.number}{self.of}"
        room = self.console.width - len("epoch ") - len(number) - BAR - len(" 00:00 ") - 4
        self.text = fitting(measures(epoch, self.best, self.losses, self.patience), room)
        if self.task is not None:
            self.bar.update(self.task, epoch=number, text=self.text)

    def tell(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False)

    def end(self) -> None:
        self.bar.stop()


def judged(epoch: Epoch) -> float:
    """The loss that weights are chosen by."""
    return epoch.train_loss if epoch.validation_loss is None else epoch.validation_loss


def measures(epoch: Epoch, best: Epoch, losses: Sequence[float], patience: int | None) -> list[tuple[int, str]]:
    """What there is to say, in its order, each with its rank: what ranks higher is left out first."""
    since = epoch.number - best.number
    waiting = f" ({since}/{patience})" if patience and since else ""
    found = [(1 if epoch.validation_loss is not None else 0, f"loss {epoch.train_loss:.4g}")]
    if epoch.validation_loss is not None:
        found.append((0, f"validation {epoch.validation_loss:.4g}"))
    found.append((3, sparkline(losses[-SPARKS:])))
    found += [(2, text) for text in metric_texts(epoch.metrics)]
    found.append((4, f"best {judged(best):.4g} in {best.number}{waiting}"))
    return [*found, (5, f"{epoch.examples_per_second:,.0f}/s")]


def fitting(parts: Sequence[tuple[int, str]], room: int) -> str:
    """As many of the parts as one line holds."""
    kept = list(parts)
    while kept and len(GAP.join(text for _, text in kept)) > room:
        kept.remove(max(reversed(kept), key=lambda part: part[0]))
    return GAP.join(text for _, text in kept)


def sparkline(values: Sequence[float]) -> str:
    """A small curve in one line of text: `█▅▃▂▁`."""
    if not values:
        return ""
    low, high = min(values), max(values)
    scale = (len(BLOCKS) - 1) / (high - low) if high > low else 0
    return "".join(BLOCKS[round((value - low) * scale)] for value in values)
