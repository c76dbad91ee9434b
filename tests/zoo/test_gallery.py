"""The gallery, specs/README.md, is what the specs say, and so are its pictures in specs/pictures.

`NNSPEC_GOLDEN=1 pytest tests/zoo/test_gallery.py` writes them anew. Where a picture's letters stand depends on the
fonts of the machine that draws it, so what is compared is the text that it was drawn from, by a hash in its last line.
"""

import hashlib
import os
import re
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nnspec.graph import draw, load_network
from nnspec.graph.cost import cost, human, nominal
from nnspec.templates import Template, templates

ROOT = Path(__file__).parents[2]
GALLERY, PICTURES = ROOT / "specs" / "README.md", ROOT / "specs" / "pictures"
DEPTH = 1  # blocks are boxes
MAX_BYTES, MAX_HEIGHT_PT = 50_000, 2_200  # of a picture that is worth looking at
YEAR = re.compile(r"\b(19[5-9]\d|20[0-4]\d)\b")
HEAD = """\
# Reference networks

Each is a whole spec: what goes in, the layers, what it learns, the optimizer of its paper; its first lines have the
paper and the figures of its family. `nnspec new resnet --set classes=5 -o net.yaml` starts one of your own,
`nnspec show specs/vision/resnet.yaml --depth 1` lists its parts, with `--svg net.svg` as the picture that stands here:
click on it to read it; without `--depth` the blocks are drawn too. `lessons` holds the classic failures of training,
each with a mended twin: `nnspec train specs/lessons/vanishing.yaml` says what is wrong and the way out.

Parameters and MACs are those of the values that the spec has. A MAC is a multiplication with its addition, for one
example in evaluation; a length known only when the model runs counts as 128.
"""
COLUMNS = """\
| picture | spec | network | year | parameters | MACs | start |
| --- | --- | --- | --- | --- | --- | --- |
"""
# Lessons are small on purpose, and their own first lines say all there is to say.
TEMPLATES = [template for template in templates() if not template.name.startswith("lessons/")]


def task(template: Template) -> str:
    return template.name.rpartition("/")[0] or "first steps"


def row(template: Template) -> str:
    network = load_network(template.path)
    total = cost(network.graph.exported)
    short = template.name.rpartition("/")[2]
    years = YEAR.findall(
        f"{template.description} {template.path.read_text(encoding='utf-8').partition('nnspec: 1')[0]}"
    )
    picture = f"pictures/{short}.svg"
    cells = [
        f'<a href="{picture}"><img src="{picture}" height="220" alt="{short}"></a>',
        f"[{short}]({template.name}.yaml)",
        template.description.rstrip("."),
        years[0] if years else "",
        f"{total.parameters:,}",
        human(nominal(total.macs)),
        f"`nnspec new {short}`",
    ]
    return f"| {' | '.join(cells)} |\n"


def gallery() -> str:
    sections = groupby(sorted(TEMPLATES, key=task), task)
    tables = [f"\n## {title.capitalize()}\n\n{COLUMNS}{''.join(map(row, found))}" for title, found in sections]
    return HEAD + "".join(tables)


def test_the_gallery_is_what_the_specs_say():
    if os.environ.get("NNSPEC_GOLDEN"):
        GALLERY.write_text(gallery(), encoding="utf-8")
    assert GALLERY.read_text(encoding="utf-8") == gallery()


def picture_path(template: Template) -> Path:
    return PICTURES / f"{template.name.rpartition('/')[2]}.svg"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_a_picture_is_of_its_spec_and_worth_looking_at(template):
    graph, path = load_network(template.path).graph, picture_path(template)
    seal = f"<!-- {hashlib.sha256(draw.dot(graph, DEPTH).encode()).hexdigest()} -->\n".encode()
    if os.environ.get("NNSPEC_GOLDEN"):
        PICTURES.mkdir(parents=True, exist_ok=True)
        path.write_bytes(draw.svg(graph, DEPTH) + seal)
    found = path.read_bytes()
    assert found.endswith(seal)
    assert len(found) < MAX_BYTES
    assert float(ElementTree.fromstring(found).attrib["height"].removesuffix("pt")) < MAX_HEIGHT_PT


def test_every_picture_has_a_spec():
    assert sorted(PICTURES.iterdir()) == sorted(map(picture_path, TEMPLATES))
