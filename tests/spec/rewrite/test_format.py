"""The one canonical form of a spec: what it changes, what it keeps."""

from pathlib import Path

import pytest

from nnspec.diagnostics import SpecError
from nnspec.spec.rewrite import format_text

ROOT = Path(__file__).parent.parent.parent.parent
SPECS = sorted(
    path
    for folder in ("specs", "examples", "tests/networks")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".yaml", ".json") and "runs" not in path.parts
)


def formatted(text: str) -> str:
    """The form of a text, which is its own form."""
    once = format_text(text, "net.yaml")
    assert format_text(once, "net.yaml") == once
    return once


@pytest.mark.parametrize("path", SPECS, ids=[str(path.relative_to(ROOT)) for path in SPECS])
def test_the_specs_of_this_repository_have_the_form(path):
    text = path.read_text(encoding="utf-8")
    assert format_text(text, str(path), json=path.suffix == ".json") == text


def test_layout_is_normalised():
    text = """\ufeffnnspec:   1\r
name: "net"   \r


inputs: { x : [3,8,  8] }
layers:
- Conv2d:   {out_channels: 8,
             kernel_size: 3}
- Linear:
      out_features:    10
      bias: false
-   ReLU"""
    assert (
        formatted(text)
        == """nnspec: 1
name: net

inputs: {x: [3, 8, 8]}
layers:
  - Conv2d: {out_channels: 8, kernel_size: 3}
  - Linear:
      out_features: 10
      bias: false
  - ReLU
"""
    )


def test_sections_stand_in_the_languages_order_and_comments_travel_with_them():
    text = """# yaml-language-server: $schema=nnspec.schema.json

# how it learns
train: {epochs: 3}  # short
layers:
  - Linear: 3
# what it is
nnspec: 1
inputs: {x: [4]}
"""
    assert (
        formatted(text)
        == """# yaml-language-server: $schema=nnspec.schema.json

# what it is
nnspec: 1
inputs: {x: [4]}
layers:
  - Linear: 3

# how it learns
train: {epochs: 3}  # short
"""
    )


def test_a_comment_that_allows_a_warning_in_the_whole_file_stays_on_top():
    text = "# nnspec: allow(border)\nlayers: [ReLU]\nnnspec: 1\n"
    assert formatted(text) == "# nnspec: allow(border)\nnnspec: 1\nlayers: [ReLU]\n"


def test_a_layers_type_stands_before_what_stands_beside_it_in_every_list_of_layers():
    text = """nnspec: 1
blocks:
  a: [{name: one, ReLU: null}]
  b:
    layers:
      - repeat: 2
        # how it begins
        Residual:
          body:
            - {name: two, Linear: 3}
          shortcut: [{when: true, Tanh: null}]
      - Branches: {merge: Add, paths: [[{name: three, Linear: 3}], []]}
"""
    assert (
        formatted(text)
        == """nnspec: 1
blocks:
  a: [{ReLU: null, name: one}]
  b:
    layers:
      # how it begins
      - Residual:
          body:
            - {Linear: 3, name: two}
          shortcut: [{Tanh: null, when: true}]
        repeat: 2
      - Branches: {merge: Add, paths: [[{Linear: 3, name: three}], []]}
"""
    )


def test_the_order_of_other_keys_is_kept():
    text = "nnspec: 1\ninputs: {b: [1], a: [2]}\nparams:\n  when: 1\n  name: 2\n"
    assert list(formatted(text).splitlines()) == [
        "nnspec: 1",
        "params:",
        "  when: 1",
        "  name: 2",
        "",
        "inputs: {b: [1], a: [2]}",
    ]


def test_brackets_that_do_not_fit_are_written_out():
    names = ", ".join(f"measurement_{number}" for number in range(9))
    text = f"inputs:\n  x: {{columns: [{names}], prepare: [Standardize]}}\n"
    columns = "".join(f"      - measurement_{number}\n" for number in range(9))
    assert formatted(text) == f"inputs:\n  x:\n    columns:\n{columns}    prepare: [Standardize]\n"


