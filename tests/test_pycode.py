"""Python as text: what is written means what was meant."""

import ast
import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnspec.pycode import Code, F, is_identifier, literal, name, nn, torch

UNHURRIED = settings(deadline=None)  # a busy machine is no mistake

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
VALUES = st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner), st.lists(inner).map(tuple)), max_leaves=8)
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv]


@UNHURRIED
@given(VALUES)
def test_a_literal_gives_its_value_back(value):
    again = ast.literal_eval(literal(value))
    assert again == value
    assert repr(again) == repr(value)


@UNHURRIED
@given(st.text())
def test_text_stays_within_its_quotes(text):
    tree = ast.parse(f"f({literal(text)})", mode="eval").body
    assert isinstance(tree, ast.Call) and len(tree.args) == 1 and isinstance(tree.args[0], ast.Constant)


def test_strings_are_in_double_quotes():
    assert [literal(text) for text in ("same", 'a"b', "it's", "a\nb")] == ['"same"', "'a\"b'", '"it\'s"', "'a\\nb'"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1: 2}, b"a", 1j])
def test_what_has_no_plain_literal_is_refused(value):
    with pytest.raises(AssertionError):
        literal(value)


def _operation(children):
    binary = st.tuples(st.sampled_from(OPERATORS), children, children)
    negative = st.tuples(st.just(operator.neg), children)
    return st.one_of(binary, negative)


EXPRESSIONS = st.recursive(st.one_of(st.sampled_from("abc"), st.integers(-9, 9)), _operation, max_leaves=7)


class _Tree:
    """Operations recorded as nested tuples, so that grouping shows."""

    def __init__(self, tree):
        self.tree = tree

    def __add__(self, other):
        return _Tree(("+", self.tree, _tree(other)))

    def __sub__(self, other):
        return _Tree(("-", self.tree, _tree(other)))

    def __mul__(self, other):
        return _Tree(("*", self.tree, _tree(other)))

    def __truediv__(self, other):
        return _Tree(("/", self.tree, _tree(other)))

    def __neg__(self):
        return _Tree(("neg", self.tree))


def _tree(value):
    return value.tree if isinstance(value, _Tree) else value


@UNHURRIED
@given(EXPRESSIONS)
def test_operators_group_as_they_were_applied(expression):
    names = {letter: name(letter) for letter in "abc"}
    code = _applied(expression, names)
    trees = {letter: _Tree(letter) for letter in "abc"}
    wanted = _applied(expression, trees)
    assert _tree(eval(str(code), {"__builtins__": {}}, trees)) == _tree(wanted)


def _applied(expression, leaves):
    """The expression on leaves; a number on the left is a name's business, as it is in layers."""
    if not isinstance(expression, tuple):
        return leaves.get(expression, expression)
    operation, *operands = expression
    values = [_applied(operand, leaves) for operand in operands]
    kind = type(leaves["a"])
    if not isinstance(values[0], kind):
        values[0] = leaves["a"]
    return operation(*values)


def test_calls_attributes_and_indices_are_written_as_a_person_would():
    x = name("x")
    assert str(nn.Linear(8, 4, bias=False)) == "nn.Linear(8, 4, bias=False)"
    assert str(torch.cat((x, name("y")), dim=1)) == "torch.cat((x, y), dim=1)"
    assert str(F.relu(x)[:, -1]) == "F.relu(x)[:, -1]"
    assert str(x[..., 1:5:2]) == "x[..., 1:5:2]"
    assert str((x + 1).sigmoid()) == "(x + 1).sigmoid()"
    assert str((-x)[0]) == "(-x)[0]"
    assert str(x - (x - 1)) == "x - (x - 1)"
    assert str(name("self.conv1")(x)) == "self.conv1(x)"


@pytest.mark.parametrize("text", ["", "1a", "a b", "class", "a;b", "é", "a.b", "lambda", "None"])
def test_only_plain_identifiers_are_names(text):
    assert not is_identifier(text)
    with pytest.raises(AssertionError):
        name(f"x.{text}.y" if "." not in text else "x..y")


def test_code_is_never_text_by_accident():
    assert not isinstance(nn.Linear, str)
    assert literal("nn.Linear") == '"nn.Linear"'
    assert literal(Code("nn.Linear")) == "nn.Linear"
