"""A spec's text with its keys, texts, numbers and comments told apart."""

import re

from nnspec.report.html import Html, join, tag

MAX_LETTERS = 60_000

TOKEN = re.compile(
    r"(?P<comment>(?:(?<=\s)|^)\#[^\n]*)"
    r"|(?P<key>(?:\"[^\"\n]*\"|[A-Za-z_$][\w.$-]*)(?=:(?:\s|$)))"
    r"|(?P<string>\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*')"
    r"|(?P<param>\$\([^)\n]*\)|\$\w+)"
    r"|(?P<number>(?<![\w.])[-+]?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.]))",
    re.MULTILINE,
)


def highlight(text: str) -> Html:
    """The text, or its beginning where it is long."""
    shown, end, parts = text[:MAX_LETTERS], 0, []
    for found in TOKEN.finditer(shown):
        parts += [shown[end : found.start()], tag("span", found[0], class_=f"y-{found.lastgroup}")]
        end = found.end()
    rest = "\n…" if len(text) > MAX_LETTERS else ""
    return tag("pre", tag("code", join([*parts, shown[end:], rest])), class_="spec", tabindex=0)
