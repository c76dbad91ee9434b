"""A network explained for a person who learns: what `nnspec explain SPEC` prints."""

from nnspec.graph.explain.network import explain, explain_layer

__all__ = ["explain", "explain_layer"]
