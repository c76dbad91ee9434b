"""`$name` and `$(expression)`: values, types, bounds, places, and every message."""

import ast
import math
import operator
import time
from contextlib import suppress
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnspec import source
from nnspec.diagnostics import CODES, Span, SpecError, Text
from nnspec.shapes import symbol
from nnspec.source import Node
from nnspec.spec.compute import OF_ONE_NUMBER, PARTS
from nnspec.spec.expressions import evaluate_text, mentions, names_in, substitute
from nnspec.spec.formula import FUNCTIONS
from nnspec.spec.formula import PARTS as PARTS_READ

T, H = symbol("T"), symbol("H")
NAMES = {
    "width": 16,
    "stride": 2,
    "rate": 0.5,
    "bias": True,
    "act": "ReLU",
    "sizes": [1, 2, 3],
    "in_shape": (3, 8, 8),
    "nothing": None,
    "inf": math.inf,
    "T": T,
    "H": H,
}
SEVERAL = settings(max_examples=300, deadline=None)


def placed(text: str) -> Span:
    """As the value of a key in a file."""
    line = f"  key: {text}"
    return Span(Text("a.yaml", (line,)), 1, 8, 1, len(line) + 1)


def value(text: str, names=NAMES):
    return evaluate_text(text, names, placed(text))


def told(text: str, names=NAMES):
    with pytest.raises(SpecError) as caught:
        value(text, names)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


