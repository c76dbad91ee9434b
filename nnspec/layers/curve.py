"""A function's curve and its derivative as a picture: SVG by hand, in tones that light and dark pages bear."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import ceil, floor, isfinite

WIDTH, HEIGHT = 640, 420
LEFT, RIGHT, TOP, BOTTOM = 48, 16, 44, 32
FUNCTION, DERIVATIVE, GRID, TEXT = "#3b82f6", "#f08024", "#8a97a6", "#6b7785"
JUMP = 10  # a step so many times its neighbours' is a gap in the line


@dataclass(frozen=True)
class Curve:
    """Points of a function: where, its values, and its derivative there."""

    x: Sequence[float]
    y: Sequence[float]
    slope: Sequence[float]


@dataclass(frozen=True)
class _Frame:
    """The part of the plane that is drawn."""

    left: float
    right: float
    low: float
    high: float

    def place(self, x: float, y: float) -> tuple[float, float]:
        """A point on the picture, in pixels."""
        across = (x - self.left) / (self.right - self.left)
        up = (y - self.low) / (self.high - self.low)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)


def to_svg(title: str, curve: Curve) -> str:
    """The picture, as a file of its own."""
    frame = _frame(curve)
    parts = [
        *_grid(frame),
        f'<g clip-path="url(#plot)" fill="none" stroke-width="2.5" stroke-linejoin="round">{_drawn(frame, curve)}</g>',
        _text(LEFT, 26, title, "start", 'font-size="17" font-weight="600"'),
        _text(WIDTH - RIGHT - 106, 26, "value", "end", f'fill="{FUNCTION}"'),
        _text(WIDTH - RIGHT, 26, "derivative", "end", f'fill="{DERIVATIVE}"'),
    ]
    clip = f'<rect x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - TOP - BOTTOM}"/>'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
            f'font-family="system-ui, sans-serif" font-size="13" fill="{TEXT}" role="img">',
            f"<title>{escape(title)}: its value and its derivative</title>",
            f'<defs><clipPath id="plot">{clip}</clipPath></defs>',
            *parts,
            "</svg>\n",
        ]
    )


def _frame(curve: Curve) -> _Frame:
    """As high as the values go, but not much higher than wide."""
    reach = curve.x[-1]
    seen = [max(-reach, min(reach, value)) for value in (*curve.y, *curve.slope) if isfinite(value)]
    low, high = min(0.0, *seen), max(0.0, *seen)
    margin = 0.06 * (high - low or 1.0)
    return _Frame(curve.x[0], reach, low - margin, high + margin)


def _grid(frame: _Frame) -> Iterator[str]:
    for x in _ticks(frame.left, frame.right):
        across, _ = frame.place(x, 0)
        yield _line(across, TOP, across, HEIGHT - BOTTOM, strong=x == 0)
        yield _text(across, HEIGHT - BOTTOM + 18, f"{x:g}", "middle")
    for y in _ticks(frame.low, frame.high):
        _, up = frame.place(0, y)
        yield _line(LEFT, up, WIDTH - RIGHT, up, strong=y == 0)
        yield _text(LEFT - 8, up + 4, f"{y:g}", "end")


def _ticks(low: float, high: float) -> list[float]:
    """Five to ten round numbers."""
    step = next(step for step in (0.1, 0.2, 0.5, 1, 2) if (high - low) / step <= 10)
    return [place * step for place in range(ceil(low / step), floor(high / step) + 1)]


def _drawn(frame: _Frame, curve: Curve) -> str:
    known = [slope if isfinite(y) else y for y, slope in zip(curve.y, curve.slope, strict=True)]
    derivative = _path(frame, curve.x, known)
    value = _path(frame, curve.x, curve.y)
    return (
        f'<path d="{derivative}" stroke="{DERIVATIVE}" stroke-dasharray="7 5"/><path d="{value}" stroke="{FUNCTION}"/>'
    )


def _path(frame: _Frame, xs: Sequence[float], ys: Sequence[float]) -> str:
    """A line through the points, with gaps at jumps and where the function is not defined."""
    seen = [max(min(y, frame.high + 9), frame.low - 9) if isfinite(y) else y for y in ys]
    steps = [abs(after - before) for before, after in pairwise(seen)]
    words, drawing = [], False
    for place, (x, y) in enumerate(zip(xs, seen, strict=True)):
        if not isfinite(y):
            drawing = False
            continue
        drawing = drawing and not _jumps(steps, place - 1) and steps[place - 1] < frame.high - frame.low
        across, up = frame.place(x, y)
        words.append(f"{'L' if drawing else 'M'}{across:.1f} {up:.1f}")
        drawing = True
    return "".join(words)


def _jumps(steps: Sequence[float], place: int) -> bool:
    around = [steps[other] for other in (place - 1, place + 1) if 0 <= other < len(steps)]
    return steps[place] > 0.05 and all(steps[place] > JUMP * step for step in around)


def _line(x1: float, y1: float, x2: float, y2: float, *, strong: bool) -> str:
    opacity = 0.9 if strong else 0.25
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{GRID}" stroke-opacity="{opacity}"/>'


def _text(x: float, y: float, words: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{f" {more}" if more else ""}>{escape(words)}</text>'
