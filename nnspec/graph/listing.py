"""The network as JSON for scripts: what `nnspec show --format json` prints."""

from typing import Any

from nnspec.graph.cost import Cost, cost
from nnspec.graph.graph import Graph
from nnspec.graph.tree import Part
from nnspec.graph.view import Item, View, view
from nnspec.objectives import Optimizer
from nnspec.shapes import Dim, Tensor


def listing(
    graph: Graph, *, batch_size: int | None = None, optimizer: Optimizer | None = None, depth: int | None = None
) -> dict[str, Any]:
    """Inputs, layers and outputs with shapes and costs, then totals. Memory in bytes, shapes without the batch.

    A size that depends on a length is text, as in `128 * T`.
    """
    total, seen = cost(graph, optimizer), view(graph, depth)
    return {
        "name": graph.name,
        "inputs": [
            {"name": name, **_tensor(x), "exported": name not in graph.only_trained} for name, x in graph.inputs.items()
        ],
        "layers": [_item(seen, item, total) for item in seen.items if not item.is_heading],
        "outputs": [
            {
                "name": name,
                "from": port.vertex,
                **_tensor(graph.tensor(port)),
                "exported": name not in graph.auxiliary,
            }
            for name, port in graph.outputs.items()
        ],
        "totals": _totals(total, batch_size),
    }


def _item(seen: View, item: Item, total: Cost) -> dict[str, Any]:
    parameters, macs, activations = seen.cost(item, total)
    return {
        "name": item.path,
        "type": item.call,
        "layers": len(item.vertices),
        "folded": isinstance(item.inner, Part),
        "from": list(dict.fromkeys(port.vertex for port in seen.takes(item))),
        "outputs": [_tensor(seen.graph.tensor(port)) for port in seen.gives(item)],
        "parameters": parameters,
        "macs": _size(macs),
        "activations": _size(activations),
        "exported": not seen.only_trained(item),
        "place": item.span.place,
    }


def _totals(total: Cost, batch_size: int | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "parameters": total.parameters,
        "exported_parameters": total.exported,
        "weights": total.weights,
        "macs": _size(total.macs),
        "activations": _size(total.activations),
        "inference": _size(total.inference()),
    }
    if batch_size is None:
        return found
    return {**found, "batch_size": batch_size, "training": _size(total.training(batch_size))}


def _tensor(x: Tensor) -> dict[str, Any]:
    return {"shape": [_size(size) for size in (x.shape[1:] if x.batched else x.shape)], "dtype": x.dtype}


def _size(size: Dim) -> int | str:
    return size if isinstance(size, int) else str(size)
