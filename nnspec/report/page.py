"""The page of one run: a file of its own, which loads nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from nnspec.report import facts
from nnspec.report.answers import answers
from nnspec.report.chart import Chart, legend, picture
from nnspec.report.collect import Story
from nnspec.report.curves import charts
from nnspec.report.gallery import gallery
from nnspec.report.health import findings, health_charts, layer_health
from nnspec.report.highlight import highlight
from nnspec.report.html import Html, data_script, join, table, tag
from nnspec.report.numbers import duration, percent, short

SHARES = {"Accuracy", "Precision", "Recall", "F1Score"}  # metrics that read as a share of all


def page(story: Story) -> str:
    """The run's report as an HTML document."""
    drawn = [*charts(story), *health_charts(story)]
    return document(story.name, _header(story), list(_sections(story, drawn)), drawn)


def document(title: str, header: Html, sections: Sequence[Html], drawn: Sequence[Chart]) -> str:
    """A whole page: style, content, and the script that makes the charts answer to a pointer."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="generator", content="nnspec"),
        tag("title", f"{title} · nnspec"),
        tag("style", Html(_asset("uPlot.min.css") + _asset("style.css"))),
    )
    scripts = [
        data_script("charts", [chart.as_json() for chart in drawn]),
        *map(_script, ("uPlot.iife.min.js", "page.js")),
    ]
    body = tag("body", header, tag("main", *sections), *scripts)
    licence = f"<!-- uPlot, inlined below:\n{_asset('uPlot.LICENSE')}-->"
    return f'<!doctype html>\n{licence}\n<html lang="en">{head}{body}</html>\n'


def section(title: str, *children: Html | None) -> Html | None:
    """A part of the page under its heading; None where nothing stands in it."""
    given = [child for child in children if child]
    name = "".join(letter if letter.isalnum() else "-" for letter in title.lower())
    return tag("section", tag("h2", title), *given, id=name) if given else None


def chart_figure(chart: Chart, at: int) -> Html:
    """A chart as a picture, in whose place the script draws one that can be pointed at."""
    return tag(
        "figure",
        tag("h3", chart.title),
        legend(chart),
        tag("div", picture(chart), data_chart=at, class_="plot"),
        class_="card",
    )


def _header(story: Story) -> Html:
    described = story.spec.get("description")
    tested = next((part for part in ("test", "validation", "train") if part in _parts(story)), "")
    return tag(
        "header",
        tag("p", "nnspec · training report", class_="soft"),
        tag("h1", story.name),
        tag("p", str(described)) if described else None,
        tag("div", *_tiles(story, tested), class_="tiles"),
    )


def _tiles(story: Story, tested: str) -> Iterator[Html]:
    """The figures that matter most."""
    part = _parts(story).get(tested, {})
    for output, found in (part.get("metrics") or {}).items():
        for metric, value in found.items():
            told = percent(value) if metric in SHARES and value is not None else short(value)
            several = f"{output}." if len(part["metrics"]) > 1 else ""
            yield _tile(f"{several}{metric}", told, f"on the {tested} part")
    if part:
        yield _tile("Loss", short(part.get("loss")), f"on the {tested} part")
    if story.best_epoch:
        yield _tile("Best epoch", f"{story.best_epoch}", f"of {story.result.get('epochs', len(story.epochs))}")
    layers = len(story.network.graph)
    yield _tile("Parameters", facts.parameters(story), f"in {layers:,} layer{'s' if layers != 1 else ''}")
    if "seconds" in story.result:
        yield _tile(
            "Time", duration(story.result["seconds"]), f"{short(story.result.get('examples_per_second'))} examples/s"
        )
    if story.proof:
        good = story.proof.get("proven") is True
        yield _tile("ONNX", "proven" if good else "not proven", "against PyTorch", "right" if good else "wrong")


def _tile(title: str, value: str, told: str, kind: str | None = None) -> Html:
    return tag("div", tag("small", title), tag("b", value, class_=kind), tag("small", told), class_="tile")


def _sections(story: Story, drawn: Sequence[Chart]) -> Iterator[Html]:
    figures = [chart_figure(chart, at) for at, chart in enumerate(drawn)]
    learning = len(list(charts(story)))
    found = [
        section("Results", _result_table(story)),
        section("Learning curves", tag("div", *figures[:learning], class_="charts") if learning else None),
        _health(story, figures[learning:]),
        *(section(f"Answers: {name}", answers(each)) for name, each in story.answered.items()),
        *(
            section(f"Examples: {name}", *gallery(story, story.answered[name], shown))
            for name, shown in story.shown.items()
        ),
        section("Network", facts.network_picture(story), facts.layer_table(story)),
        section("Data", *facts.data_tables(story)),
        section("Preparation", facts.preparation_table(story)),
        section("Proof", facts.proof_part(story)),
        section("Spec", highlight(story.text) if story.text else None),
        section("Environment", facts.environment_table(story)),
        section("Files", facts.file_list(story)),
    ]
    return (each for each in found if each)


def _health(story: Story, figures: Sequence[Html]) -> Html | None:
    """How the layers fared, where they were looked at."""
    rows = list(layer_health(story))
    header = ("layer", "type", "output deviation", "gradient", "update to weight", "dead", "saturated")
    shown = table(header, rows, numbers=2, label="Layers as the last look saw them") if rows else None
    return section("Health", *findings(story), tag("div", *figures, class_="charts") if figures else None, shown)


def _result_table(story: Story) -> Html | None:
    parts = _parts(story)
    if not parts:
        return None
    metrics = [
        (output, metric) for output, found in next(iter(parts.values())).get("metrics", {}).items() for metric in found
    ]
    several = len({output for output, _ in metrics}) > 1
    header = ["part", "examples", "loss", *(f"{output}.{metric}" if several else metric for output, metric in metrics)]
    rows = [
        [name, f"{part['examples']:,}", short(part["loss"]), *_values(part, metrics)] for name, part in parts.items()
    ]
    stopped = tag("p", "The training was interrupted: these are the best weights until then.", class_="wrong")
    return join(
        (stopped if story.result.get("interrupted") else None, table(header, rows, label="Results of each part"))
    )


def _values(part: Mapping[str, Any], metrics: Iterable[tuple[str, str]]) -> list[str]:
    return [short(part["metrics"].get(output, {}).get(metric)) for output, metric in metrics]


def _parts(story: Story) -> dict[str, dict[str, Any]]:
    return dict(story.result.get("parts") or {})


def _script(name: str) -> Html:
    return tag("script", Html(_asset(name)))


@cache
def _asset(name: str) -> str:
    """A file of this package that goes into every page."""
    text = resources.files("nnspec.report").joinpath(name).read_text(encoding="utf-8")
    return text.replace("</script", "<\\/script")
