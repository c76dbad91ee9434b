"""Reading: values, places, files, limits."""

import gc
import math
import os
import subprocess
import sys
import time

import pytest
import yaml

from nnspec import source
from nnspec.diagnostics import Span, SpecError, Text
from nnspec.source import MAX_BYTES, MAX_DEPTH, MAX_NODES, Node, parse, parse_value, read, yaml_reader

HOSTILE_S = 5  # seconds; a machine at rest needs less than one


def plain(text: str):
    return parse(text, "f").plain()


def refused(text: str, *, json: bool = False):
    with pytest.raises(SpecError) as caught:
        parse(text, "f", json=json)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def written(span: Span) -> str:
    """The stretch of the text that a span marks."""
    lines = span.text.lines[span.line - 1 : span.end_line]
    if len(lines) == 1:
        return lines[0][span.column - 1 : span.end_column - 1]
    return "\n".join([lines[0][span.column - 1 :], *lines[1:-1], lines[-1][: span.end_column - 1]])


# Scalars: the core schema of YAML 1.2


@pytest.mark.parametrize(
    ("word", "value"),
    [
        *((word, None) for word in ("", "~", "null", "Null", "NULL", "!!null")),
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, False) for word in ("false", "False", "FALSE", "!!bool false")),
        *((word, word) for word in ("no", "No", "on", "yes", "off", "y", "n", "tRUE", "nULL", "None", "nil")),
        *((word, word) for word in ("1_0", "0b1", "1:30", "0o8", "0xg", "-0x1F", "1e", "e3", ".", "+", "--1", "1-2")),
        *(
            (word, word)
            for word in ("inf", "nan", ".iNF", "+.nan", "sklearn:digits", "$width", "$(a + b)", "2026-11-01")
        ),
        *((f"{quote}{word}{quote}", word) for quote in "'\"" for word in ("1", "true", "null", "~", "", "010", "<<")),
        ("!!str 1", "1"),
        ("!!str", ""),
        ("0", 0),
        ("-0", 0),
        ("00", 0),
        ("007", 7),
        ("+1", 1),
        ("-17", -17),
        ("0o17", 15),
        ("0x1F", 31),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("!!int 5", 5),
        ("1e-3", 0.001),
        ("3E2", 300.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("-1.5e+2", -150.0),
        ("010.5", 10.5),
        ("1e-999", 0.0),
        ("!!float 5", 5.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
    ],
)
def test_a_word_reads_as_yaml_1_2_says(word, value):
    (read_value,) = plain(f"- {word}")
    assert (read_value, type(read_value)) == (value, type(value))


def test_nan_is_a_float():
    assert math.isnan(plain("- .nan")[0])


def test_keys_that_yaml_1_1_turns_into_booleans_are_text():
    assert plain("no: 1\non: 2\ny: 3\nNULL_: 4") == {"no": 1, "on": 2, "y": 3, "NULL_": 4}


def test_quoted_keys_may_be_anything():
    assert plain("'1': a\n\"null\": b\n'': c\n'<<': d") == {"1": "a", "null": "b", "": "c", "<<": "d"}


def test_structures_of_both_styles():
    text = "a:\n- 1\n- [2, {b: c}]\n-\n  d: |\n    x\n    y\ne: {f: [], g: {}, h}\n"
    assert plain(text) == {"a": [1, [2, {"b": "c"}], {"d": "x\ny\n"}], "e": {"f": [], "g": {}, "h": None}}


def test_any_root_is_read():
    assert plain("5") == 5
    assert plain("- a") == ["a"]
    assert plain("---\n") is None
    assert parse("5", "f", json=True).plain() == 5


def test_core_tags_of_collections_are_honoured():
    assert plain("a: !!map {b: !!seq [1]}") == {"a": {"b": [1]}}


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert parse("\ufeffa: 1", "f").keys["a"].column == 1
    assert parse('\ufeff{"a": 1}', "f", json=True).keys["a"].column == 2


# Aliases