def test_brackets_with_comments_in_them_are_written_out():
    text = """layers: [  # all
  Linear: 3,  # first
  # then
  {ReLU: null, name: a}
  # end
]  # done
"""
    assert (
        formatted(text)
        == """layers:  # all  # done
  - Linear: 3  # first
  # then
  - {ReLU: null, name: a}
  # end
"""
    )


def test_a_line_whose_comment_allows_a_warning_stays_whole():
    arguments = ", ".join(f"argument_{number}: {number}" for number in range(8))
    line = f"  - Conv2d: {{{arguments}}}  # nnspec: allow(idle-bias)\n"
    assert len(line) > 130
    assert formatted(f"layers:\n{line}") == f"layers:\n{line}"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("'text'", "text"),
        ('"a: b"', '"a: b"'),
        ("'a: b'", '"a: b"'),
        ("'say \"a\"'", 'say "a"'),
        ("'\"a\"'", "'\"a\"'"),
        ('"yes"', '"yes"'),
        ("'1e-3'", '"1e-3"'),
        ("''", '""'),
        ('"$(depths[0])"', "$(depths[0])"),
        ("['$(depths[0])']", '["$(depths[0])"]'),
        ('"tab\\t"', '"tab\\t"'),
        ('"\\u00e9"', "é"),
        ('"#1"', '"#1"'),
        ("'2020-01-01'", '"2020-01-01"'),
        ("0x1F", "0x1F"),
        ("~", "~"),
    ],
)
def test_quotes_stand_only_where_they_are_needed(written, expected):
    assert formatted(f"a: {written}\n") == f"a: {expected}\n"


def test_blocks_of_text_stay_as_they_are():
    text = """description:   >-   # why
     folded

       more
     # no comment
params:
    a: |2
        indented
      text
    b: |+
     kept


    c: plain text
      in two lines
    d: "quoted \\
        text"
"""
    assert (
        formatted(text)
        == """description: >-  # why
  folded

    more
  # no comment
params:
  a: |2
      indented
    text
  b: |+
    kept


  c: plain text
    in two lines
  d: "quoted \\
    text"
"""
    )


def test_anchors_and_aliases_stay():
    text = "a: &x  # one\n  b:   1\nc: *x\nd: [&y 1  , *y ]\ne: !!str   5\n"
    assert formatted(text) == "a: &x  # one\n  b: 1\nc: *x\nd: [&y 1, *y]\ne: !!str 5\n"


def test_comments_that_stand_below_one_another_stay_so():
    text = "a: 1      # one\nbcd: 23   # two\ne: 5  # three\n"
    assert formatted(text) == "a: 1     # one\nbcd: 23  # two\ne: 5  # three\n"


def test_comments_keep_what_they_speak_of():
    text = """

# file

---
# before
a:
  # first
  - b # beside

  # foot of a

# above c
c: # beside c
  d: 1
  # foot of c
...
# the end
"""
    assert (
        formatted(text)
        == """# file

---
# before
a:
  # first
  - b  # beside

  # foot of a

# above c
c:  # beside c
  d: 1
  # foot of c
# the end
"""
    )


def test_json_keeps_its_lines_and_numbers():
    text = """{"layers": [{"name":"a","Linear": 1e1}, "ReLU"],
   "nnspec":1, "inputs": {"x": [1.50]}, "params": {}}"""
    assert (
        format_text(text, "net.json", json=True)
        == """{
  "nnspec": 1,
  "params": {},
  "inputs": {"x": [1.50]},
  "layers": [{"Linear": 1e1, "name": "a"}, "ReLU"]
}
"""
    )


def test_what_is_wrong_as_a_spec_is_formatted_too():
    assert formatted("layers:   5\nlayrs: {  }\n") == "layers: 5\nlayrs: {}\n"
    assert formatted("- a\n-   b\n") == "- a\n- b\n"
    assert formatted("  text\n") == "text\n"


def test_what_is_no_yaml_is_one_diagnostic():
    with pytest.raises(SpecError) as caught:
        format_text("a: [1\n", "net.yaml")
    assert [found.code for found in caught.value.diagnostics] == ["syntax"]
