"""The network: layers in the spec's order, what each takes, and the tensors between them.

The spec's order is a topological one, since an entry refers only to entries above it; every stage walks it.
`Graph.digraph` is the same as a networkx graph, for algorithms and drawings.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from nnspec.diagnostics import Span
from nnspec.graph.learning import Learning, tensor_name
from nnspec.layers import Layer, names_in
from nnspec.layers.layer import Shape
from nnspec.shapes import Tensor
from nnspec.spec.spec import Entry

if TYPE_CHECKING:
    import networkx as nx

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Port:
    """One output of a vertex, or an input of the network (its only output)."""

    vertex: str
    output: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Vertex:
    """A layer in its place. Its name is a path: what stands before the last dot is the block it belongs to."""

    name: str
    layer: Layer
    inputs: tuple[Port, ...]  # in the order the layer takes them; the same port may come twice
    arrives: tuple[Tensor, ...]
    gives: tuple[Tensor, ...]
    span: Span
    places: tuple[int, ...] = ()  # of its inputs among those of the layer, where one before them is left out
    shares: str = ""  # the vertex whose weights it has, where they are not its own

    def placed(self, values: Sequence[Value]) -> "tuple[Value | None, ...]":
        """One value for each input as the layer takes them: None for one that is left out."""
        if not self.places:
            return tuple(values)
        given = dict(zip(self.places, values, strict=True))
        return tuple(given.get(place) for place in range(max(self.places) + 1))

    @property
    def takes(self) -> tuple[Tensor | None, ...]:
        """The tensors that arrive, as the layer's own methods take them."""
        return self.placed(self.arrives)

    @property
    def home(self) -> str:
        """Where its weights stand: its own path, or that of the vertex it shares them with."""
        return self.shares or self.name

    @property
    def kind(self) -> str:
        """The layer type's name."""
        return type(self.layer).__name__

    @property
    def output_names(self) -> tuple[str, ...]:
        return names_in(self.layer.target(len(self.gives)))


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """A part of the network that is a module of its own: a block in its place, the body of a Residual."""

    name: str  # the path that the names of its layers begin with
    title: str  # what it is an instance of
    inputs: Mapping[Port, str] = field(default_factory=dict)  # what its inputs are called
    numbers: Mapping[str, int | float] = field(default_factory=dict)  # its parameters that are numbers
    shares: str = ""  # the part whose module it is too
    kind: str = ""  # the block's name, or the combinator's; none for one of a combinator's lists
    arguments: Mapping[str, Any] = field(
        default_factory=dict
    )  # what a block is given here that is no default; its first by no name
    span: Span | None = None  # where that stands


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """One elaboration of one entry of the text: its vertices are those numbered from `first` up to `end`."""

    entry: Entry
    ports: tuple[Port, ...]  # what it gives; none where it is left out
    first: int
    end: int


