"""What stands in a run beside its curves: network, data, preparation, environment, proof, files."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from nnspec.diagnostics import SpecError
from nnspec.graph.cost import human
from nnspec.graph.draw import svg
from nnspec.graph.listing import listing
from nnspec.report.collect import PARTS, Story
from nnspec.report.html import Html, join, table, tag
from nnspec.report.numbers import percent, short

MAX_ROWS = 400  # of the table of layers
MAX_BOXES = 60  # of the picture; a larger network is drawn with its blocks folded
MAX_FOLDED = 200
MAX_CLASSES = 30  # whose counts are drawn

FILES = {
    "spec.txt": "the spec as it was written",
    "spec.json": "the spec in full",
    "net.py": "the network as PyTorch source",
    "weights.safetensors": "the best weights",
    "model.onnx": "takes raw inputs and gives answers",
    "proof.json": "how far it is from PyTorch",
    "preparation.json": "what was learnt from the training rows",
    "metrics.jsonl": "each epoch",
    "result.json": "each part",
    "data.json": "the data in numbers",
    "predictions.npz": "answers on the rows held out",
    "examples.npz": "raw test rows",
    "run.json": "versions, seed, machine",
}


def network_picture(story: Story) -> Html | None:
    """The graph as `nnspec show --svg` draws it; None without Graphviz, or where it is too large."""
    graph = story.network.graph
    try:
        if len(graph) <= MAX_BOXES:
            drawn = svg(graph)
        elif graph.scopes and len(graph) <= MAX_FOLDED * MAX_BOXES:
            drawn = svg(graph, depth=1)
        else:
            return None
    except SpecError:
        return None
    text = drawn.decode("utf-8")
    # Within a page the declaration and the namespaces have no place.
    text = re.sub(r"^<\?xml[^>]*\?>\s*", "", text).replace(' xmlns="http://www.w3.org/2000/svg"', "", 1)
    label = f'<svg role="img" aria-label="The network as a graph of {len(graph)} layers"'
    return tag("div", Html(text.replace("<svg", label, 1)), class_="graph", tabindex=0)


def layer_table(story: Story) -> Html:
    """Each layer with its shape and costs."""
    found = listing(story.network.graph)
    rows = [
        (
            layer["name"],
            tag("code", layer["type"]),
            ", ".join("×".join(map(str, output["shape"])) or "1" for output in layer["outputs"]),
            f"{layer['parameters']:,}" if layer["parameters"] else "",
            human(layer["macs"]) if isinstance(layer["macs"], int) and layer["macs"] else _size(layer["macs"]),
        )
        for layer in found["layers"][:MAX_ROWS]
    ]
    shown = table(("layer", "type", "output", "parameters", "MACs"), rows, numbers=2, label="Layers")
    left = len(found["layers"]) - len(rows)
    return join((shown, tag("p", f"… and {left:,} more", class_="soft") if left else None))


def parameters(story: Story) -> str:
    """How many numbers are learnt: `29.2k`."""
    return human(listing(story.network.graph)["totals"]["parameters"])


def data_tables(story: Story) -> Iterator[Html]:
    """Rows of each part, what each input holds, how often each class stands where."""
    parts, inputs = story.data.get("parts", {}), story.data.get("inputs", {})
    if parts:
        total = sum(part["rows"] for part in parts.values()) or 1
        rows = [
            (name, f"{part['rows']:,}", percent(part["rows"] / total), part["source"]) for name, part in parts.items()
        ]
        yield table(("part", "rows", "share", "source"), rows, label="Parts")
    if inputs:
        yield table(
            ("input", "columns", "shape", "type", "min", "mean", "max"),
            [_input_row(name, given) for name, given in inputs.items()],
            numbers=4,
            label="Inputs",
        )
    for name, output in story.data.get("outputs", {}).items():
        yield _classes(name, output) if "counts" in output else _ranges(name, output.get("ranges", {}))


def _input_row(name: str, given: Mapping[str, Any]) -> tuple[str, ...]:
    columns = list(map(str, given.get("columns", ())))
    more = given.get("column_count", 0) - 8
    listed = ", ".join(columns[:8]) + (f", … {more} more" if more > 0 else "")
    shape = "×".join(map(str, given.get("shape", ()))) or "1"
    return name, listed, shape, given.get("dtype", ""), *(short(given.get(key)) for key in ("min", "mean", "max"))


def _classes(name: str, output: Mapping[str, Any]) -> Html:
    counts = {part: output["counts"][part] for part in PARTS if part in output["counts"]}
    most = max((max(found, default=0) for found in counts.values()), default=0) or 1
    rows = [
        (str(label), *(_count(found[at], most) for found in counts.values()))
        for at, label in enumerate(output["classes"][:MAX_CLASSES])
    ]
    left = len(output["classes"]) - len(rows)
    shown = table((name, *counts), rows, label=f"Classes of {name}")
    return join((shown, tag("p", f"… and {left:,} more classes", class_="soft") if left else None))


def _count(count: int, most: int) -> Html:
    return tag("span", tag("i", style=f"--w:{100 * count / most:.0f}%"), f"{count:,}", class_="bar")


def _ranges(name: str, ranges: Mapping[str, Mapping[str, float]]) -> Html:
    keys = ("min", "mean", "max", "std")
    rows = [(part, *(short(found.get(key)) for key in keys)) for part, found in ranges.items()]
    return table((name, *keys), rows, label=f"Values of {name}")


def preparation_table(story: Story) -> Html | None:
    """The steps of each column, with what they learnt."""
    found = story.preparation
    steps = [(name, step) for name, given in found.get("inputs", {}).items() for step in given]
    steps += [(name, step) for name, output in found.get("outputs", {}).items() for step in output.get("steps", ())]
    if not steps:
        return None
    rows = [(name, tag("code", _step(step)), _state(step.get("state", {}))) for name, step in steps]
    return table(("of", "step", "learnt from the training rows"), rows, numbers=3, label="Preparation")


def _step(step: Mapping[str, Any]) -> str:
    ((name, arguments),) = ((key, value) for key, value in step.items() if key != "state")
    given = ", ".join(f"{key}={value}" for key, value in arguments.items() if value is not None)
    return _cut(f"{name}({given})", 160)


def _state(state: Mapping[str, Any]) -> str:
    return _cut("; ".join(f"{key} {_learnt(value)}" for key, value in state.items()), 300) or "nothing"


def _learnt(value: Any) -> str:
    if isinstance(value, bool | str) or value is None:
        return str(value)
    if isinstance(value, int | float):
        return short(value)
    if isinstance(value, list):
        return ", ".join(map(_learnt, value[:8])) + (f", … {len(value) - 8:,} more" if len(value) > 8 else "")
    return str(value)


def proof_part(story: Story) -> Html | None:
    """Whether the file answers as the trained module does, and how far it is from it."""
    proof = story.proof
    if not proof:
        return None
    good = proof.get("proven") is True
    head = tag("p", tag("b", "Proven" if good else "Not proven", class_="right" if good else "wrong"), _within(proof))
    rows = [
        (
            name,
            short(found.get("examples")),
            _distance(found.get("max_abs")),
            _distance(found.get("max_rel")),
            short(found.get("other_classes")),
            ", ".join(
                f"{metric} {short(both.get('pytorch'))} / {short(both.get('onnxruntime'))}"
                for metric, both in (found.get("metrics") or {}).items()
            ),
        )
        for name, found in proof.get("outputs", {}).items()
    ]
    header = ("output", "examples", "largest difference", "relative", "other classes", "PyTorch / onnxruntime")
    return join((head, table(header, rows, label="Proof")))


def _distance(value: float | None) -> str:
    return "–" if value is None else f"{value:.1e}"


def _within(proof: Mapping[str, Any]) -> str:
    cases = ", ".join(map(str, proof.get("cases", ())))
    return f": onnxruntime against PyTorch on {cases}, within {proof.get('atol')} + {proof.get('rtol')} · |PyTorch|."


def environment_table(story: Story) -> Html | None:
    """Where and how it ran, and the command that would do it again."""
    record = dict(story.record)
    versions = record.pop("versions", None) or {}
    if not record and not versions:
        return None
    rows = [(key, _cut(_plain(value), 200)) for key, value in record.items() if value not in (None, "", [], {})]
    rows += [(name, version) for name, version in versions.items() if version]
    return table(("environment", ""), rows, numbers=2, label="Environment")


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
    return ", ".join(map(_plain, value)) if isinstance(value, list) else str(value)


def file_list(story: Story) -> Html:
    """The run's files, as links beside this one."""
    rows = []
    for name, told in FILES.items():
        if story.run.has(name):
            size = story.run.file(name).stat().st_size
            rows.append((tag("a", name, href=name), told, f"{size / 1024:,.1f} KiB"))
    return table(("file", "", "size"), rows, numbers=2, label="Files of the run")


def _size(value: Any) -> str:
    return str(value) if value else ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
