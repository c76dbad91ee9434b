"""What stands behind each entry: the shape it gives, and its parameters."""

from nnspec.graph import parse_network
from nnspec.graph.annotations import annotations


def lines(network) -> list[str]:
    return [f"{found.span.line}:{found.span.column} {found.text}" for found in annotations(network)]


def test_a_symbolic_length_and_several_outputs_are_named():
    text = "nnspec: 1\ninputs: {x: [T, 8]}\nlayers:\n  - LSTM: 16\n  - Last\n  - Linear: 2\n"
    assert lines(parse_network(text)) == ["4:5 T×16, 1×16, 1×16 · 1.66k", "5:5 16", "6:5 2 · 34"]


def test_a_block_says_what_it_gives_where_it_is_used_and_within_only_what_all_uses_share():
    text = """nnspec: 1
inputs: {x: [8]}
blocks:
  wide:
    params: {width: required}
    layers:
      - Linear: $width
      - {Linear: 4, name: out}
      - ReLU
      - {Tanh: null, when: $(width == 8)}
layers:
  - wide: 8
  - {wide: 2, repeat: 3, name: more}
  - {Linear: 9, when: false}
"""
    assert lines(parse_network(text)) == ["9:9 4", "12:5 4 · 108", "13:6 4 · 66"]


def test_a_residual_counts_its_body_and_shortcut():
    text = """nnspec: 1
inputs: {x: [8]}
layers:
  - Residual:
      body:
        - Linear: 4
      shortcut:
        - Linear: {out_features: 4, bias: false}
"""
    assert lines(parse_network(text)) == ["4:5 4 · 68", "6:11 4 · 36", "8:11 4 · 32"]
