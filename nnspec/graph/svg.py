"""Graphviz's SVG made fit for a page: lines whole and centred whatever font draws them, names as tooltips.

Graphviz places every piece of text by its own font's widths, and another font on the reader's side would leave it
off centre.
"""

import re
from collections.abc import Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

SVG = "http://www.w3.org/2000/svg"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
# On each piece of a line stands what makes its font; the place stands on the line.
SPACE = "{http://www.w3.org/XML/1998/namespace}space"
PLACE = ("x", "y", "text-anchor", SPACE)


def tidy(drawn: bytes, tooltips: Mapping[str, str]) -> bytes:
    """The picture with centred lines, and the tooltips of its nodes by their keys in place of the keys."""
    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring(drawn)
    for group in root.iter(_tag("g")):
        title = group.find(_tag("title"))
        if title is None:
            continue
        key = title.text or ""
        if group.get("class") == "node" and key in tooltips:
            title.text = tooltips[key]
            _join(group, middle=_middle(group))
        else:
            group.remove(title)
            if group.get("class") == "cluster":
                _join(group)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode").encode() + b"\n"


def _middle(node: Element) -> float:
    """The middle of a node's outline, from left to right."""
    outline = node.find(_tag("path"))
    assert outline is not None
    places = [float(number) for number in NUMBER.findall(outline.get("d", ""))][::2]
    return (min(places) + max(places)) / 2


def _join(group: Element, *, middle: float | None = None) -> None:
    """Pieces of text of one height become one line, which begins where the first one did or stands in the middle."""
    lines: dict[str, Element] = {}
    for text in group.findall(_tag("text")):
        group.remove(text)
        y = text.get("y", "")
        if y not in lines:
            place = {"x": text.get("x", ""), "text-anchor": "start"}
            if middle is not None:
                place = {"x": f"{middle:.2f}", "text-anchor": "middle"}
            lines[y] = ElementTree.SubElement(group, _tag("text"), {**place, "y": y, SPACE: "preserve"})
        font = {name: value for name, value in text.attrib.items() if name not in PLACE}
        ElementTree.SubElement(lines[y], _tag("tspan"), font).text = text.text


def _tag(name: str) -> str:
    return f"{{{SVG}}}{name}"
