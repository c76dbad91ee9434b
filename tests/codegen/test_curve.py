"""The curve of a function of each element, traced and drawn."""

import math
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from nnspec.cli.main import main
from nnspec.codegen.curve import trace
from nnspec.layers import find, known
from nnspec.layers.activation import PReLU, ReLU, Tanh
from nnspec.layers.curve import Curve, to_svg
from nnspec.layers.elementwise import Elementwise
from nnspec.layers.piecewise import ReLU6

DRAWN = [name for name in known() if (layer := find(name)) and issubclass(layer, Elementwise)]


def test_a_curve_has_the_values_and_the_derivative():
    curve = trace(Tanh())
    assert (curve.x[0], curve.x[-1], len(curve.x)) == (-4.0, 4.0, 800)
    for x, y, slope in zip(curve.x, curve.y, curve.slope, strict=True):
        assert y == pytest.approx(math.tanh(x), abs=1e-6)
        assert slope == pytest.approx(1 - math.tanh(x) ** 2, abs=1e-6)


def test_what_happens_further_out_is_seen():
    assert trace(ReLU6()).x[-1] == 8.0
    assert trace(ReLU()).x[-1] == 4.0


def test_a_learnt_slope_is_drawn_where_it_starts():
    curve = trace(PReLU(init=0.5))
    assert (curve.y[0], curve.slope[0], curve.slope[-1]) == (-2.0, 0.5, 1.0)


def test_a_jump_is_a_gap_and_what_is_not_defined_is_left_out():
    step = [float(x > 0) for x in range(-50, 51)]
    picture = to_svg("step", Curve([x / 10 for x in range(-50, 51)], step, [math.nan] * 101))
    lines = re.findall(r'<path d="([^"]*)" stroke="#3b82f6"', picture)
    assert [line.count("M") for line in lines] == [2]
    assert re.findall(r'<path d="([^"]*)" stroke="#f08024"', picture) == [""]


@pytest.mark.parametrize("name", DRAWN)
def test_every_function_of_each_element_can_be_drawn(name, tmp_path, capsys):
    picture, page = tmp_path / "curve.svg", tmp_path / "curve.html"
    assert main(["layers", name, "--svg", str(picture), "--html", str(page)]) == 0
    ElementTree.parse(picture)
    assert "NaN" not in picture.read_text() and "nan" not in picture.read_text()
    assert f"<title>{name}</title>" in page.read_text() and "<svg" in page.read_text()
    assert capsys.readouterr().err == f"wrote {picture}\nwrote {page}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["Conv2d"], "Conv2d is no function of each element"), ([], "a curve is of one layer type")],
)
def test_what_has_no_curve_is_told(arguments, message, tmp_path, capsys):
    assert main(["layers", *arguments, "--svg", str(tmp_path / "x.svg")]) == 2
    assert capsys.readouterr().err == f"nnspec layers: {message}\n  help  as in `nnspec layers ReLU --svg relu.svg`\n"
    assert not (tmp_path / "x.svg").exists()


LONE = ("meta", "input", "br", "td", "th", "dt", "dd", "tr", "rect", "path")  # closed by what follows, or at once


class _Tags(HTMLParser):
    """The tags that are open; what is closed was the last one opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: list[str] = []

    def handle_starttag(self, tag, attributes):
        if tag not in LONE:
            self.open.append(tag)
        if tag == "section":
            self.names.append(dict(attributes)["id"])

    def handle_endtag(self, tag):
        if tag not in LONE:
            assert self.open.pop() == tag


def test_the_reference_is_one_page_of_every_layer_type(tmp_path, capsys):
    page = tmp_path / "reference.html"
    assert main(["layers", "--html", str(page)]) == 0
    tags = _Tags()
    tags.feed(page.read_text())
    assert (tags.names, tags.open) == (known(), [])
    assert "http" not in re.sub(r"http://www.w3.org/2000/svg", "", page.read_text()), "it loads nothing"


def test_a_layer_without_a_curve_has_a_page_too(tmp_path, capsys):
    page = tmp_path / "conv.html"
    assert main(["layers", "Conv2d", "--html", str(page)]) == 0
    assert "nn.Conv2d(" in page.read_text() and "<svg" not in page.read_text()
