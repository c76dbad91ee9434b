"""The gallery, specs/README.md, is what the specs say.

`NNSPEC_GOLDEN=1 pytest tests/zoo/test_gallery.py` writes it anew.
"""

import os
import re
from itertools import groupby
from pathlib import Path

from nnspec.graph import load_network
from nnspec.graph.cost import cost, human, nominal
from nnspec.templates import Template, templates

GALLERY = Path(__file__).parents[2] / "specs" / "README.md"
YEAR = re.compile(r"\b(19[5-9]\d|20[0-4]\d)\b")
HEAD = """\
# Reference networks

Each is a whole spec: what goes in, the layers, what it learns, the optimizer of its paper; its first lines have the
paper and the figures of its family. `nnspec new resnet --set classes=5 -o net.yaml` starts one of your own,
`nnspec show specs/vision/resnet.yaml --depth 1` lists its parts, with `--svg net.svg` as a picture.

Parameters and MACs are those of the values that the spec has. A MAC is a multiplication with its addition, for one
example in evaluation; a length known only when the model runs counts as 128.
"""
COLUMNS = "| spec | network | year | parameters | MACs | start |\n| --- | --- | --- | --- | --- | --- |\n"


def task(template: Template) -> str:
    return template.name.rpartition("/")[0] or "first steps"


def row(template: Template) -> str:
    network = load_network(template.path)
    total = cost(network.graph.exported)
    short = template.name.rpartition("/")[2]
    years = YEAR.findall(
        f"{template.description} {template.path.read_text(encoding='utf-8').partition('nnspec: 1')[0]}"
    )
    cells = [
        f"[{short}]({template.name}.yaml)",
        template.description.rstrip("."),
        years[0] if years else "",
        f"{total.parameters:,}",
        human(nominal(total.macs)),
        f"`nnspec new {short}`",
    ]
    return f"| {' | '.join(cells)} |\n"


def gallery() -> str:
    sections = groupby(sorted(templates(), key=task), task)
    tables = [f"\n## {title.capitalize()}\n\n{COLUMNS}{''.join(map(row, found))}" for title, found in sections]
    return HEAD + "".join(tables)


def test_the_gallery_is_what_the_specs_say():
    if os.environ.get("NNSPEC_GOLDEN"):
        GALLERY.write_text(gallery(), encoding="utf-8")
    assert GALLERY.read_text(encoding="utf-8") == gallery()
