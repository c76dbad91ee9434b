"""Reading, on documents that nobody wrote."""

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from nnspec.diagnostics import SpecError
from nnspec.source import Node, parse

FEW = settings(max_examples=150, deadline=None)

# Surrogates and control characters included: JSON can hold them all.
any_text = st.text(st.characters(codec=None, categories=None), max_size=12)
yaml_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
integers = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)


def documents(text):
    leaves = st.none() | st.booleans() | integers | floats | text
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(text, inner, max_size=5))


def written(span) -> str:
    assert span.line == span.end_line
    return span.text.lines[span.line - 1][span.column - 1 : span.end_column - 1]


def same(one, other) -> bool:
    """Equal, and of equal types: 1 is not 1.0, and not true."""
    return repr(one) == repr(other)


def assert_exact_spans(node: Node, read_token) -> None:
    if isinstance(node.value, dict):
        assert all(read_token(written(span)) == key for key, span in node.keys.items())
        assert list(node.keys) == list(node.value)
    elif not isinstance(node.value, list):
        assert same(read_token(written(node.span)), node.value)
    for item in node:
        assert_exact_spans(item, read_token)


def assert_brackets(node: Node) -> None:
    """A bracketed value's span runs from its opening to its closing bracket."""
    if isinstance(node.value, (dict, list)):
        lines, span = node.span.text.lines, node.span
        ends = lines[span.line - 1][span.column - 1] + lines[span.end_line - 1][span.end_column - 2]
        assert ends == ("{}" if isinstance(node.value, dict) else "[]")
    for item in node:
        assert_brackets(item)


blank = st.text(" \t\n\r", max_size=4)


@FEW
@given(documents(any_text), st.booleans(), st.none() | st.integers(0, 4), blank, blank, blank)
def test_json_reads_as_python_reads_it(value, ascii_only, indent, before, after, around):
    separators = (f"{around},{around}", f"{around}:{around}")
    text = before + json.dumps(value, ensure_ascii=ascii_only, indent=indent, separators=separators) + after
    root = parse(text, "f", json=True)
    assert same(root.plain(), json.loads(text))
    assert_exact_spans(root, json.loads)
    assert_brackets(root)


def yaml_token(value) -> str:
    """A scalar as YAML 1.2 writes it: JSON, but for the characters that YAML wants escaped by their code."""
    text = json.dumps(value, ensure_ascii=False)
    return re.sub("[^\t -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", lambda found: escaped(found[0]), text)


def escaped(character: str) -> str:
    return f"\\U{ord(character):08x}"


def flow(value) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{yaml_token(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return yaml_token(value)


def block(value, indent: str = "") -> str:
    if isinstance(value, dict) and value:
        lines = [f"{indent}{yaml_token(key)}:{below(item, indent)}" for key, item in value.items()]
        return "\n".join(lines)
    if isinstance(value, list) and value:
        return "\n".join(f"{indent}-{below(item, indent)}" for item in value)
    return f"{indent}{flow(value)}"


def below(value, indent: str) -> str:
    nested = isinstance(value, (dict, list)) and value
    return f"  # note\n{block(value, indent + '  ')}" if nested else f"   {flow(value)}  # note"


def read_yaml_token(token: str):
    # JSON has no escape of eight digits.
    return json.loads(re.sub(r"\\U([0-9a-f]{8})", lambda found: f"\\u{int(found[1], 16):04x}", token))


@FEW
@given(documents(yaml_text), st.sampled_from([flow, block]), st.sampled_from(["\n", "\r\n", "\r"]))
def test_yaml_reads_what_was_written(value, write, line_break):
    text = write(value).replace("\n", line_break)
    root = parse(text, "f")
    assert same(root.plain(), value)
    assert_exact_spans(root, read_yaml_token)


@FEW
@given(documents(yaml_text))
def test_a_block_ends_where_its_last_value_ends(value):
    root = parse(block(value) + "  # note\n\n# end\n", "f")
    last = root
    while isinstance(last.value, (dict, list)) and last.value:
        last = list(last)[-1]
    assert (root.span.end_line, root.span.end_column) == (last.span.end_line, last.span.end_column)


spec_like = st.text(st.sampled_from(list("ab1.0: -?[]{},&*!|>'\"%@`#\\~<\n\t \r\ufeff\x85\u2028é\0")), max_size=60)


@settings(max_examples=600, deadline=None)
@given(spec_like | any_text, st.booleans())
def test_any_text_ends_in_a_node_or_a_diagnostic(text, as_json):
    try:
        root = parse(text, "f", json=as_json)
    except SpecError as error:
        assert_tellable(error)
    else:
        assert_places_inside(root)


SPEC = """\
nnspec: 1  # version
params: &p {width: 16, classes: "ten"}
layers:
  - Conv2d: {out_channels: $width, kernel_size: [3, 3], padding: 'same'}
    name: conv1
  - ReLU
  - Linear: 10
notes: |
  two
  lines

again: *p
"""


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(SPEC)), st.integers(0, 8), spec_like, st.booleans())
def test_a_damaged_spec_ends_in_a_node_or_a_diagnostic(at, cut, pasted, as_json):
    text = json.dumps({"spec": SPEC, "list": [1, 2.5, None, {"a": True}]}, indent=1) if as_json else SPEC
    damaged = text[:at] + pasted[:6] + text[at + cut :]
    try:
        root = parse(damaged, "f", json=as_json)
    except SpecError as error:
        assert_tellable(error)
    else:
        assert_places_inside(root)


def assert_tellable(error: SpecError) -> None:
    (found,) = error.diagnostics
    lines, span = found.span.text.lines, found.span
    assert 1 <= span.line <= len(lines)
    assert 1 <= span.column <= len(lines[span.line - 1]) + 1
    assert found.code in ("syntax", "number", "duplicate-key", "limit")
    assert found.help or found.code == "duplicate-key"
    assert "not YAML: " not in found.message
    str(error).encode()


def assert_places_inside(node: Node) -> None:
    lines, span = node.span.text.lines, node.span
    assert 1 <= span.line <= span.end_line <= len(lines)
    assert 1 <= span.column <= len(lines[span.line - 1]) + 1
    assert 1 <= span.end_column <= len(lines[span.end_line - 1]) + 1
    assert (span.line, span.column) <= (span.end_line, span.end_column)
    for item in node:
        assert_places_inside(item)
