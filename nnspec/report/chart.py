"""Curves: as a picture of our own, which prints, and as data for the one that can be pointed at."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nnspec.report.html import Html, join, tag
from nnspec.report.numbers import decades, short, spreads, ticks

WIDTH, HEIGHT = 640, 280
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 34
MAX_POINTS = 2000  # of a curve; of a longer one every n-th is shown

Value = float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of the chart; None where nothing was measured."""

    label: str
    values: Sequence[Value]
    colour: int = 0


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves over one axis."""

    title: str
    x: Sequence[float]
    curves: Sequence[Curve]
    x_label: str = "epoch"
    mark: float | None = None  # a place on the axis that stands out, as that of the best epoch
    mark_label: str = ""
    linear: bool = False  # even where the values lie far apart

    @property
    def is_log(self) -> bool:
        return not self.linear and spreads([value for curve in self.curves for value in _known(curve.values)])

    def thinned(self) -> "Chart":
        """The same with few enough points for a page; the last one stays."""
        every = math.ceil(len(self.x) / MAX_POINTS)
        if every <= 1:
            return self
        keep = [at for at in range(len(self.x)) if at % every == 0 or at == len(self.x) - 1]
        curves = [Curve(curve.label, [curve.values[at] for at in keep], curve.colour) for curve in self.curves]
        return replace(self, x=[self.x[at] for at in keep], curves=curves)

    def as_json(self) -> dict[str, Any]:
        """What the page's script draws."""
        return {
            "x": list(self.x),
            "label": self.x_label,
            "log": self.is_log,
            "mark": self.mark,
            "markLabel": self.mark_label,
            "curves": [
                {"label": curve.label, "colour": curve.colour % COLOURS, "values": list(map(_finite, curve.values))}
                for curve in self.curves
            ],
        }


COLOURS = 6


def picture(chart: Chart) -> Html:
    """The chart as SVG. Its colours are the page's: classes c0, c1, …"""
    plane = _Plane.around(chart)
    lines = [_line(chart, curve, plane) for curve in chart.curves]
    return tag(
        "svg",
        *_grid(chart, plane),
        *_mark(chart, plane),
        *lines,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=told(chart),
        class_="still",
    )


def legend(chart: Chart) -> Html:
    """The curves' names beside their colours."""
    items = [
        tag("span", tag("i", class_=f"b{curve.colour % COLOURS}"), curve.label, " ", tag("b")) for curve in chart.curves
    ]
    if chart.mark is not None:
        items.append(tag("span", tag("i", class_="mark"), chart.mark_label))
    return tag("div", *items, class_="legend")


def told(chart: Chart) -> str:
    """The chart in words, for those who do not see it."""
    ends = []
    for curve in chart.curves:
        known = _known(curve.values)
        if known:
            ends.append(f"{curve.label} from {short(known[0])} to {short(known[-1])}")
    return f"{chart.title} by {chart.x_label}: " + ", ".join(ends)


@dataclass(frozen=True, slots=True)
class _Plane:
    """The part of the plane that is drawn."""

    left: float
    right: float
    low: float
    high: float
    log: bool

    @classmethod
    def around(cls, chart: Chart) -> "_Plane":
        values = [value for curve in chart.curves for value in _known(curve.values)] or [0.0]
        low, high = min(values), max(values)
        if chart.is_log:
            return cls(chart.x[0], chart.x[-1], low / 1.15, high * 1.15, True)
        margin = 0.06 * (high - low) or abs(high) or 1.0
        return cls(chart.x[0], chart.x[-1], low - margin, high + margin, False)

    def across(self, x: float) -> float:
        width = self.right - self.left
        share = (x - self.left) / width if width else 0.5
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def down(self, y: float) -> float:
        low, high, y = (math.log(v) for v in (self.low, self.high, y)) if self.log else (self.low, self.high, y)
        return HEIGHT - BOTTOM - (y - low) / (high - low) * (HEIGHT - TOP - BOTTOM)


def _grid(chart: Chart, plane: _Plane) -> Iterator[Html]:
    for value in decades(plane.low, plane.high) if plane.log else ticks(plane.low, plane.high, 5):
        y = f"{plane.down(value):.1f}"
        yield tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid")
        yield tag("text", short(value), x=LEFT - 7, y=y, dy="0.32em", class_="tick end")
    for value in ticks(plane.left, plane.right, 8):
        if float(value).is_integer() or chart.x_label != "epoch":
            yield tag("text", short(value), x=f"{plane.across(value):.1f}", y=HEIGHT - BOTTOM + 15, class_="tick mid")
    yield tag("text", chart.x_label, x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 3, class_="tick mid")


def _mark(chart: Chart, plane: _Plane) -> Iterator[Html]:
    if chart.mark is not None:
        x = f"{plane.across(chart.mark):.1f}"
        yield tag("line", tag("title", chart.mark_label), x1=x, x2=x, y1=TOP, y2=HEIGHT - BOTTOM, class_="mark")


def _line(chart: Chart, curve: Curve, plane: _Plane) -> Html:
    points = [(x, y) for x, y in zip(chart.x, map(_finite, curve.values), strict=True) if y is not None]
    colour = f"c{curve.colour % COLOURS}"
    if len(points) == 1:
        return tag("circle", cx=plane.across(points[0][0]), cy=plane.down(points[0][1]), r=3.5, class_=f"dot {colour}")
    path = join((f"{plane.across(x):.1f},{plane.down(y):.1f}" for x, y in points), " ")
    return tag("polyline", tag("title", curve.label), points=path, class_=f"line {colour}")


def _known(values: Sequence[Value]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def _finite(value: Value) -> Value:
    return value if value is not None and math.isfinite(value) else None
