"""The ONNX graph that layers and preparation steps write their nodes into.

A builder owns what no single layer can know: names, the opset, which tensors are stored already. Names are settled
when the model is made: nodes bear the name of their layer, weights those of the state dict, so that a file can be
compared with its source by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from nnspec.layers.layer import OPSETS, NotInOnnx, OnnxBuilder, Value
from nnspec.shapes import Tensor

DEFAULT_OPSET = 20

ML = "ai.onnx.ml"
ML_VERSIONS = {18: 3, 19: 3, 20: 4}  # by opset, those of the same ONNX release; later ones have the newest
NEWEST_ML = 5

SHARED_BYTES = 1024  # constants up to this size are stored once however many nodes use them

ELEMENT_TYPES = {
    "float16": onnx.TensorProto.FLOAT16,
    "float32": onnx.TensorProto.FLOAT,
    "float64": onnx.TensorProto.DOUBLE,
    "int32": onnx.TensorProto.INT32,
    "int64": onnx.TensorProto.INT64,
    "uint8": onnx.TensorProto.UINT8,
    "bool": onnx.TensorProto.BOOL,
    "string": onnx.TensorProto.STRING,
}

Weights = np.ndarray[Any, Any]


@dataclass(eq=False, slots=True)
class GraphValue:
    """A tensor of the graph. Its name is a wish until the model is made."""

    name: str
    known: Tensor | None = None

    @property
    def tensor(self) -> Tensor:
        assert self.known is not None, f"{self.name} is a value within a layer"
        return self.known


@dataclass(eq=False, slots=True)
class Node:
    """One operation, on its way to be an `onnx.NodeProto`."""

    name: str
    op_type: str
    domain: str
    inputs: tuple[Value | None, ...]
    outputs: tuple[GraphValue, ...]
    attributes: dict[str, Any]


@dataclass(eq=False)
class GraphBuilder:
    """A graph being written: inputs first, then layer by layer, then outputs."""

    weights: Mapping[str, Weights] = field(default_factory=dict)
    opset: int = DEFAULT_OPSET
    ties: Mapping[str, str] = field(default_factory=dict)  # parameters that are stored as another

    def __post_init__(self) -> None:
        if self.opset not in OPSETS:
            raise ValueError(f"opset {self.opset} is not one of {OPSETS.start} to {OPSETS.stop - 1}")
        self._inputs: list[GraphValue] = []
        self._outputs: list[GraphValue] = []
        self._nodes: list[Node] = []
        self._stored: dict[GraphValue, Weights] = {}  # the tensors that the file holds
        self._parameters: dict[str, GraphValue] = {}
        self._shared: dict[tuple[str, tuple[int, ...], str | bytes], GraphValue] = {}

    def input(self, name: str, tensor: Tensor) -> GraphValue:
        """A tensor that the model is given."""
        self._inputs.append(GraphValue(name, tensor))
        return self._inputs[-1]

    def scope(self, name: str, weights: str = "", *, shared: bool = False) -> "Scope":
        """What one layer or step writes with: its name, and the path of its module in the state dict.

        What it makes of the weights of a `shared` module is stored once for all layers that have that module.
        """
        return Scope(self, name, f"{weights}." if weights else "", shared)

    def output(self, value: GraphValue, name: str, tensor: Tensor | None = None) -> None:
        """A tensor that the model gives, under this name."""
        if value in self._inputs or value in self._outputs or value in self._stored:
            copy = GraphValue(name)
            self.write(Node(name, "Identity", "", (value,), (copy,), {}))
            copy.known, value = value.known, copy
        value.name, value.known = name, tensor or value.tensor
        self._outputs.append(value)

    def write(self, node: Node) -> None:
        """One more node, after those it depends on."""
        self._nodes.append(node)

    def parameter(self, name: str) -> GraphValue:
        """A tensor of the state dict, stored under its own name, or under that of the one it is tied to."""
        name = self.ties.get(name, name)
        if name not in self._parameters:
            value = GraphValue(name)
            self._parameters[name] = value
            self._stored[value] = self.weights[name]
        return self._parameters[name]

    def constant(self, values: Any, dtype: str, name: str, *, shared: bool = False) -> GraphValue:
        """A tensor of the file's own; stored once for all that need its content where it is small or `shared`."""
        array = np.asarray(values, dtype=object if dtype == "string" else dtype)
        value = GraphValue(name)
        if shared or array.nbytes <= SHARED_BYTES:
            content = repr(array.tolist()) if dtype == "string" else array.tobytes()
            value = self._shared.setdefault((dtype, array.shape, content), value)
        self._stored.setdefault(value, array)
        return value

    def model(self, name: str, doc: str = "", metadata: Mapping[str, str] | None = None) -> onnx.ModelProto:
        """The finished file: what no output needs is left out, what is left gets its name."""
        nodes, needed = self._needed()
        stored = {value: array for value, array in self._stored.items() if value in needed}
        self._settle_names(nodes, stored)
        graph = helper.make_graph(
            [_node_proto(node, needed) for node in nodes],
            name,
            [_value_info(value) for value in self._inputs],
            [_value_info(value) for value in self._outputs],
            [numpy_helper.from_array(array, value.name) for value, array in stored.items()],
            doc_string=doc,
            value_info=self._known_within(nodes, needed),
        )
        opsets = self._opsets(nodes)
        ir_version = helper.find_min_ir_version_for(opsets, ignore_unknown=True)
        model = helper.make_model(graph, opset_imports=opsets, ir_version=ir_version, producer_name="nnspec")
        helper.set_model_props(model, dict(metadata or {}))
        return model

    def _needed(self) -> tuple[list[Node], set[Value]]:
        """The nodes that outputs depend on, in order, and every value that is used."""
        needed: set[Value] = set(self._outputs)
        nodes = []
        for node in reversed(self._nodes):
            if needed.intersection(node.outputs):
                nodes.append(node)
                needed.update(value for value in node.inputs if value)
        return nodes[::-1], needed

    def _settle_names(self, nodes: Sequence[Node], stored: Mapping[GraphValue, Weights]) -> None:
        """Inputs, outputs and weights have theirs for certain; what else wants a taken name gets a number."""
        weights = [value for value in self._parameters.values() if value in stored]
        certain = [*self._inputs, *self._outputs, *weights]
        names = _Names()
        for value in certain:
            if names.unique(value.name) != value.name:
                raise ValueError(f"two inputs, outputs or weights of one model are named {value.name}")
        settled = set(certain)
        for value in [*stored, *(value for node in nodes for value in node.outputs)]:
            if value not in settled:
                value.name = names.unique(value.name)
        names = _Names()
        for node in nodes:
            node.name = names.unique(node.name)

    def _known_within(self, nodes: Sequence[Node], needed: set[Value]) -> list[onnx.ValueInfoProto]:
        """What is known of the tensors between layers."""
        surface = set(self._outputs)
        values = (value for node in nodes for value in node.outputs)
        return [_value_info(value) for value in values if value.known and value in needed and value not in surface]

    def _opsets(self, nodes: Sequence[Node]) -> list[onnx.OperatorSetIdProto]:
        """The default domain first, then others in the order of their use."""
        versions = {"": self.opset, ML: ML_VERSIONS.get(self.opset, NEWEST_ML)}
        domains = dict.fromkeys(["", *(node.domain for node in nodes)])
        return [helper.make_opsetid(domain, versions.get(domain, 1)) for domain in domains]