@dataclass(frozen=True, eq=False)
class Graph:
    """Inputs, vertices and outputs by name, each in the spec's order."""

    name: str
    inputs: Mapping[str, Tensor]
    vertices: Mapping[str, Vertex]
    outputs: Mapping[str, Port]
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    placed: Sequence[Placed] = ()  # what each entry became, wherever its list is used
    auxiliary: frozenset[str] = frozenset()  # outputs that are trained and not exported
    learning: Learning = field(default_factory=Learning)

    def __iter__(self) -> Iterator[Vertex]:
        return iter(self.vertices.values())

    def __len__(self) -> int:
        return len(self.vertices)

    def tensor(self, port: Port) -> Tensor:
        """What flows out of a port."""
        if port.vertex in self.inputs:
            return self.inputs[port.vertex]
        return self.vertices[port.vertex].gives[port.output]

    @cached_property
    def output_tensors(self) -> dict[str, Tensor]:
        """The tensors that come out, by output name."""
        return {name: self.tensor(port) for name, port in self.outputs.items()}

    @cached_property
    def lookups(self) -> dict[str, tuple[int, Vertex]]:
        """The inputs whose numbers are looked up in tables: the size of the smallest, and its layer."""
        found: dict[str, tuple[int, Vertex]] = {}
        for vertex in self:
            size = getattr(vertex.layer, "num_embeddings", None)
            for port in vertex.inputs:
                if size is not None and port.vertex in self.inputs and size < found.get(port.vertex, (size + 1,))[0]:
                    found[port.vertex] = size, vertex
        return found

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """Names of the lengths that are known only when the model runs, the batch apart."""
        return tuple(sorted(frozenset().union(*(x.symbols for x in self.inputs.values()))))

    @cached_property
    def live(self) -> frozenset[str]:
        """Names of the vertices and inputs that some output depends on."""
        found = {port.vertex for port in self.outputs.values()}
        known = -1
        while len(found) > known and (known < 0 or self._roots):
            known = len(found)
            for vertex in reversed(list(self)):
                if vertex.name in found:
                    found.update(port.vertex for port in vertex.inputs)
                    found.add(vertex.home)
                    found |= self._lenders.get(vertex.name, set())
            # A shared module is called as a whole, wherever it is called.
            called = {root for name, root in self._roots.items() if name in found}
            found |= {
                name for name, root in self._roots.items() if root in called and self.vertices[name].home in found
            }
        return frozenset(found)

    @cached_property
    def exported(self) -> "Graph":
        """What the ONNX file holds: the exported outputs, and the layers and inputs that they depend on."""
        outputs = {name: port for name, port in self.outputs.items() if name not in self.auxiliary}
        live = replace(self, outputs=outputs).live
        ties = {name: owner for name, owner in self.learning.ties.items() if self.layer_of(name) in live}
        return replace(
            self,
            inputs={name: x for name, x in self.inputs.items() if name in live},
            vertices={name: vertex for name, vertex in self.vertices.items() if name in live},
            outputs=outputs,
            placed=(),
            auxiliary=frozenset(),
            learning=replace(self.learning, ties=ties),
        )

    @cached_property
    def only_trained(self) -> frozenset[str]:
        """Names of the vertices and inputs that auxiliary outputs alone depend on."""
        if not self.auxiliary:
            return frozenset()
        return self.live - self.exported.live

    @cached_property
    def _lenders(self) -> dict[str, set[str]]:
        """For each layer with a tied parameter, the layers whose parameters those are."""
        found: dict[str, set[str]] = {}
        for name, owner in self.learning.ties.items():
            found.setdefault(self.layer_of(name), set()).add(self.layer_of(owner))
        return found

    def layer_of(self, parameter: str) -> str:
        """The path of the layer that has a parameter."""
        path = parameter
        while path not in self.vertices:
            assert path, parameter
            path = path.rpartition(".")[0]
        return path

    def own(self, vertex: Vertex) -> dict[str, Shape]:
        """The parameters that stand at a layer, less those that are another's."""
        if vertex.shares:
            return {}
        shapes = vertex.layer.parameters(*vertex.takes).items()
        return {name: shape for name, shape in shapes if tensor_name(vertex.name, name) not in self.learning.ties}

    @cached_property
    def parameters(self) -> dict[str, Shape]:
        """Every parameter of the module once, by its name in the state dict."""
        live = (vertex for vertex in self if vertex.name in self.live)
        return {tensor_name(vertex.name, name): shape for vertex in live for name, shape in self.own(vertex).items()}

    @cached_property
    def frozen(self) -> frozenset[str]:
        """The names of parameters that are not trained."""
        paths = frozenset(self.learning.frozen)
        found: set[str] = set()
        for vertex in self if paths else ():
            ends = [len(vertex.name), *(index for index, letter in enumerate(vertex.name) if letter == ".")]
            if paths.isdisjoint(vertex.name[:end] for end in ends):
                continue
            names = (tensor_name(vertex.home, name) for name in vertex.layer.parameters(*vertex.takes))
            found.update(map(self.learning.owner, names))
        patterns = self.learning.frozen_by_name
        found.update(name for name in self.parameters if any(fnmatchcase(name, pattern) for pattern in patterns))
        return frozenset(found)

    @cached_property
    def thaws(self) -> Mapping[str, int]:
        """The frozen parameters that are trained later, each with the epoch from whose beginning it is."""
        patterns = self.learning.thaws
        frozen = [name for name in self.parameters if name in self.frozen]
        found = {name: [patterns[one] for one in patterns if fnmatchcase(name, one)] for name in frozen}
        return {name: min(epochs) for name, epochs in found.items() if epochs}

    @cached_property
    def fixed(self) -> frozenset[str]:
        """The names of parameters that are never trained."""
        return self.frozen - self.thaws.keys()

    @cached_property
    def _roots(self) -> dict[str, str]:
        """For each layer in a module that is another's too, the path of that whole module."""
        roots = {}
        for vertex in self:
            if vertex.shares:
                ends = (index for index, letter in enumerate(vertex.name) if letter == ".")
                around = (self.scopes.get(vertex.name[:end]) for end in ends)
                roots[vertex.name] = next((scope.name for scope in around if scope and scope.shares), vertex.name)
        return roots

    @cached_property
    def shared(self) -> frozenset[str]:
        """Paths of the vertices whose weights others have too."""
        return frozenset(vertex.shares for vertex in self if vertex.shares)

    @cached_property
    def consumers(self) -> Mapping[Port, tuple[str, ...]]:
        """Who takes a port, in order: names of vertices, and of outputs as `output:NAME`."""
        found: dict[Port, list[str]] = {}
        for vertex in self:
            for port in vertex.inputs:
                found.setdefault(port, []).append(vertex.name)
        for name, port in self.outputs.items():
            found.setdefault(port, []).append(f"output:{name}")
        return {port: tuple(names) for port, names in found.items()}

    @cached_property
    def digraph(self) -> "nx.DiGraph[str]":
        """The networkx graph: a node for each input (`kind="input"`), layer and output (`output:NAME`).

        A DiGraph merges the parallel edges of add(x, x), so each layer's node keeps its inputs in order.
        """
        # networkx takes 0.2 s to import, and reading and checking a spec need none of its algorithms.
        import networkx as nx

        graph: nx.DiGraph[str] = nx.DiGraph(name=self.name)
        for name, x in self.inputs.items():
            graph.add_node(name, kind="input", tensor=x)
        for vertex in self:
            graph.add_node(vertex.name, kind=vertex.kind, tensor=vertex.gives[0], inputs=vertex.inputs, vertex=vertex)
            for port in vertex.inputs:
                graph.add_edge(port.vertex, vertex.name, **_edge(port, self.tensor(port)))
        for name, port in self.outputs.items():
            graph.add_node(f"output:{name}", kind="output", tensor=self.tensor(port))
            graph.add_edge(port.vertex, f"output:{name}", **_edge(port, self.tensor(port)))
        return graph


def _edge(port: Port, x: Tensor) -> dict[str, Any]:
    return {"output": port.output, "tensor": x}
