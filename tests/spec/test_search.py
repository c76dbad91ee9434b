"""`$search`: what stands in the place of a value that is looked for."""

from hypothesis import given
from hypothesis import strategies as st

from nnspec import source
from nnspec.graph import parse_network
from nnspec.spec.search import Search, find_searches, with_values

SPEC = """\
nnspec: 1
params: {width: {$search: {log_int: [4, 16]}}}
inputs: {x: [4]}
layers:
  - Linear: $width
  - Dropout: {$search: {uniform: [0, 0.5], default: 0.1}}
  - {$search: [ReLU, Tanh]}
"""


def test_without_a_search_the_middle_the_default_or_the_first_stands_there():
    network = parse_network(SPEC)
    assert [str(layer) for layer in (vertex.layer for vertex in network.graph)] == [
        str(layer) for layer in (vertex.layer for vertex in parse_network(PLAIN).graph)
    ]


PLAIN = """\
nnspec: 1
inputs: {x: [4]}
layers: [Linear: 8, Dropout: 0.1, ReLU]
"""


def test_every_search_has_the_path_of_its_value():
    names = [search.name for search in find_searches(source.parse(SPEC, "net.yaml"))]
    assert names == ["params.width", "layers[1].Dropout", "layers[2]"]


def test_values_stand_in_the_place_of_the_searches():
    root = source.parse(SPEC, "net.yaml")
    values = dict(zip((search.path for search in find_searches(root)), (5, 0.25, "Tanh"), strict=True))
    plain = with_values(root, values).plain()
    assert plain["params"] == {"width": 5}
    assert plain["layers"] == [{"Linear": "$width"}, {"Dropout": 0.25}, "Tanh"]


@given(st.floats(1e-8, 1e8), st.floats(1e-8, 1e8), st.floats(0, 1), st.booleans())
def test_a_rounded_value_stays_within_its_bounds(one: float, other: float, share: float, is_log: bool):
    low, high = min(one, other), max(one, other)
    span = source.parse("x", "net.yaml").span
    search = Search(("x",), "log" if is_log else "uniform", (low, high), None, (), None, span)
    value = search.rounded(low + share * (high - low))
    assert isinstance(value, float)
    assert low <= value <= high
    default = search.default
    assert isinstance(default, float)
    assert low <= default <= high