@dataclass(eq=False, slots=True)
class Scope(OnnxBuilder):
    """The builder that one layer or step is handed."""

    graph: GraphBuilder
    name: str
    prefix: str
    shared: bool = False
    written: list[Node] = field(default_factory=list)

    @property
    def opset(self) -> int:
        return self.graph.opset

    def op(self, op_type: str, *inputs: Value | None, domain: str = "", **attributes: Any) -> GraphValue:
        return self.ops(op_type, *inputs, outputs=1, domain=domain, **attributes)[0]

    def ops(
        self, op_type: str, *inputs: Value | None, outputs: int, domain: str = "", **attributes: Any
    ) -> tuple[GraphValue, ...]:
        name = f"{self.name}.{op_type}"
        values = tuple(GraphValue(name) for _ in range(outputs))
        given = {key: value for key, value in attributes.items() if value is not None}
        self.written.append(Node(name, op_type, domain, inputs, values, given))
        self.graph.write(self.written[-1])
        return values

    def weights(self, name: str) -> Weights:
        own = self._path(name)
        return self.graph.weights[self.graph.ties.get(own, own)]

    def parameter(self, name: str) -> GraphValue:
        return self.graph.parameter(self._path(name))

    def _path(self, name: str) -> str:
        """A name in the state dict; what is itself a tensor has its layer's."""
        return (self.prefix + name).removesuffix(".")

    def transposed(self, name: str) -> GraphValue:
        own = self._path(name)
        if own in self.graph.ties or own in self.graph.ties.values():
            return self.op("Transpose", self.parameter(name), perm=[1, 0])
        weights = self.weights(name)
        return self.constant(weights.T, weights.dtype.name, name=f"{name}.T")

    def constant(self, values: Any, dtype: str = "float32", name: str = "constant") -> GraphValue:
        return self.graph.constant(values, dtype, f"{self.name}.{name}", shared=self.shared)

    def typed(self, value: Value, tensor: Tensor) -> GraphValue:
        assert isinstance(value, GraphValue)
        value.known = tensor
        return value

    def concat(self, arrays: Sequence[Any], axis: int) -> Weights:
        return np.concatenate(arrays, axis)

    def stack(self, arrays: Sequence[Any]) -> Weights:
        return np.stack(arrays)

    def refuse(self, reason: str) -> NotInOnnx:
        return NotInOnnx(reason)

    def finish(
        self, result: Value | tuple[Value, ...], tensors: Sequence[Tensor], names: Sequence[str] = ("output",)
    ) -> tuple[GraphValue, ...]:
        """What the layer gave, as named and known values: the first is `lstm_1`, another `lstm_1.h_n`.

        A value that the layer only handed on keeps its name.
        """
        values = result if isinstance(result, tuple) else (result,)
        own = {value: node for node in self.written for value in node.outputs}
        for place, (value, tensor, name) in enumerate(zip(values, tensors, names, strict=True)):
            assert isinstance(value, GraphValue)
            value.known = value.known or tensor
            if value in own:
                value.name = f"{self.name}.{name}" if place else self.name
                own[value].name = own[value].outputs[0].name
        return values  # type: ignore[return-value]  # checked one by one


