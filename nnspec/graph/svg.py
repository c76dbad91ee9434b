"""Graphviz's SVG made fit for a page: lines centred in their boxes whatever font draws them, names as tooltips.

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
            _centre(group)
        else:
            group.remove(title)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode").encode() + b"\n"


def _centre(node: Element) -> None:
    """Pieces of text of one height become one line, centred in the node's outline."""
    outline = node.find(_tag("path"))
    texts = node.findall(_tag("text"))
    assert outline is not None
    numbers = [float(number) for number in NUMBER.findall(outline.get("d", ""))]
    middle = (min(numbers[::2]) + max(numbers[::2])) / 2
    lines: dict[str, Element] = {}
    for text in texts:
        node.remove(text)
        y = text.get("y", "")
        if y not in lines:
            attributes = {"x": f"{middle:.2f}", "y": y, "text-anchor": "middle", SPACE: "preserve"}
            lines[y] = ElementTree.SubElement(node, _tag("text"), attributes)
        font = {name: value for name, value in text.attrib.items() if name not in PLACE}
        ElementTree.SubElement(lines[y], _tag("tspan"), font).text = text.text


def _tag(name: str) -> str:
    return f"{{{SVG}}}{name}"
