"""The long form of any spec is the same network, and its own long form."""

import json

from documents import documents
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnspec.codegen.write import write
from nnspec.diagnostics import SpecError
from nnspec.graph import Network, parse_network
from nnspec.spec.resolve import resolve


def everything(network: Network) -> object:
    """Layers with their arguments, wiring and shapes; what comes out; what is learnt, and how; the source."""
    graph, spec = network.graph, network.spec
    return (
        [(vertex.name, vertex.layer, vertex.inputs, vertex.gives, vertex.shares) for vertex in graph],
        (dict(graph.inputs), graph.outputs, graph.auxiliary, graph.parameters, graph.frozen),
        (dict(graph.learning.ties), {name: repr(found) for name, found in graph.learning.inits.items()}),
        {name: rule and repr(rule.initializer) for name in graph.parameters for rule in [graph.learning.rule(name)]},
        [(given.columns, given.single, given.steps, given.raw) for given in spec.inputs.values()],
        [
            (output.name, output.column, output.loss, output.metrics, output.classes, output.steps, output.weight)
            for output in spec.outputs.values()
        ],
        (spec.name, spec.description, spec.data, spec.optimizer, spec.scheduler, spec.train, spec.export, spec.budget),
        write(graph, description=spec.description).text,
    )


def assert_same_in_its_long_form(first: Network) -> None:
    document = resolve(first.spec)
    again = parse_network(json.dumps(document), "again.json", json=True)
    assert everything(again) == everything(first)
    assert resolve(again.spec) == document
    assert [warning.code for warning in again.warnings] == [warning.code for warning in first.warnings]


def test_every_document_is_the_same_in_its_long_form():
    for text in documents():
        assert_same_in_its_long_form(parse_network(text))


names = st.sampled_from(["one", "two", "three", "four"])
sizes = st.sampled_from(
    [3, 6, 8, "$width", "$(2 * width)", "$in_features", "$(in_features + 1)", "$(8 if deep else 3)", "$(sizes[-1])"]
)
conditions = st.sampled_from(["$deep", "$(not deep)", "$(in_features > 6)", "$(len(in_shape) == 1)", True, False])
plain_layers = st.one_of(
    st.sampled_from(["ReLU", "$act", "LayerNorm", "BatchNorm1d", "Identity", "dense", "twice"]).map(
        lambda kind: {kind: None}
    ),
    sizes.map(lambda size: {"Linear": size}),
    sizes.map(lambda size: {"Linear": {"out_features": size, "bias": "$deep"}}),
    sizes.map(lambda size: {"dense": {"n": size}}),
    st.integers(1, 4).map(lambda k: {"imported": {"k": k}}),
    st.sampled_from([{"Dropout": 0.2}, {"Dropout": "$rate"}, {"Unflatten": {"dim": 1, "unflattened_size": [1, -1]}}]),
)


def wrapped(inner):
    lists = st.lists(inner, max_size=3)
    bodies = lists.map(lambda layers: [*layers, {"Linear": "$width"}])
    return st.one_of(
        bodies.map(lambda body: {"Residual": {"body": body, "shortcut": [{"Linear": "$width"}]}}),
        st.tuples(lists, conditions).map(lambda given: {"Residual": {"body": given[0] or ["ReLU"], "skip": given[1]}}),
        st.lists(lists, min_size=2, max_size=3).map(lambda paths: {"Branches": {"paths": paths, "merge": "Concat"}}),
        st.tuples(bodies, st.integers(2, 3)).map(
            lambda given: {"Branches": {"paths": {"repeat": given[1], "layers": given[0]}, "merge": "Add"}}
        ),
    )


def beside(layer):
    """An entry: a layer, and what may stand beside it."""
    return st.fixed_dictionaries(
        {},
        optional={
            "name": names,
            "when": conditions,
            "repeat": st.sampled_from([1, 2, "$(1 + 1)"]),
            "from": names | st.just("x"),
            "freeze": st.booleans(),
            "init": st.just({"weight": "zeros_"}),
            "tie": st.just({"weight": "first.weight"}),
        },
    ).map(lambda more: {**layer, **more})


entries = st.recursive(plain_layers, wrapped, max_leaves=4).flatmap(beside)
sharing = st.just({"share": "first", "from": "x"})


def document_of(layers: list) -> dict:
    return {
        "nnspec": 1,
        "params": {"width": 6, "deep": True, "act": "Tanh", "rate": 0.5, "sizes": [4, 6]},
        "inputs": {"x": [8]},
        "imports": {"imported": {"nnspec": 1, "params": {"k": 2}, "inputs": {"z": [6]}, "layers": [{"Linear": "$k"}]}},
        "blocks": {
            "dense": {"params": {"n": "$in_features"}, "layers": [{"Linear": "$n"}, "$act"]},
            "twice": [{"dense": None, "repeat": 2}],
        },
        "layers": [{"Linear": 6, "name": "first"}, *layers],
        "init": [{"match": "*.bias", "zeros_": None}],
    }


def valid(layers: list) -> Network | None:
    try:
        return parse_network(json.dumps(document_of(layers)), "made.json", json=True)
    except SpecError:
        return None


@settings(max_examples=60)
@given(st.lists(entries | sharing, max_size=4))
def test_any_document_is_the_same_in_its_long_form(layers):
    kept: list = []
    for layer in layers:
        if valid([*kept, layer]):
            kept.append(layer)
    assume(kept)
    network = valid(kept)
    assert network
    assert_same_in_its_long_form(network)
