"""Networks with random weights, and their files as text."""

from pathlib import Path

import onnx
import torch

from nnspec.codegen.load import load
from nnspec.codegen.write import write
from nnspec.exporting.cases import Examples
from nnspec.exporting.lower import lower
from nnspec.exporting.verify import Trained
from nnspec.graph.network import Network, parse_network
from nnspec.prepare import Preparation

GOLDEN = Path(__file__).parent.parent / "golden"
TYPES = {number: name.lower() for name, number in onnx.TensorProto.DataType.items()}


def golden(name: str) -> Network:
    return parse_network((GOLDEN / f"{name}.yaml").read_text(encoding="utf-8"), f"specs/{name}.yaml")


def network(layers: str, *, inputs: str = "{x: [4]}", outputs: str = "{y: {}}", more: str = "") -> Network:
    return parse_network(f"nnspec: 1\nname: small\ninputs: {inputs}\nlayers: {layers}\noutputs: {outputs}\n{more}")


def trained(
    net: Network, *, examples: Examples | None = None, preparation: Preparation | None = None, seed: int = 0
) -> Trained:
    """The network with random weights, as if it had been trained."""
    torch.manual_seed(seed)
    module = load(write(net.graph), "net.py", {}).eval()
    for name, tensor in module.state_dict().items():
        if name.endswith(("running_mean", "running_var")):
            tensor.copy_(torch.rand_like(tensor) + 0.5)
    return Trained(net.spec, net.graph, module, preparation or Preparation({}, {}), examples or Examples())


def lowered(subject: Trained, opset: int = 20) -> onnx.ModelProto:
    weights = {name: tensor.numpy() for name, tensor in subject.module.state_dict().items()}
    return lower(subject.spec, subject.graph, weights, subject.preparation, opset=opset)


def outline(model: onnx.ModelProto) -> str:
    """The file in lines: what goes in, each node, what comes out, what is stored."""
    graph = model.graph
    opsets = ", ".join(f"{each.domain or 'ai.onnx'} {each.version}" for each in model.opset_import)
    lines = [f"{graph.name}: {opsets}, ir {model.ir_version}", *(f"in   {_tensor(x)}" for x in graph.input)]
    for node in graph.node:
        inputs = ", ".join(name or "-" for name in node.input)
        attributes = "".join(f" {a.name}={_short(onnx.helper.get_attribute_value(a))}" for a in node.attribute)
        lines.append(f"node {', '.join(name or '-' for name in node.output)} = {node.op_type}({inputs}){attributes}")
    lines += [f"out  {_tensor(x)}" for x in graph.output]
    for x in graph.initializer:
        lines.append(f"keep {x.name}: {TYPES[x.data_type]} ({', '.join(map(str, x.dims))})")
    return "\n".join(lines) + "\n"


def _tensor(x: onnx.ValueInfoProto) -> str:
    sizes = [dim.dim_param or str(dim.dim_value) for dim in x.type.tensor_type.shape.dim]
    return f"{x.name}: {TYPES[x.type.tensor_type.elem_type]} ({', '.join(sizes)})"


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = value.decode() if isinstance(value, bytes) else str(value)
    return text.replace(" ", "")
