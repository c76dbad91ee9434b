"""The network as a graph with every shape inferred."""

from nnspec.graph.build import build
from nnspec.graph.graph import Graph, Port, Scope, Vertex
from nnspec.graph.network import Network, check, load_network, parse_network

__all__ = ["Graph", "Network", "Port", "Scope", "Vertex", "build", "check", "load_network", "parse_network"]