class _Names:
    """Names given out so far."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def unique(self, wanted: str) -> str:
        """The name, or the name with the first number that makes it one of its own."""
        name = wanted
        while name in self._next:
            name = f"{wanted}_{self._next[wanted]}"
            self._next[wanted] += 1
        self._next[name] = 1
        return name


def to_bytes(model: onnx.ModelProto) -> bytes:
    """The file's bytes: the same for the same model."""
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def check_model(model: onnx.ModelProto) -> None:
    """onnx's own check of a model made here, its shape inference included."""
    onnx.checker.check_model(model, full_check=True)


def check_file(path: Path) -> None:
    """The same of a file whose weights stand beside it."""
    onnx.checker.check_model(str(path), full_check=True)


def _node_proto(node: Node, needed: set[Value]) -> onnx.NodeProto:
    inputs = [value.name if value else "" for value in node.inputs]
    spared = {index for index, value in enumerate(node.outputs) if value not in needed and _may_lack(node, index)}
    outputs = ["" if index in spared else value.name for index, value in enumerate(node.outputs)]
    return helper.make_node(
        node.op_type, _trimmed(inputs), _trimmed(outputs), name=node.name, domain=node.domain or None, **node.attributes
    )


def _may_lack(node: Node, index: int) -> bool:
    """Whether an output is optional: onnxruntime crashes on a Split that lacks one of its parts."""
    domain = node.domain or ""
    if not onnx.defs.has(node.op_type, domain):
        return True
    outputs = onnx.defs.get_schema(node.op_type, domain=domain).outputs
    return index < len(outputs) and outputs[index].option == onnx.defs.OpSchema.FormalParameterOption.Optional


def _trimmed(names: list[str]) -> list[str]:
    """Without the ones left out at the end."""
    while names and not names[-1]:
        names.pop()
    return names


def _value_info(value: GraphValue) -> onnx.ValueInfoProto:
    dims = [size if isinstance(size, int) else str(size) for size in value.tensor.shape]
    return helper.make_tensor_value_info(value.name, ELEMENT_TYPES[value.tensor.dtype], dims)
