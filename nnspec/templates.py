"""Specs to start from: the reference specs, which an installed package carries along."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nnspec import source
from nnspec.diagnostics import Span, SpecError, Text, did_you_mean
from nnspec.source import Node
from nnspec.spec.document import Document
from nnspec.spec.splice import splice

PACKAGE = Path(__file__).parent
# An installed package holds the specs; in a checkout they stand beside it.
FOLDERS = (PACKAGE / "specs", PACKAGE.parent / "specs")
SOURCES = ("source", "train", "validation", "test")  # of data
UNEXPLAINED = ("nnspec", "name", "description")  # keys that say themselves what they are


@dataclass(frozen=True, slots=True)
class Template:
    """A spec to start from, by its path below the folder: `digits`, `vision/resnet`."""

    name: str
    path: Path
    description: str


def templates() -> list[Template]:
    """Every spec that stands on its own, by name."""
    folder = next(folder for folder in FOLDERS if folder.is_dir())
    found = []
    for path in sorted(folder.rglob("*.yaml")):
        root = source.read(path)
        if _stands_alone(root):
            description = root.get("description")
            name = path.relative_to(folder).with_suffix("").as_posix()
            found.append(Template(name, path, str(description.value) if description else ""))
    return found


def find_template(name: str) -> Template:
    """The template of a name; the last part of it is enough where no other ends so."""
    known = templates()
    short = [template for template in known if template.name.rpartition("/")[2] == name]
    matching = [template for template in known if template.name == name] or short
    if len(matching) == 1:
        return matching[0]
    names = [template.name for template in known]
    text = Text("command line", (f"new {name}",))
    span = Span(text, 1, len("new ") + 1, 1, len("new ") + 1 + len(name))
    if matching:
        help = f"say which: {' or '.join(template.name for template in matching)}"
        raise SpecError.of("unknown-template", f"several templates are named '{name}'", span, help=help)
    near = [*names, *(full.rpartition("/")[2] for full in names)]
    help = did_you_mean(name, near) or "`nnspec new --list` lists them"
    raise SpecError.of("unknown-template", f"no template is named '{name}'", span, help=help)


def write_template(template: Template, assignments: Iterable[str] = ()) -> str:
    """The template's text with values of one's own, each section below a line that says what it is."""
    text = splice(template.path.read_text(encoding="utf-8"), template.path.name, assignments)
    return _explained(_with_data(text, template.path.name), template.path.name)


def data_beside(template: Template, text: str) -> list[Path]:
    """The files beside a template that its text, as it was written, reads examples from."""
    data = source.parse(text, template.path.name).get("data")
    nodes = [data, *(data.get(key) for key in SOURCES)] if data else []
    names = dict.fromkeys(node.value for node in nodes if node and isinstance(node.value, str))
    return [template.path.with_name(name) for name in names if _is_beside(template, name)]


def _is_beside(template: Template, name: str) -> bool:
    return Path(name).name == name and template.path.with_name(name).is_file()


def _stands_alone(root: Node) -> bool:
    """Whether it is a whole spec that needs no other file of specs."""
    return root.get("layers") is not None and root.get("extends") is None and root.get("imports") is None


def _with_data(text: str, name: str) -> str:
    """The text with a comment on how data is named, where it names none."""
    root = source.parse(text, name)
    inputs = root.get("inputs")
    if root.get("data") or inputs is None or not isinstance(inputs.value, dict):
        return text
    columns = ", ".join(dict.fromkeys(_columns(root)))
    comment = [
        f"# What it learns from: a CSV, TSV, JSON lines or NPZ file beside this one with the columns {columns}.",
        "# data: {source: data.npz, split: {validation: 0.15, test: 0.15}}",
    ]
    lines = text.split("\n")
    start = root.keys["inputs"].line - 1
    while start and lines[start - 1].startswith("#"):
        start -= 1
    return "\n".join([*lines[:start], *comment, "", *lines[start:]])


def _columns(root: Node) -> Iterator[str]:
    """The columns that inputs and losses ask of the data, by name."""
    for key in ("inputs", "outputs"):
        section = root.get(key)
        items = section.value.items() if section and isinstance(section.value, dict) else ()
        for name, node in items:
            if key == "inputs" or node.get("loss"):
                named = node.get("columns") or node.get("column")
                listed = [item.value for item in named] if named else []
                yield from map(str, listed or [named.value if named else name])


def _explained(text: str, name: str) -> str:
    """A comment above each section that has none."""
    lines = text.rstrip("\n").split("\n")
    root, described = source.parse(text, name), Document.descriptions()
    for key, span in reversed(list(root.keys.items())):
        above = lines[span.line - 2] if span.line > 1 else ""
        if key in described and key not in UNEXPLAINED and not above.startswith("#"):
            gap = [""] if above else []
            first, *_ = described[key].split("\n\n")
            lines[span.line - 1 : span.line - 1] = [*gap, *(f"# {line}" for line in first.splitlines())]
    return "\n".join(lines) + "\n"