def marked(diagnostic) -> str:
    span = diagnostic.span
    return span.text.lines[span.line - 1][span.column - 1 : span.end_column - 1]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("plain", "plain"),
        ("$width", 16),
        ("$rate", 0.5),
        ("$bias", True),
        ("$act", "ReLU"),
        ("$nothing", None),
        ("$inf", math.inf),
        ("$sizes", [1, 2, 3]),
        ("$in_shape", (3, 8, 8)),
        ("$T", T),
        ("$(4 * width)", 64),
        ("$( width )", 16),
        ("$(width / 2)", 8.0),
        ("$(7 // 2)", 3),
        ("$(-7 % 3)", 2),
        ("$(-width + +1)", -15),
        ("$(2 ** 10)", 1024),
        ("$(2 ** -1)", 0.5),
        ("$(1_000)", 1000),
        ("$(3e-3)", 0.003),
        ("$(stride != 1 or in_channels == 4)", True),
        ("$(0 < stride <= 2 < width)", True),
        ("$(not bias and true)", False),
        ("$(True == true)", True),
        ("$(act == 'ReLU')", True),
        ("$('a' if rate > 1 else \"b\")", "b"),
        ("$('größe \\d')", "größe \\d"),
        ("$([width, 'a', [true]])", [16, "a", [True]]),
        ("$(in_shape[0])", 3),
        ("$(in_shape[-1] * sizes[1])", 16),
        ("$(in_shape == [3, 8, 8])", True),
        ("$(sizes[1:])", [2, 3]),
        ("$(sum(sizes[:stride]) + len(sizes[1:-1]) + len(sizes[5:]))", 4),
        ("$(in_shape[1:])", [8, 8]),
        ("$(stride in sizes)", True),
        ("$('x' not in sizes)", True),
        ("$(min(width, stride) + max(sizes))", 5),
        ("$(round(2.5) + ceil(0.1) + floor(1.9) + abs(-1) + int(2.9))", 7),
        ("$(sqrt(width) + log2(8))", 7.0),
        ("$(sum(range(1, 10, 3)) + len(sizes))", 15),
        ("$(range(3))", [0, 1, 2]),
        ("$(8 * bias)", 8),
        ("$(9223372036854775807)", 2**63 - 1),
    ],
)
def test_a_whole_expression_keeps_its_type(text, expected):
    found = value(text, {**NAMES, "in_channels": 3})
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("stage-$stride", "stage-2"),
        ("$act-$(width // 2)x$rate", "ReLU-8x0.5"),
        ("$width.real", "16.real"),
        ("$(width)(3)", "16(3)"),
        ("bias=$bias", "bias=true"),
        ("a $$ and $$width", "a $ and $width"),
        ("$$$width", "$16"),
        ("$$", "$"),
        (" $width", " 16"),
        ("层$stride层", "层2层"),
    ],
)
def test_within_other_text_a_value_is_pasted(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("$(T + 1)", T + 1),
        ("$(2 * T - T)", T),
        ("$(T - T)", 0),
        ("$((2 * T + 2) // 2)", T + 1),
        ("$(2 * T % 2)", 0),
        ("$(T % 2)", T - T // 2 * 2),
        ("$(7 // T)", 7 // T),
        ("$(T * H // T)", H),
        ("$(-T)", T * -1),
        ("$(+T)", T),
        ("$(T * bias)", T),
        ("$(sum([T, 1, H]))", T + H + 1),
        ("$([T, 2])", [T, 2]),
        ("$(T == T + 0)", True),
        ("$(T == 4)", False),
        ("$(T != H)", True),
        ("$(T in [1, T])", True),
    ],
)
def test_a_size_known_only_when_the_model_runs_stays_symbolic(text, expected):
    assert value(text) == expected


GRAMMAR = "it has numbers, text in quotes, lists, arithmetic, comparisons, and or not, 'a if c else b' and functions"
UNREADABLE = "an operator stands between values, a comma between items, and each bracket is closed"
BEGIN = "write $name or $(expression); $$ is a dollar sign"
CLOSE = "close it with ')', and each text in it with its quote"
SHORTER = "give a part of it a name of its own under params"
JOIN = 'texts are joined outside an expression, as in "$a-$b"'
LOOPS = "it has no loops; range, sum, min and max take lists"
STARRED = "a list is given as it is, as in max(sizes)"
STRETCH = "as in sizes[1:], sizes[:2] or sizes[1:3]"
ALONE = "text takes numbers, booleans and text; such a value stands alone"
THERE_ARE = "there are min, max, abs, round, ceil, floor, sqrt, log2, int, len, sum, range"
LATER = "known only when the model runs"
FLOAT = "is larger than any float (1.8e308)"

# The text, what the caret marks in it, the message, the way out.
FAULTS = [
    # a dollar sign
    ("5 $", "$", "'$' begins no expression", BEGIN),
    ("a $ b", "$", "'$ ' begins no expression", BEGIN),
    ("${width}", "$", "'${' begins no expression", BEGIN),
    ("$5", "$", "'$5' begins no expression", BEGIN),
    ("a $(width", "$(", "'$(' is not closed", CLOSE),
    ("$('a)", "$(", "'$(' is not closed", CLOSE),
    ("$([width)", "$(", "'$(' is not closed", CLOSE),
    ("$()", "()", "an expression stands between the parentheses", "as in $(2 * width)"),
    ("$( )", "( )", "an expression stands between the parentheses", "as in $(2 * width)"),
    # what the language does not have
    ("$((1).__class__.__mro__[1])", ".__class__", "an expression has no attributes: '.__class__'", GRAMMAR),
    ("$('{0.__class__}'.format(1))", ".format", "an expression has no attributes: '.format'", GRAMMAR),
    ("$(width.real)", ".real", "an expression has no attributes: '.real'", GRAMMAR),
    ("$(1 << 10**10)", "<<", "an expression has no '<<'", GRAMMAR),
    (
        "$([x for x in (1,)][0])",
        "for",
        "an expression has no 'for'",
        "it has no loops; range, sum, min and max take lists",
    ),
    ("$(lambda: 0)", "lambda", "an expression has no 'lambda'", GRAMMAR),
    ("$(x := 3)", ":=", "an expression has no ':='", GRAMMAR),
    ("$(f'{5}')", "f", "text in quotes has no 'f' before it", GRAMMAR),
    ("$(b'x')", "b", "text in quotes has no 'b' before it", GRAMMAR),
    ("$('a' 'b')", "'b'", "two texts stand side by side", JOIN),
    ("$(act + 'b')", "act", "'+' takes numbers, got the text 'ReLU'", JOIN),
    ("$({1: 2})", "{", "an expression has no '{'", GRAMMAR),
    ("$(sizes[::2])", "::2", "a stretch of a list has no step", STRETCH),
    ("$(sizes[act:])", "act", "an item's place is a whole number, got the text 'ReLU'", ""),
    ("$(width[:1])", "width", "only a list has items, got 16", ""),
    ("$(sizes[1:2, 3])", "1:2, 3", "values with commas between them need brackets", "write a list: [1, 2]"),
    ("$(width: 1)", ":", "'width: 1' cannot be read", UNREADABLE),
    ("$(width is 3)", "is", "an expression has no 'is'", "compare with == or !="),
    ("$(width = 3)", "=", "an expression has no '='", "compare with ==; the values of a function have no names"),
    ("$(width && 1)", "&&", "an expression has no '&&'", "write and"),
    ("$(2 * $width)", "$", "an expression has no '$'", "inside the parentheses a name stands alone"),
    ("$(None)", "None", "an expression has no 'None'", "leave the key out where there is nothing to say"),
    ("$(width; 1)", ";", "an expression has no ';'", GRAMMAR),
    ("$(größe)", "ö", "an expression has no 'ö'", GRAMMAR),
    ("$(1\0)", "\0", "an expression has no '\\x00'", GRAMMAR),
    ("$(0x10)", "0x10", "'0x10' is not a decimal number", "as in 16, 0.5 or 3e-3"),
    ("$(2j)", "2j", "'2j' is not a decimal number", "as in 16, 0.5 or 3e-3"),
    ("$(1if 2else 3)", "1if", "'1if' is not a decimal number", "as in 16, 0.5 or 3e-3"),
    ("$(max(*sizes))", "*sizes", "an expression has no '*' before a value", STARRED),
    ("$([*sizes])", "*sizes", "an expression has no '*' before a value", STARRED),
    ("$(max(**sizes))", "sizes", "an expression has no '**' before a value", "give the values one by one"),
    ("$(1, 2)", "(1, 2)", "values with commas between them need brackets", "write a list: [1, 2]"),
    ("$(sizes[1, 2])", "1, 2", "values with commas between them need brackets", "write a list: [1, 2]"),
    ("$(2 +)", ")", "'2 +' cannot be read", UNREADABLE),
    ("$(2 width)", "2 width", "'2 width' cannot be read", UNREADABLE),
    # names and functions
    ("$(2 * widht)", "widht", "no parameter is named 'widht'", "did you mean 'width'?"),
    ("a-$widht", "widht", "no parameter is named 'widht'", "did you mean 'width'?"),
    ("$(1 if true else widht)", "widht", "no parameter is named 'widht'", "did you mean 'width'?"),
    ("$(len)", "len", "no parameter is named 'len'", "len is a function, as in len(...)"),
    ("$(flor(2.5))", "flor", "no function is named 'flor'", "did you mean 'floor'?"),
    ("$(getattr(1, 'real'))", "getattr", "no function is named 'getattr'", THERE_ARE),
    ("$((1)(2))", "1", "only a function can be called", THERE_ARE),
    ("$(sqrt())", "sqrt()", "sqrt takes one value, got none", ""),
    ("$(round(2.5, 1))", "round(2.5, 1)", "round takes one value, got 2", ""),
    ("$(range(1, 2, 3, 4))", "range(1, 2, 3, 4)", "range takes one to three values, got 4", ""),
    ("$(max())", "max()", "max takes at least one value, got none", ""),
    # values
    ("$(8 // 0)", "8 // 0", "division by zero: 8 // 0", ""),
    ("$(width / (stride - 2))", "width / (stride - 2)", "division by zero: 16 / 0", ""),
    ("$(5 % 0.0)", "5 % 0.0", "division by zero: 5 % 0.0", ""),
    ("$(0 ** -1)", "0 ** -1", "division by zero: 0 ** -1", ""),
    ("$(sizes * 2)", "sizes", "'*' takes numbers, got a list of 3", ""),
    ("$('%1000000000d' % 1)", "'%1000000000d'", "'%' takes numbers, got the text '%1000000000d'", ""),
    ("$(1 + nothing)", "nothing", "'+' takes numbers, got null", ""),
    ("$(-act)", "act", "'-' takes numbers, got the text 'ReLU'", ""),
    ("$(act < 'a')", "act", "'<' takes numbers, got the text 'ReLU'", ""),
    ("$(3 in act)", "act", "'in' looks into a list, got the text 'ReLU'", ""),
    ("$(sizes[5])", "sizes[5]", "no item [5] in a list of 3", "the first is [0], the last [2] or [-1]"),
    ("$([][0])", "[][0]", "no item [0] in a list of 0", ""),
    ("$(sizes[rate])", "rate", "an item's place is a whole number, got 0.5", ""),
    ("$(width[0])", "width", "only a list has items, got 16", ""),
    ("$(len(act))", "act", "len takes a list, got the text 'ReLU'", ""),
    ("$(sum(3))", "3", "sum takes a list, got 3", ""),
    ("$(max([]))", "max([])", "max takes several numbers, or a list that holds some, got a list of 0", ""),
    ("$(min(3))", "min(3)", "min takes several numbers, or a list that holds some, got 3", ""),
    ("$(max(1, 'a'))", "max(1, 'a')", "max takes numbers, got the text 'a'", ""),
    ("$(int('5'))", "'5'", "int takes numbers, got the text '5'", ""),
    ("$(sqrt(-1))", "sqrt(-1)", "sqrt takes a number of at least 0, got -1", ""),
    ("$(log2(0))", "log2(0)", "log2 takes a number above 0, got 0", ""),
    ("$(floor(inf))", "floor(inf)", "floor takes a finite number, got inf", ""),
    ("$(range(2.5))", "2.5", "range takes whole numbers, got 2.5", ""),
    ("$(range(0, 5, 0))", "range(0, 5, 0)", "range takes a step other than 0", ""),
    ("$((-8) ** 0.5)", "(-8) ** 0.5", "(-8) ** 0.5 is no real number", ""),
    ("$(inf - inf)", "inf - inf", "inf - inf is not a number", ""),
    ("x$nothing", "$nothing", "null cannot be pasted into text", ALONE),
    ("x$(sizes)", "$(sizes)", "a list of 3 cannot be pasted into text", ALONE),
    ("x$T", "$T", f"T, {LATER}, cannot be pasted into text", ALONE),
    # sizes
    ("$(T + 1 < 4)", "T + 1", f"'<' takes numbers, got T + 1, {LATER}", ""),
    ("$(4 >= T)", "T", f"'>=' takes numbers, got T, {LATER}", ""),
    ("$(max(T, 4))", "max(T, 4)", f"max takes numbers, got T, {LATER}", ""),
    ("$(sqrt(T))", "T", f"sqrt takes numbers, got T, {LATER}", ""),
    ("$(1 if T else 2)", "T", f"a condition is true or false, got T, {LATER}", ""),
    ("$(T and true)", "T", f"a condition is true or false, got T, {LATER}", ""),
    ("$(sizes[T])", "T", f"an item's place is a whole number, got T, {LATER}", ""),
    ("$(range(T))", "T", f"range takes whole numbers, got T, {LATER}", ""),
    ("$(T / 2)", "T / 2", f"'/' takes numbers, got T, {LATER}", "a whole number of them is written //"),
    ("$(T ** 2)", "T ** 2", f"'**' takes numbers, got T, {LATER}", "write the product out"),
    ("$(T * 0.5)", "0.5", f"a size that is {LATER} takes whole numbers, got 0.5", ""),
    ("$(T * act)", "act", "'*' takes numbers, got the text 'ReLU'", ""),
    ("$(T % 0)", "T % 0", "division by zero: T % 0", ""),
    # bounds
    ("$(9**9**9)", "9**9**9", "9**9**9 does not fit 64 bits", ""),
    ("$(2 ** 63)", "2 ** 63", "2 ** 63 does not fit 64 bits", ""),
    ("$(9223372036854775808)", "9223372036854775808", "9223372036854775808 does not fit 64 bits", ""),
    ("$(T * 2 ** 62 * 2)", "T * 2 ** 62 * 2", "T * 2 ** 62 * 2 does not fit 64 bits", ""),
    ("$(2.0 ** 5000)", "2.0 ** 5000", f"2.0 ** 5000 {FLOAT}", ""),
    ("$(1e308 * 10)", "1e308 * 10", f"1e308 * 10 {FLOAT}", ""),
    ("$(1e999)", "1e999", f"1e999 {FLOAT}", ""),
    ("$(range(10 ** 18))", "range(10 ** 18)", "range gives at most 10,000 numbers", ""),
    ("$(" + "(" * 50 + "1" + ")" * 51, "(", "an expression nests at most 50 deep", SHORTER),
    ("$(" + "-" * 50 + "1)", "1", "an expression nests at most 50 deep", SHORTER),
    ("$(" + "1+" * 50 + "1)", "1", "an expression nests at most 50 deep", SHORTER),
    ("$(" + " " * 200 + "1)", "$(" + " " * 200 + "1", "an expression has at most 200 characters", SHORTER),
]


@pytest.mark.parametrize("text, mark, message, help", FAULTS, ids=[fault[0][:40] for fault in FAULTS])
def test_a_fault_is_told_word_for_word_below_its_part(text, mark, message, help):
    diagnostic = told(text)
    assert (diagnostic.message, diagnostic.help, marked(diagnostic)) == (message, help, mark)
    unknown = message.startswith("no parameter")
    assert diagnostic.code == ("unknown-parameter" if unknown else "expression")


def test_what_is_known_is_named_where_no_name_is_near():
    assert told("$q", {"width": 1, "classes": 2}).help == "known here: classes, width"
    assert told("$q", {f"name{number}": 1 for number in range(9)}).help.endswith("name6, name7, …")
    assert told("$q", {}).help == "no name is known here"


def test_a_slip_in_a_dark_branch_does_not_run():
    assert value("$(1 if true else 1 // 0)") == 1
    assert value("$(true or 1 // 0)") is True
    assert value("$(false and 1 // 0)") is False
    assert value("$(2 < 1 < 1 // 0)") is False


def test_lists_and_text_do_not_grow_from_turn_to_turn():
    doubled = [1]
    with pytest.raises(SpecError) as caught:
        for _ in range(40):
            doubled = value("$([x, x])", {"x": doubled})
    assert caught.value.diagnostics[0].message == "the value is a list of more than 10,000 items"
    nested = [1]
    with pytest.raises(SpecError) as caught:
        for _ in range(400):
            nested = value("$([x])", {"x": nested})
    assert caught.value.diagnostics[0].message == "the value is a list of more than 50 lists inside one another"
    long = "x"
    with pytest.raises(SpecError) as caught:
        for _ in range(40):
            long = value("$a$a", {"a": long})
    assert caught.value.diagnostics[0].message == "the text is longer than 10,000 characters with its values in"
    size = T
    with pytest.raises(SpecError) as caught:
        for _ in range(40):
            size = value("$(x * x)", {"x": size})
    assert caught.value.diagnostics[0].message == "the size would be a formula of more than 500 characters"


def test_a_size_of_many_terms_is_refused_before_it_is_multiplied_out():
    names = {name: symbol(name) for name in "ABCDEFGH"}
    total = "(A+B+C+D+E+F+G+H)"
    assert told(f"$({total}*{total})", names).message == "the size would be a formula of more than 500 characters"


def test_names_in_tells_what_a_text_depends_on():
    assert names_in("a-$index-$(2 * width + max(sizes, true))-$$no") == {"index", "width", "sizes"}
    assert names_in("plain") == frozenset()
    assert names_in("$a and $(broken +") == {"a"}


def fault_place(document: str, *, json: bool = False) -> tuple[int, int, int, int]:
    with pytest.raises(SpecError) as caught:
        substitute(source.parse(document, "a.yaml", json=json), NAMES)
    span = caught.value.diagnostics[0].span
    return span.line, span.column, span.end_line, span.end_column


def test_a_fault_stands_where_its_part_is_written():
    assert fault_place("a: 1\nb: $(2 * widht)") == (2, 10, 2, 15)
    assert fault_place("b: '$(2 * widht)'") == (1, 11, 1, 16)
    assert fault_place('b: "$(2 * widht)"') == (1, 11, 1, 16)
    assert fault_place('{"b": "$(2 * widht)"}', json=True) == (1, 14, 1, 19)


def test_a_fault_in_a_text_with_escapes_or_lines_is_at_the_whole_text():
    assert fault_place('b: "\\t$(2 * widht)"') == (1, 4, 1, 20)
    assert fault_place("b: 'it''s $widht'") == (1, 4, 1, 18)
    assert fault_place("b: |\n  $(2 *\n  widht)\n") == (1, 4, 3, 9)
    assert fault_place("b: $(2 *\n  widht)\n") == (1, 4, 2, 9)


def test_an_expression_may_run_over_lines():
    assert substitute(source.parse("b: |-\n  $(2 *\n  width)\n", "a"), NAMES).plain() == {"b": 32}


def test_a_value_of_the_command_line_is_marked_there():
    text = Text("command line", ("--set a=$widht",))
    node = source.parse_value("$widht", text, 1, 9)
    with pytest.raises(SpecError) as caught:
        substitute(node, NAMES)
    assert str(caught.value).splitlines()[:3] == [
        "command line:1:10: error[unknown-parameter]: no parameter is named 'widht'",
        "    1 | --set a=$widht",
        "      |          ^^^^^",
    ]


DOCUMENT = """layers:
  - Conv2d: {out_channels: $width, kernel_size: [3, $stride]}
    name: conv-$stride
  - $act
  - Reshape: {shape: $in_shape, $width: $$}
  - Linear: 10
"""


def test_substitute_replaces_values_and_keeps_keys_and_places():
    before = source.parse(DOCUMENT, "a.yaml")
    after = substitute(before, NAMES)
    assert after.plain() == {
        "layers": [
            {"Conv2d": {"out_channels": 16, "kernel_size": [3, 2]}, "name": "conv-2"},
            "ReLU",
            {"Reshape": {"shape": [3, 8, 8], "$width": "$"}},
            {"Linear": 10},
        ]
    }
    for path in (["layers", 0, "Conv2d", "kernel_size", 1], ["layers", 1], ["layers", 2, "Reshape", "shape"]):
        assert after.span_of(path) == before.span_of(path)
    assert after.span_of(["layers", 0, "name"], key=True) == before.span_of(["layers", 0, "name"], key=True)
    shape = before.span_of(["layers", 2, "Reshape", "shape"])
    assert after.span_of(["layers", 2, "Reshape", "shape", 1]) == shape
    assert after.value["layers"].value[3] is before.value["layers"].value[3]


def test_what_was_put_in_is_not_read_again():
    assert substitute(source.parse("a: $b", "a"), {"b": "$c $"}).plain() == {"a": "$c $"}


def test_a_size_stands_in_its_node():
    assert substitute(source.parse("a: $(T + 1)", "a"), NAMES).plain() == {"a": T + 1}


def test_every_fault_of_a_document_is_told_at_once():
    with pytest.raises(SpecError) as caught:
        substitute(source.parse("a: $x\nb: [$width, $(1 // 0)]\n", "a.yaml"), NAMES)
    assert [found.message for found in caught.value.diagnostics] == [
        "no parameter is named 'x'",
        "division by zero: 1 // 0",
    ]


def test_a_document_of_long_lists_ends_in_an_error():
    node = source.parse("\n".join(["- $big"] * 30), "a.yaml")
    with pytest.raises(SpecError) as caught:
        substitute(node, {"big": list(range(9_000))})
    assert caught.value.diagnostics[0].message == "the document holds more than 200,000 values"


def test_mentions_looks_at_values_alone():
    assert mentions(source.parse("a: [1, {b: x$y}]", "a"))
    assert not mentions(source.parse("$a: [1, {b: xy}]", "a"))


def test_the_lists_of_functions_and_parts_agree():
    assert set(OF_ONE_NUMBER) | {"min", "max", "len", "sum", "range"} == set(FUNCTIONS)
    assert {*PARTS, ast.Slice} == set(PARTS_READ)  # a stretch has no value but its list's
    assert {"expression", "unknown-parameter"} <= set(CODES)


# --- expressions that nobody wrote ---

ORACLE = {
    **{name: getattr(math, name) for name in ("ceil", "floor", "sqrt", "log2")},
    "min": min,
    "max": max,
    "abs": abs,
    "round": round,
    "len": len,
    "int": int,
    "range": lambda *bounds: list(range(*bounds)),
    "sum": lambda items: reduce(operator.add, items, 0),
    "true": True,
    "false": False,
    "__builtins__": {},
}
SCOPE = {name: NAMES[name] for name in ("width", "stride", "rate", "bias", "act", "sizes")}

number_leaves = st.one_of(
    st.integers(0, 9).map(str),
    st.sampled_from(["width", "stride", "rate", "bias", "0", "0.0", "1e308", "4611686018427387904", "2.5", "True"]),
    st.floats(0, 1e6).map(repr),
)
small = st.integers(-4, 12).map(str)


def compounds(numbers):
    """Expressions of numbers, from smaller ones. Those of conditions stand in parentheses, so that types fit."""
    lists = st.one_of(
        st.lists(numbers, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.just("sizes"),
        st.tuples(small, small, st.sampled_from(["1", "2", "-1", "0"])).map(lambda args: f"range({', '.join(args)})"),
    )
    texts = st.sampled_from(["act", "'ReLU'", '"x"'])
    comparison = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    conditions = st.one_of(
        st.tuples(numbers, comparison, numbers).map(lambda words: f"({' '.join(words)})"),
        st.tuples(numbers, comparison, numbers, comparison, numbers).map(lambda words: f"({' '.join(words)})"),
        st.tuples(numbers, st.sampled_from(["in", "not in"]), lists).map(lambda words: f"({' '.join(words)})"),
        st.tuples(texts, st.sampled_from(["==", "!="]), texts).map(lambda words: f"({' '.join(words)})"),
        st.tuples(numbers, st.sampled_from(["and", "or"]), numbers).map(lambda words: f"({' '.join(words)})"),
        numbers.map(lambda number: f"(not {number})"),
        st.sampled_from(["true", "false"]),
    )
    arithmetic = st.tuples(numbers, st.sampled_from(["+", "-", "*", "/", "//", "%"]), numbers)
    return st.one_of(
        arithmetic.map(" ".join),
        arithmetic.map(lambda words: f"({''.join(words)})"),
        st.tuples(numbers, small).map(lambda pair: f"(({pair[0]}) ** {pair[1]})"),
        numbers.map(lambda number: f"(-{number})"),
        st.tuples(st.sampled_from(["abs", "round", "ceil", "floor", "sqrt", "log2", "int"]), numbers).map(
            lambda call: f"{call[0]}({call[1]})"
        ),
        st.tuples(st.sampled_from(["min", "max"]), numbers, numbers).map(
            lambda call: f"{call[0]}({call[1]}, {call[2]})"
        ),
        st.tuples(st.sampled_from(["min", "max", "sum", "len"]), lists).map(lambda call: f"{call[0]}({call[1]})"),
        st.tuples(lists, small).map(lambda item: f"{item[0]}[{item[1]}]"),
        st.tuples(numbers, conditions, numbers).map(lambda words: f"({words[0]} if {words[1]} else {words[2]})"),
        conditions,
    )


expressions = st.recursive(number_leaves, compounds, max_leaves=10).filter(lambda text: len(text) <= 200)


def passes_bounds(text: str) -> bool:
    """Whether Python refuses the expression, or comes to a number that a spec cannot hold."""
    try:
        found = eval(text, {**ORACLE, **SCOPE})
    except (ArithmeticError, ValueError, IndexError):
        return True
    if isinstance(found, int):
        return not -(2**63) <= found < 2**63
    return isinstance(found, complex) or not math.isfinite(found)


@SEVERAL
@given(expressions)
def test_an_expression_means_what_python_means_by_it(text):
    try:
        found = value(f"$({text})", SCOPE)
    except SpecError as error:
        # The part that the caret marks is at fault in Python's own eyes.
        assert passes_bounds(marked(error.diagnostics[0])), str(error)
    else:
        assert repr(found) == repr(eval(text, {**ORACLE, **SCOPE}))


scraps = st.sampled_from(
    "$ $( ( ) [ ] ' \" \\ + - * ** / // % < <= == != = := . , : ; # @ { } ! ~ ^ & | << ? ` \n \r \0 \x0c ö 层 \ud800 _ "
    "1 0 9 0x 1e 1e9 .5 1_0 99999999999 width T act sizes in_shape nothing inf x if else and or not in is lambda for "
    "True false None min( max( sum( len( range( sqrt( int( f' b\" yield await async __class__".split(" ")
) | st.just(" ")


@SEVERAL
@given(st.lists(scraps, max_size=40).map("".join), st.booleans())
def test_any_text_is_a_value_or_an_error_in_no_time(text, inside):
    text = f"$({text})" if inside else text
    started = time.process_time()
    try:
        value(text)
    except SpecError as error:
        assert {found.code for found in error.diagnostics} <= {"expression", "unknown-parameter"}
    names_in(text)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("opened, closed", ["()", "[]", ("max(", ")"), ("-(", ")"), ("not(", ")"), ("x[", "]")])
@pytest.mark.parametrize("middle", ["1", "1 1", "", "1 if", "*", "'"])
def test_deep_nesting_takes_no_time(opened, closed, middle):
    depth = min(49, 195 // len(opened + closed))
    started = time.process_time()
    for levels in (depth, 60, 5000):
        with suppress(SpecError):
            value("$(" + opened * levels + middle + closed * levels + ")")
    assert time.process_time() - started < 1


plain_texts = st.text(st.characters(exclude_characters="$"), max_size=9)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | plain_texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


def as_node(plain_value) -> Node:
    span = Span(Text("a"))
    if isinstance(plain_value, dict):
        return Node({key: as_node(item) for key, item in plain_value.items()}, span, dict.fromkeys(plain_value, span))
    return Node([as_node(item) for item in plain_value] if isinstance(plain_value, list) else plain_value, span)


@SEVERAL
@given(plain)
def test_a_document_without_a_dollar_is_left_alone(document):
    node = as_node(document)
    assert not mentions(node)
    assert substitute(node, NAMES) is node


@SEVERAL
@given(plain_texts, plain_texts)
def test_two_dollars_are_one(before, after):
    assert value(f"{before}$${after}") == f"{before}${after}"