def test_an_alias_is_the_same_node():
    root = parse("a: &x {b: 1}\nc: *x\nd: [*x, &y 5, *y]", "f")
    assert root.get("a") is root.get("c")
    assert root.plain() == {"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}, 5, 5]}


def test_an_alias_may_be_a_key():
    root = parse("a: &k name\n*k : 2", "f")
    assert root.plain() == {"a": "name", "name": 2}
    assert written(root.keys["name"]) == "*k"


def test_the_last_anchor_of_a_name_holds():
    assert plain("- &a 1\n- *a\n- &a 2\n- *a") == [1, 1, 2, 2]
    assert plain("- &a [&a 1, *a]\n- *a") == [[1, 1], [1, 1]]


def test_aliases_count_as_what_they_repeat():
    lines = ["a0: &a0 [x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30))]
    found = refused("\n".join(lines))
    assert found.code == "limit"
    assert found.message == "the document holds more than 200,000 values once each alias is written out"


def test_text_repeated_by_aliases_is_bounded():
    found = refused(f'big: &b "{"A" * 100_000}"\nlist: [{", ".join(["*b"] * 20_000)}]')
    assert found.code == "limit"
    assert found.message == "the document holds more than 16,000,000 characters of text once each alias is written out"


def test_aliases_count_towards_the_depth():
    chain = ["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 300))]
    found = refused("\n".join(chain))
    assert (found.code, found.span.line) == ("limit", MAX_DEPTH)
    parse("\n".join(chain[: MAX_DEPTH - 1]), "f").plain()


# Places


def test_every_key_and_value_knows_its_place():
    root = parse("a: {b: [1, two, 'three']}  # note\nc:\n  - d\n  - e: 5  \n\n# end\n", "f")
    assert written(root.get("a").span) == "{b: [1, two, 'three']}"
    assert [written(item.span) for item in root.get("a").get("b")] == ["1", "two", "'three'"]
    assert written(root.get("a").keys["b"]) == "b"
    assert written(root.get("c").span) == "- d\n  - e: 5"
    assert written(root.span) == "a: {b: [1, two, 'three']}  # note\nc:\n  - d\n  - e: 5"


def test_nothing_stands_behind_its_colon_or_dash():
    root = parse("a:\nb: [c: , d]\ne:\n-\n- 1", "f")
    assert root.get("a").span.place == "f:1:3"
    assert root.get("e").span_of([0]).place == "f:4:2"


def test_a_block_of_text_ends_with_its_last_line():
    root = parse("a: |\n  x\n  y\n\n# note\nb: >-\n  z", "f")
    assert written(root.get("a").span) == "|\n  x\n  y"
    assert written(root.get("b").span) == ">-\n  z"
    assert written(parse("a: |\n\n\n", "f").get("a").span) == "|"


def test_a_pair_among_items_ends_with_its_value():
    root = parse("[a: 1  , b: [2]  , 'c']", "f")
    assert [written(item.span) for item in root] == ["a: 1", "b: [2]", "'c'"]


def test_anchors_and_tags_are_not_part_of_a_value():
    root = parse("a: &x 5\nb: !!str  6\nc: &y !!seq [1]\nd: &z\n  e: 1\nf: &w # note\n  g", "f")
    assert [written(root.get(key).span) for key in "abc"] == ["5", "6", "[1]"]


def test_lines_are_counted_as_editors_do():
    text = 'a: "x\u2028y\x85z"\r\nb: p\u2029q\rc: 3\n'
    root = parse(text, "f")
    assert root.plain() == {"a": "x\u2028y\x85z", "b": "p\u2029q", "c": 3}
    assert [root.keys[key].line for key in "abc"] == [1, 2, 3]
    assert root.span.text.lines == ('a: "x\u2028y\x85z"', "b: p\u2029q", "c: 3", "")


def test_columns_count_characters():
    root = parse('"é𝒳": 𝒳𝒳 # c\n中: [é, ü]', "f")
    assert [written(span) for span in root.keys.values()] == ['"é𝒳"', "中"]
    assert [written(item.span) for item in root.get("中")] == ["é", "ü"]


def test_a_path_leads_to_a_place_or_near_it():
    root = parse("a: {b: [1, 2]}", "f")
    assert root.span_of(["a", "b", 1]).place == "f:1:12"
    assert root.span_of(["a", "b"], key=True).place == "f:1:5"
    assert root.span_of(["a", "b", 7, "x"]).place == "f:1:8"
    assert root.span_of(["z"]) is root.span


def test_a_node_is_walked_like_its_value():
    root = parse("a: [1, 2]\nb: x", "f")
    assert [node.value for node in root.get("a")] == [1, 2]
    assert [node.value for node in root if not isinstance(node.value, list)] == ["x"]
    assert list(root.get("b")) == []
    assert root.get("c") is None
    assert Node(5, root.span).keys == {}


# The command line


def test_a_value_of_the_command_line_knows_its_place():
    text = Text("command line", ("--set train.epochs=[5, five]",))
    node = parse_value("[5, five]", text, 1, 20)
    assert node.plain() == [5, "five"]
    assert [written(item.span) for item in node] == ["5", "five"]


def test_no_value_is_null_where_it_would_stand():
    text = Text("command line", ("--set name=",))
    node = parse_value("", text, 1, 12)
    assert (node.value, node.span.place) == (None, "command line:1:12")


def test_a_mistake_on_the_command_line_is_shown_there():
    text = Text("command line", ("--set seed=1", "--set train=[1, 2"))
    with pytest.raises(SpecError) as caught:
        parse_value("[1, 2", text, 2, 13)
    assert str(caught.value) == (
        "command line:2:13: error[syntax]: '[' is not closed\n"
        "    2 | --set train=[1, 2\n"
        "      |             ^\n"
        "  help  close it with ']'"
    )


def test_an_undecodable_argument_is_refused():
    value = os.fsdecode(b"caf\xe9")
    with pytest.raises(SpecError, match=r"U\+DCE9"):
        parse_value(value, Text("command line", (f"--set name={value}",)), 1, 12)


# Files


def test_the_ending_chooses_the_language(tmp_path):
    (tmp_path / "a.yaml").write_text("{a: no}")
    (tmp_path / "b.json").write_text('{"a": "\\ud83d\\ude00"}')
    (tmp_path / "c.JSON").write_text("{a: 1}")
    assert read(tmp_path / "a.yaml").plain() == {"a": "no"}
    assert read(str(tmp_path / "b.json")).plain() == {"a": "😀"}
    with pytest.raises(SpecError, match="this key is not in quotes"):
        read(tmp_path / "c.JSON")


def told(path) -> str:
    with pytest.raises(SpecError) as caught:
        read(path)
    return str(caught.value)


def test_a_missing_file_is_told_with_its_neighbour(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits.yaml").write_text("a: 1")
    assert told("digts.yaml") == "digts.yaml: error[file]: no such file\n  help  did you mean 'digits.yaml'?"
    assert told("specs/x.yaml") == "specs/x.yaml: error[file]: no such file\n  help  there is no folder 'specs'"
    assert told("wholly-different") == "wholly-different: error[file]: no such file"


def test_what_is_no_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.yaml")
    (tmp_path / "a.yaml").write_text("a: 1")
    assert told(".") == ".: error[file]: is a folder, not a file"
    assert told("pipe.yaml") == "pipe.yaml: error[file]: is a pipe or a device, not a file"
    assert told("/dev/zero") == "/dev/zero: error[file]: is a pipe or a device, not a file"
    assert told("a.yaml/b.yaml") == "a.yaml/b.yaml: error[file]: cannot be read: not a directory"
    assert told("a\0b") == "a�b: error[file]: cannot be read: embedded null byte"


def test_a_large_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fits.yaml").write_text("#" * MAX_BYTES)
    (tmp_path / "large.yaml").write_text("#" * (MAX_BYTES + 1))
    assert "nothing but comments" in told("fits.yaml")
    assert told("large.yaml").startswith("large.yaml: error[limit]: the file holds more than 4 MB\n  help  ")


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_text_is_refused(tmp_path, monkeypatch, codec):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wide.yaml").write_bytes("nnspec: 1\n".encode(codec))
    assert told("wide.yaml") == (
        "wide.yaml: error[encoding]: the file is not UTF-8: it begins as UTF-16 or UTF-32 does\n"
        "  help  save the file as UTF-8"
    )


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_that_is_not_utf8_has_a_place(tmp_path, monkeypatch, mark):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(mark + "é: 1\r\nname: caf".encode() + b"\xe9\n")
    assert told("latin.yaml") == (
        f"latin.yaml:2:10: error[encoding]: the byte 0xe9 (number {17 + len(mark)} of the file) is not UTF-8\n"
        "    2 | name: caf\N{REPLACEMENT CHARACTER}\n"
        "      |          ^\n"
        "  help  save the file as UTF-8"
    )


# Limits and hostile texts


def nested(opening: str) -> str:
    return opening * 300_000


HOSTILE_YAML = {
    "brackets": nested("["),
    "closed brackets": nested("[") + nested("]"),
    "braces": nested("{a: "),
    "dashes": nested("- "),
    "questions": nested("? "),
    "both": nested("[{a: "),
    "indented": "\n".join(" " * level + "a:" for level in range(2500)),
    "an open quote": 'a: "' + "x\n" * 1_000_000,
    "many values": "[" + "1," * 1_000_000 + "]",
    "many keys": "\n".join(f"k{number}: x" for number in range(250_000)),
    "many anchors": "\n".join(f"- &a{number} x" for number in range(150_000)) + "\n- *b",
    "an alias of great length": "a: &b 1\nc: *" + "x" * 1_000_000,
    "an integer of great length": "a: " + "9" * 1_000_000,
    "a hexadecimal of great length": "a: 0x" + "f" * 1_000_000,
    "a float of great length": "a: " + "9" * 1_000_000 + ".5",
    "tags": "!a " * 1_000_000,
    "colons": "a: " * 1_000_000,
    "stars": "*" * 1_000_000,
    "a key of great length": "x" * 1_000_000 + ": 1",
    "lines without a key": "x\n" * 1_000_000 + "y: 1",
}
HOSTILE_JSON = {
    "brackets": nested("["),
    "braces": nested('{"a":'),
    "many values": "[" + "1," * 1_000_000 + "1]",
    "an open quote": '"' + "x" * 1_000_000,
    "backslashes": '"' + "\\" * 1_000_001,
    "an integer of great length": "9" * 1_000_000,
    "an exponent of great length": "1e" + "9" * 1_000_000,
    "lines": "[" + "\n" * 1_000_000,
    "a word of great length": "x" * 1_000_000,
}
HOSTILE = [(text, False) for text in HOSTILE_YAML.values()] + [(text, True) for text in HOSTILE_JSON.values()]
HOSTILE_NAMES = [*HOSTILE_YAML, *(f"JSON: {name}" for name in HOSTILE_JSON)]


@pytest.mark.parametrize(("text", "json"), HOSTILE, ids=HOSTILE_NAMES)
def test_a_hostile_text_is_refused_soon_and_shortly(text, json):
    start = time.process_time()
    found = refused(text, json=json)
    assert time.process_time() - start < HOSTILE_S
    assert len(str(SpecError([found]))) < 1500


@pytest.mark.parametrize("json", [False, True])
def test_the_deepest_document_is_read_and_one_deeper_is_not(json):
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    parse(deepest, "f", json=json).plain()
    found = refused(f"[{deepest}]", json=json)
    assert (found.code, found.message, found.span.column) == ("limit", "nested more than 100 deep", MAX_DEPTH + 1)


@pytest.mark.parametrize("json", [False, True])
def test_the_most_values_are_read_and_one_more_is_not(json):
    parse("[" + ",".join(["1"] * (MAX_NODES - 1)) + "]", "f", json=json)
    found = refused("[" + ",".join(["1"] * MAX_NODES) + "]", json=json)
    assert (found.code, found.message) == ("limit", "the document holds more than 200,000 values")


def test_a_number_of_five_thousand_digits_is_refused():
    for json in (False, True):
        found = refused("[" + "9" * 5000 + "]", json=json)
        assert (found.code, found.message) == ("number", "9" * 40 + "… does not fit 64 bits")


def test_a_key_longer_than_yaml_allows_is_told():
    assert refused("a: 1\n" + "x" * 1100 + ": 1\n").message == "the key is longer than 1,024 characters"
    assert parse('{"' + "x" * 1100 + '": 1}', "f", json=True).plain() == {"x" * 1100: 1}


def test_many_aliases_can_be_many_diagnostics_of_one():
    assert refused("a: 1\na: 2\na: 3").span.line == 2


# The parser


def test_the_collector_runs_again_afterwards():
    refused("[")
    parse("a: 1", "f")
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    try:
        parse("a: 1", "f")
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_the_python_parser_reads_the_same(monkeypatch):
    text = "a: &x [1, {b: 'c'}]\nd: *x\ne: |\n  text\n\nf: [g: 1  , h]\n# end\n"
    fast = parse(text, "f")
    monkeypatch.setattr(yaml_reader, "PARSER", yaml.SafeLoader)
    slow = parse(text, "f")
    assert slow.plain() == fast.plain()
    assert [written(node.span) for node in slow] == [written(node.span) for node in fast]
    assert refused("[" * 1000).code == "limit"


def test_reading_loads_little():
    script = "import sys, nnspec.source; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "yaml" in loaded
    assert not {"torch", "onnx", "numpy", "networkx", "pydantic"} & set(loaded)


def test_the_public_names():
    assert sorted(name for name in source.__all__ if name[0].islower()) == ["parse", "parse_value", "read"]
