"""Whatever a document says and however it is laid out: its form keeps the data and every comment, and is final."""

import re
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from nnspec import source
from nnspec.diagnostics import SpecError
from nnspec.source.tokens import tokens
from nnspec.spec.rewrite import annotate_text, format_text

SCALARS = [
    "a", "b c", "3", "1.5", "~", "true", "'q'", "'it''s'", '"d \\"q\\" \\t"', "$width", "$(2 * width)", '"# no"', "a#b",
    "http://x", '"yes"', "''", "é×", "-1", ".5", "'a: b'", '"\\u2028"', "x-y", "!!str 5", "[]", "{}",
]  # fmt: skip
KEYS = [
    "nnspec",
    "name",
    "from",
    "layers",
    "blocks",
    "when",
    "repeat",
    "Conv2d",
    "Residual",
    "body",
    "'a b'",
    "inputs",
    "k",
]
PIECES = [
    *"ab1:-[]{},#'\"|>&*!? \n", "a: ", "- ", "\n  ", "\n- ", "\n    ", " # c\n", "# d\n", "key: ", "&a ", "*a", "|\n  ",
    "!!str ", "? ", "name: ", "layers:\n", "\n\n", "|+\n  x\n\n", ">-\n  ", '"a\\\n b"', "'it''s'", ", ", "\t",
    "{a: 1}", "[b, c]", "x\n  y", "nnspec: 1\n", "%", "---\n", "...\n", "\\", "\r\n",
]  # fmt: skip


class Author:
    """Writes a document at random, with comments of which each has a number of its own."""

    def __init__(self, random: Random) -> None:
        self.random, self.lines, self.comments = random, [], 0

    def write(self) -> str:
        self.block(0, 0)
        return "\n".join(self.lines) + self.random.choice(["", "\n", "\n\n"])

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def comment(self) -> str:
        self.comments += 1
        return f"# comment {self.comments}."

    def end(self, line: str) -> None:
        """A line, which a comment may follow."""
        gap = " " * self.random.randint(1, 4)
        self.lines.append(line + (gap + self.comment() if self.chance(0.3) else self.random.choice(["", "", "  "])))

    def between(self, indent: int) -> None:
        for _ in range(self.random.choice([0, 0, 0, 1, 2])):
            self.lines.append(" " * self.random.choice([0, indent]) + self.comment() if self.chance(0.6) else "")

    def block(self, indent: int, depth: int, lead: str = "") -> None:
        """A list or mapping; its first line may begin with what stands around it."""
        is_list = depth > 0 and self.chance(0.5)
        for key in [""] * self.random.randint(1, 3) if is_list else self.random.sample(KEYS, self.random.randint(1, 4)):
            if not lead:
                self.between(indent)
            start, lead = lead or " " * indent, ""
            start += "-" if is_list else f"{key}:"
            self.value(start, indent, depth, is_list)

    def value(self, start: str, indent: int, depth: int, is_list: bool) -> None:
        kind = self.random.random()
        if kind < 0.3 and depth < 4:
            inner = indent + self.random.randint(1, 4)
            if is_list and self.chance(0.7):
                self.block(len(start) + 1, depth + 1, f"{start} ")
                return
            self.end(start)
            self.block(inner, depth + 1)
        elif kind < 0.4:
            self.text(start, indent)
        elif kind < 0.65:
            self.flow(start, indent)
        else:
            self.end(f"{start}{' ' * self.random.randint(1, 3)}{self.random.choice(SCALARS)}")

    def text(self, start: str, indent: int) -> None:
        style = self.random.choice(["|", ">", "|-", ">+", "|+", "plain", '"'])
        margin = " " * (indent + self.random.randint(1, 3))
        body = [
            f"{margin}word {self.random.choice(['', '# no', '  x', 'a: b'])}" for _ in range(self.random.randint(1, 3))
        ]
        if style in ("plain", '"'):
            quote = style.strip("plain")
            self.lines.append(f"{start} {quote}one")
            self.lines += [self.random.choice([margin + "two", ""])]
            self.end(f"{margin}three{quote}")
            return
        self.end(f"{start} {style}")
        self.lines += [line if self.chance(0.8) else "" for line in [*body, body[0]]] + [margin + "end"]
        self.lines += [""] * self.random.choice([0, 0, 1, 2])

    def flow(self, start: str, indent: int) -> None:
        """Brackets, in several lines and with comments in them now and then."""
        words = self.inside(0)
        line, margin = start, " " * (indent + 1)
        for word in words:
            line += " " * self.random.randint(1, 2) + word
            if self.chance(0.1):
                self.end(line)
                self.between(indent + 1)
                line = margin
        self.end(line)

    def inside(self, depth: int) -> list[str]:
        is_list = self.chance(0.5)
        words = ["[" if is_list else "{"]
        for key in [""] * self.random.randint(0, 5) if is_list else self.random.sample(KEYS, self.random.randint(0, 3)):
            words += [] if is_list else [f"{key}:"]
            words += self.inside(depth + 1) if depth < 2 and self.chance(0.3) else [self.random.choice(SCALARS)]
            words += [","]
        if words[-1] == "," and self.chance(0.7):
            words.pop()
        return [*words, "]" if is_list else "}"]


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_document_of_any_layout_keeps_its_data_and_every_comment(random):
    author = Author(random)
    text = author.write()
    before = source.parse(text, "net.yaml").plain()
    once = format_text(text, "net.yaml")
    assert source.parse(once, "net.yaml").plain() == before
    numbers = [int(number) for number in re.findall(r"# comment (\d+)\.", once)]
    assert sorted(numbers) == list(range(1, author.comments + 1))
    assert format_text(once, "net.yaml") == once


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_any_text_that_reads_as_yaml_keeps_its_data(text):
    try:
        before = source.parse(text, "net.yaml").plain()
    except SpecError:
        return
    once = format_text(text, "net.yaml")
    assert in_any_order(source.parse(once, "net.yaml").plain()) == in_any_order(before)
    assert format_text(once, "net.yaml") == once


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_any_line_with_a_value_can_be_annotated(text):
    try:
        before = source.parse(text, "net.yaml").plain()
    except SpecError:
        return
    found = tokens(text, "net.yaml")
    notes = {token.start[0] + 1: "4" for token in found if token.value and not token.anchor and not token.tag}
    once = annotate_text(text, "net.yaml", notes)
    assert in_any_order(source.parse(once, "net.yaml").plain()) == in_any_order(before)
    assert annotate_text(once, "net.yaml", notes) == once


def in_any_order(value) -> str:
    """The data as a text in which 1 is not 1.0 and nan is nan."""
    if isinstance(value, dict):
        return f"{{{sorted((key, in_any_order(item)) for key, item in value.items())}}}"
    return f"[{', '.join(map(in_any_order, value))}]" if isinstance(value, list) else repr(value)
