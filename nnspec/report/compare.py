"""Several runs side by side: their curves in one chart, their metrics in one table, and what differs in their specs."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from nnspec.report import facts
from nnspec.report.chart import Chart, Curve
from nnspec.report.collect import PARTS, Story
from nnspec.report.curves import column, measured, metric_names
from nnspec.report.html import Html, table, tag
from nnspec.report.numbers import duration, short
from nnspec.report.page import chart_figure, document, section

MAX_DIFFERENCES = 200
ABSENT = "–"


def comparison(stories: Sequence[Story]) -> str:
    """The page of several runs as an HTML document."""
    names = run_names(stories)
    drawn = list(_charts(stories, names))
    figures = [chart_figure(chart, at) for at, chart in enumerate(drawn)]
    header = tag("header", tag("p", "nnspec · comparison", class_="soft"), tag("h1", f"{len(stories)} runs"))
    sections = [
        section("Results", _results(stories, names)),
        section("Learning curves", tag("div", *figures, class_="charts") if figures else None),
        section("Differences", *_differences(stories, names)),
    ]
    return document(f"{len(stories)} runs", header, [each for each in sections if each], drawn)


def run_names(stories: Sequence[Story]) -> list[str]:
    """What each run is called: its folder, with those above it where several folders have one name."""
    paths = [story.run.path.resolve().parts for story in stories]
    for depth in range(1, max(map(len, paths)) + 1):
        names = ["/".join(path[-depth:]) for path in paths]
        if len(set(names)) == len(names):
            break
    return names


def _charts(stories: Sequence[Story], names: Sequence[str]) -> Iterator[Chart]:
    """Validation loss, training loss and each metric, a curve for each run."""
    most = max((len(story.epochs) for story in stories), default=0)
    if not most:
        return
    epochs = [float(number) for number in range(1, most + 1)]
    for title, key in (("Validation loss", "validation_loss"), ("Training loss", "train_loss")):
        curves = [_curve(name, column(story.epochs, key), most, at) for at, (story, name) in _each(stories, names)]
        if any(value is not None for curve in curves for value in curve.values):
            yield Chart(title, epochs, curves).thinned()
    for output, metric, title in metric_names([line for story in stories for line in story.epochs]):
        found = [measured(story.epochs, output, metric) for story in stories]
        curves = [_curve(name, values, most, at) for at, (values, name) in enumerate(zip(found, names, strict=True))]
        yield Chart(title, epochs, curves).thinned()


def _each(stories: Sequence[Story], names: Sequence[str]) -> Iterator[tuple[int, tuple[Story, str]]]:
    return enumerate(zip(stories, names, strict=True))


def _curve(name: str, values: list[float | None], most: int, at: int) -> Curve:
    return Curve(name, [*values, *[None] * (most - len(values))], at)


def _results(stories: Sequence[Story], names: Sequence[str]) -> Html:
    """A row for each run; the best number of a column stands out."""
    part = next((name for name in reversed(PARTS) if any(name in _parts(story) for story in stories)), "train")
    metrics = dict.fromkeys(
        (output, metric)
        for story in stories
        for output, found in _parts(story).get(part, {}).get("metrics", {}).items()
        for metric in found
    )
    several = len({output for output, _ in metrics}) > 1
    titles = [f"{output}.{metric}" if several else metric for output, metric in metrics]
    header = ["run", f"{part} loss", *(f"{part} {title}" for title in titles), "best epoch", "parameters", "time"]
    losses = [_parts(story).get(part, {}).get("loss") for story in stories]
    known = [loss for loss in losses if loss is not None]
    rows = []
    for story, name, loss in zip(stories, names, losses, strict=True):
        found = _parts(story).get(part, {}).get("metrics", {})
        best = known and loss == min(known)
        rows.append(
            (
                name,
                tag("b", short(loss), class_="right") if best else short(loss),
                *(short(found.get(output, {}).get(metric)) for output, metric in metrics),
                short(story.best_epoch) if story.best_epoch else ABSENT,
                facts.parameters(story),
                duration(story.result["seconds"]) if "seconds" in story.result else ABSENT,
            )
        )
    return table(header, rows, label="Results of each run")


def _parts(story: Story) -> dict[str, Any]:
    return dict(story.result.get("parts") or {})


def _differences(stories: Sequence[Story], names: Sequence[str]) -> Iterator[Html]:
    """Each value of the specs in which some run is unlike another."""
    flat = [dict(_flat({**story.spec, "seed": story.record.get("seed")})) for story in stories]
    keys = dict.fromkeys(key for values in flat for key in values)
    unlike = [key for key in keys if len({values.get(key) for values in flat}) > 1]
    if not unlike:
        yield tag("p", "The specs are the same.")
        return
    rows = [(tag("code", key), *(values.get(key, ABSENT) for values in flat)) for key in unlike[:MAX_DIFFERENCES]]
    left = len(unlike) - len(rows)
    yield table(("value", *names), rows, numbers=len(names) + 1, label="Values that differ")
    more = f"… and {left:,} more. " if left else ""
    yield tag("p", more, tag("code", "nnspec diff RUN RUN"), " compares two of them layer by layer.", class_="soft")


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every value of a document by its path: `train.epochs`, `layers[0].Linear.out_features`."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flat(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for at, item in enumerate(value):
            yield from _flat(item, f"{path}[{at}]")
    else:
        yield path, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
