"""How gradients and updates went through the layers, and what was found to be wrong."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nnspec.report.chart import Chart, Curve, Value
from nnspec.report.collect import Story
from nnspec.report.html import Html, tag
from nnspec.report.numbers import percent, short

MAX_CURVES = 6  # layers of a chart, spread from the first to the last
CHARTS = {"gradient": "Gradient norm by layer", "update_to_weight": "Update to weight by layer"}


def health_charts(story: Story) -> Iterator[Chart]:
    """Norms of gradients and relative updates of some layers, by step."""
    looks = story.health
    names = _spread([name for name, layer in _layers(looks[-1:]) if layer.get("gradient") is not None])
    for key, title in CHARTS.items() if len(looks) > 1 else ():
        curves = [Curve(name, [_value(look, name, key) for look in looks], at) for at, name in enumerate(names)]
        if any(value is not None for curve in curves for value in curve.values):
            yield Chart(title, [float(look["step"]) for look in looks], curves, "step").thinned()


def findings(story: Story) -> Iterator[Html]:
    """Each finding with its place, what it was seen by, and the way out."""
    for found in story.findings:
        lines = [f"{note['label']}: {note['text']}" for note in found.get("notes") or ()]
        place = f"{found['file']}:{found.get('line')}" if found.get("file") else ""
        when = f"after epoch {found['epoch']}" if found.get("epoch") else ""
        yield tag(
            "div",
            tag("b", str(found.get("message", "")), class_="wrong"),
            tag("p", tag("small", ", ".join(filter(None, (place, when))))),
            *(tag("p", line) for line in [*lines, str(found.get("help") or "")] if line),
            class_="card",
        )


def layer_health(story: Story) -> Iterator[Sequence[str]]:
    """A row for each layer with weights, or with units that can die or saturate, as the last look saw it."""
    for name, layer in _layers(story.health[-1:]):
        if any(layer.get(key) is not None for key in ("gradient", "dead", "saturated")):
            yield (
                name,
                str(layer.get("kind", "")),
                *(_number(layer.get(key)) for key in ("std", "gradient", "update_to_weight")),
                *(_share(layer.get(key)) for key in ("dead", "saturated")),
            )


def _layers(looks: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(str(layer["name"]), layer) for look in looks for layer in look.get("layers", ())]


def _value(look: Mapping[str, Any], name: str, key: str) -> Value:
    return next((layer.get(key) for found, layer in _layers([look]) if found == name), None)


def _spread(names: Sequence[str]) -> list[str]:
    """So many names as a chart bears, the first and the last among them."""
    if len(names) <= MAX_CURVES:
        return list(names)
    return [names[round(at * (len(names) - 1) / (MAX_CURVES - 1))] for at in range(MAX_CURVES)]


def _number(value: Any) -> str:
    return "" if value is None else short(value)


def _share(value: Any) -> str:
    return "" if value is None else percent(value)
