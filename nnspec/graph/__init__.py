"""The network as a graph with every shape inferred."""

from nnspec.graph.build import build
from nnspec.graph.graph import Graph, Port, Vertex

__all__ = ["Graph", "Port", "Vertex", "build"]
