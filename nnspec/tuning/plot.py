"""A picture of a study: how the trials went one after the other, and how the figure depends on each value."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from nnspec.source.node import Scalar
from nnspec.spec.search import Search
from nnspec.tuning.goal import Goal
from nnspec.tuning.study import Trial

WIDTH, COLUMNS = 960, 3
GAP, TOP, LEFT, BOTTOM = 24, 34, 58, 34  # of a panel, around its axes
TALL, SMALL = 230, 200
WIDE_SPREAD = 20  # a figure whose most is so many times its least is drawn on a logarithmic axis

STYLE = """
svg { font: 12px system-ui, sans-serif; background: #fff; color: #1f2933 }
text { fill: currentColor } .tick { fill: #66727f; font-size: 11px } .axis { stroke: #cbd2d9; fill: none }
.grid { stroke: #eef1f4 } .trial { fill: #2563eb; fill-opacity: .55 } .pruned { fill: none; stroke: #9aa5b1 }
.best { fill: #dc2626 } .line { fill: none; stroke: #dc2626; stroke-width: 1.5 } .title { font-weight: 600 }
@media (prefers-color-scheme: dark) { svg { background: #14181d; color: #e4e7eb } .grid { stroke: #232a32 }
.axis { stroke: #4b5866 } .tick { fill: #9aa5b1 } .trial { fill: #60a5fa } }
"""


@dataclass(frozen=True, slots=True)
class Axis:
    """From values to places between two ends; choices stand side by side."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False
    choices: tuple[Scalar, ...] = ()

    def place(self, value: Scalar) -> float:
        if self.choices:
            share = (self.choices.index(value) + 0.5) / len(self.choices)
        else:
            assert isinstance(value, int | float)
            low, high, at = (math.log(x) if self.is_log else x for x in (self.low, self.high, value))
            share = (at - low) / (high - low) if high > low else 0.5
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[tuple[float, str]]:
        if self.choices:
            return [(self.place(choice), str(choice)[:12]) for choice in self.choices]
        return [(self.place(value), f"{value:.3g}") for value in self._round_values()]

    def _round_values(self) -> list[float]:
        if self.is_log:
            exponents = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            tens = [10.0**exponent for exponent in exponents]
            marks = [mark * ten for ten in tens for mark in ((1, 2, 5) if len(tens) < 4 else (1,))]
            return [mark for mark in marks if self.low <= mark <= self.high]
        width = (self.high - self.low) or 1.0
        step = 10.0 ** math.floor(math.log10(width / 2))
        step *= next((times for times in (1, 2, 5, 10) if width / (step * times) <= 5), 10)
        first = math.ceil(self.low / step - 1e-9)
        return [number * step for number in range(first, first + 12) if number * step <= self.high + 1e-9 * width]


def plot(trials: Sequence[Trial], found: Sequence[Search], goal: Goal, shares: Mapping[str, float]) -> str:
    """The study as SVG; trials that failed are left out."""
    shown = [trial for trial in trials if trial.figure is not None and math.isfinite(trial.figure)]
    done = [trial for trial in shown if trial.state == "complete"]
    best = (max if goal.greater_is_better else min)(done, key=lambda trial: trial.figure or 0.0, default=None)
    figures = [trial.figure for trial in shown if trial.figure is not None]
    rows = math.ceil(len(found) / COLUMNS)
    height = TALL + rows * SMALL + GAP
    parts = [_history(shown, goal, figures, best)] if figures else []
    width = WIDTH / COLUMNS
    for index, search in enumerate(sorted(found, key=lambda search: -shares.get(search.name, 0.0))):
        corner = (index % COLUMNS * width, TALL + index // COLUMNS * SMALL)
        parts += [_panel(search, shown, figures, best, corner, shares.get(search.name))] if figures else []
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">'
        f"<title>{escape(goal.name)} of {len(shown)} trials</title><style>{STYLE}</style>{''.join(parts)}</svg>\n"
    )


def _history(trials: Sequence[Trial], goal: Goal, figures: Sequence[float], best: Trial | None) -> str:
    x = Axis(1, max(trial.number for trial in trials) + 1, LEFT, WIDTH - GAP)
    y = _figure_axis(figures, TALL - BOTTOM, TOP)
    reached: float | None = None
    steps: list[str] = []
    for trial in trials:
        if trial.state == "complete" and (reached is None or goal.better(trial.figure or 0.0, reached)):
            steps += [f"{x.place(trial.number + 1):.1f},{y.place(reached):.1f}"] if reached is not None else []
            reached = trial.figure
            steps.append(f"{x.place(trial.number + 1):.1f},{y.place(reached):.1f}")
    if reached is not None:
        steps.append(f"{x.end:.1f},{y.place(reached):.1f}")
    line = f'<polyline class="line" points="{" ".join(steps)}"/>'
    dots = _dots(trials, best, lambda trial: x.place(trial.number + 1), y)
    title = f"{goal.name}, trial by trial (the line is the best so far), and by value, with the share that it explains"
    return _frame(title, x, y, whole=True) + line + dots


def _panel(
    search: Search,
    trials: Sequence[Trial],
    figures: Sequence[float],
    best: Trial | None,
    corner: tuple[float, float],
    share: float | None,
) -> str:
    left, top = corner
    x = Axis(*search.bounds, left + LEFT, left + WIDTH / COLUMNS - GAP, search.is_log, search.choices)
    y = _figure_axis(figures, top + SMALL - BOTTOM, top + TOP)
    says = f" · {share:.0%}" if share is not None else ""
    dots = _dots(trials, best, lambda trial: x.place(trial.values[search.name]), y)
    return _frame(search.name + says, x, y) + dots


def _figure_axis(figures: Sequence[float], start: float, end: float) -> Axis:
    low, high = min(figures), max(figures)
    is_log = low > 0 and high / low > WIDE_SPREAD
    margin = 0.0 if is_log else 0.05 * (high - low)
    return Axis(low - margin, high + margin, start, end, is_log)


def _dots(trials: Iterable[Trial], best: Trial | None, x: object, y: Axis) -> str:
    assert callable(x)
    parts = []
    for trial in trials:
        is_best = best is not None and trial.number == best.number
        kind = "best" if is_best else "trial" if trial.state == "complete" else "pruned"
        says = escape(f"trial {trial.number + 1}: {trial.figure:.5g}, {trial.state}")
        at = f'cx="{x(trial):.1f}" cy="{y.place(trial.figure):.1f}" r="{4.5 if is_best else 3.5}"'
        parts.append(f'<circle class="{kind}" {at}><title>{says}</title></circle>')
    return "".join(parts)


def _frame(title: str, x: Axis, y: Axis, *, whole: bool = False) -> str:
    top, bottom = y.end, y.start
    parts = [f'<text class="title" x="{x.start}" y="{top - 12}">{escape(title)}</text>']
    for place, text in y.ticks():
        parts.append(f'<path class="grid" d="M{x.start} {place:.1f}H{x.end}"/>')
        parts.append(f'<text class="tick" x="{x.start - 6}" y="{place + 4:.1f}" text-anchor="end">{text}</text>')
    for place, text in x.ticks():
        if not whole or "." not in text:
            parts.append(
                f'<text class="tick" x="{place:.1f}" y="{bottom + 16}" text-anchor="middle">{escape(text)}</text>'
            )
    parts.append(f'<path class="axis" d="M{x.start} {top}V{bottom}H{x.end}"/>')
    return "".join(parts)
