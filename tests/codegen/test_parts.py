"""Nested networks of any form: the module of the source is the graph, layer by layer."""

import json
from itertools import chain

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nnspec.codegen.load import load
from nnspec.codegen.write import write
from nnspec.graph import Graph, parse_network
from nnspec.spec.resolve import resolve
from nnspec.training.layerwise import layer_by_layer

BLOCKS = """
  thin: {params: {width: 4}, layers: [{Linear: $width}, {Linear: 4}]}
  pair:
    inputs: [a, b]
    outputs: [s, p]
    layers: [{Add: null, from: [a, b], name: s}, {Mul: null, from: [a, b], name: p}]
  late: [{Linear: 4}, {thin: {width: 3}}, {Add: null, from: [_, x]}]
"""
LEAVES = st.sampled_from(
    ["ReLU", {"Linear": 4}, {"Linear": "$(in_features)"}, "LayerNorm", "Identity", "late", {"thin": 5}, {"thin": 6}]
)


def entries(bodies: st.SearchStrategy) -> st.SearchStrategy:
    residual = st.builds(lambda body: {"Residual": body}, bodies)
    branches = st.builds(
        lambda paths: {"Branches": {"paths": paths, "merge": "Add"}}, st.lists(bodies, min_size=2, max_size=3)
    )
    copies = st.builds(lambda body: {"Branches": {"paths": {"repeat": 2, "layers": body}, "merge": None}}, bodies)
    joined = st.builds(lambda both: [both, "pair", {"Add": None}], copies)
    plain = st.one_of(LEAVES, residual, branches)
    repeated = st.builds(lambda entry, turns: _beside(entry, repeat=turns), plain, st.integers(0, 3))
    optional = st.builds(lambda entry, kept: _beside(entry, when=kept), plain, st.booleans())
    one = st.one_of(plain, repeated, optional).map(lambda entry: [entry])
    return st.lists(st.one_of(one, joined), min_size=1, max_size=3).map(
        lambda groups: list(chain.from_iterable(groups))
    )


def _beside(entry, **beside):
    return {**(entry if isinstance(entry, dict) else {entry: None}), **beside}


LAYERS = st.recursive(st.lists(LEAVES, min_size=1, max_size=2), entries, max_leaves=6)


def graph_of(layers: list) -> tuple[Graph, dict]:
    text = f"nnspec: 1\ninputs: {{x: [4]}}\nblocks: {BLOCKS}layers: {json.dumps(layers)}\n"
    network = parse_network(text)
    return network.graph, resolve(network.spec)


@settings(deadline=None, max_examples=60)
@given(LAYERS)
def test_the_module_is_the_graph_layer_by_layer(layers):
    graph, document = graph_of(layers)
    net = load(write(graph), "net.py", {}).eval()
    x = torch.randn(3, 4)
    with torch.no_grad():
        found, wanted = net(x), layer_by_layer(graph, net, (x,))[graph.outputs["output"]]
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)
    assert write(parse_network(json.dumps(document), json=True).graph).text == write(graph).text
