"""The long form of a spec: every short form written out, every default and every name in sight, in one document.

What it extends is merged in; what it imports stands in it, without what only training would use.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from nnspec.diagnostics import Findings
from nnspec.layers import find
from nnspec.objectives import Optimizer
from nnspec.objectives.optimizers.groups import Groups
from nnspec.shapes import Tensor
from nnspec.source import Node
from nnspec.spec.instantiate import instantiate
from nnspec.spec.params import OF_PLACE, Names
from nnspec.spec.spec import Entry, Input, Output, Reference, Spec


def resolve(spec: Spec) -> dict[str, Any]:
    """The spec as JSON values. Reading it again gives the same network."""
    document: dict[str, Any] = {"nnspec": 1, "name": _escaped(spec.name)}
    if spec.description:
        document["description"] = _escaped(spec.description)
    document |= _network(spec)
    if spec.data:
        document["data"] = _escaped(spec.data.model_dump(mode="json", exclude_none=True))
    if spec.optimizer:
        document["optimizer"] = _optimizer(spec.optimizer, spec.lr_auto)
    if spec.scheduler:
        document["scheduler"] = _choice(spec.scheduler)
    if spec.weights:
        document["weights"] = _escaped(spec.weights.model_dump(mode="json"))
    init = spec.root.get("init")
    if spec.init and init:
        document["init"] = init.plain()
    document["train"] = _escaped(spec.train.model_dump(mode="json", exclude_none=True))
    document["export"] = spec.export.model_dump(mode="json")
    if spec.budget:
        document["budget"] = spec.budget.model_dump(mode="json", exclude_none=True)
    return document


def _network(spec: Spec) -> dict[str, Any]:
    """Parameters, inputs, blocks, layers and outputs."""
    # What stands before a layer that may be left out is said where the graph is built.
    names = ["_" if entry.when or entry.repeat else entry.name for entry in spec.entries]
    previous = [*list(spec.inputs)[:1], *names]
    blocks = spec.root.get("blocks")
    document: dict[str, Any] = {}
    if spec.params.values:
        document["params"] = _escaped(dict(spec.params.values))
    document["inputs"] = {name: _input(given) for name, given in spec.inputs.items()}
    if imports := _imports(spec):
        document["imports"] = imports
    if blocks and blocks.value:
        document["blocks"] = blocks.plain()
    document["layers"] = [
        _entry(entry, before, spec.params) for entry, before in zip(spec.entries, previous, strict=False)
    ]
    document["outputs"] = {name: _output(output, previous[-1]) for name, output in spec.outputs.items()}
    return document


def _imports(spec: Spec) -> dict[str, Any]:
    return {name: _imported(block.document) for name, block in spec.home.blocks.items() if block.document}


def _imported(spec: Spec) -> dict[str, Any]:
    """An imported document: as it is written, since each use of it may set its parameters."""
    written = {key: node.plain() for key in ("params", "blocks", "layers") if (node := spec.root.get(key))}
    document = {"nnspec": 1, **written, "inputs": {name: _tensor(given.tensor) for name, given in spec.inputs.items()}}
    if imports := _imports(spec):
        document["imports"] = imports
    if spec.root.get("outputs"):
        document["outputs"] = {name: {"from": output.source.text} for name, output in spec.outputs.items()}
    return document


def _escaped(value: Any) -> Any:
    """A value that reads back as itself: a dollar sign would begin an expression."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, list | tuple):
        return [_escaped(item) for item in value]
    return {key: _escaped(item) for key, item in value.items()} if isinstance(value, dict) else value


def _choice(chosen: BaseModel) -> dict[str, Any]:
    return {type(chosen).__name__: _escaped(chosen.model_dump(mode="json"))}


def _choices(chosen: Iterable[BaseModel]) -> list[dict[str, Any]]:
    return [_choice(item) for item in chosen]


def _optimizer(optimizer: Optimizer, lr_auto: bool) -> Any:
    """One, or a list of groups; the last one's pattern matches everything where it was written without."""
    if not isinstance(optimizer, Groups):
        ((name, fields),) = _choice(optimizer).items()
        return {name: {**fields, "lr": "auto"} if lr_auto else fields}
    return [{"match": _escaped(group.match), **_choice(group.optimizer)} for group in optimizer.groups]


def _input(given: Input) -> dict[str, Any]:
    columns: Mapping[str, Any] = {"column": given.columns[0]} if given.single else {"columns": list(given.columns)}
    augment = {"augment": _choices(given.augmentations)} if given.augmentations else {}
    return {
        **_tensor(given.held),
        **_escaped(columns),
        **_escaped(given.limits.as_json()),
        "prepare": _choices(given.steps),
        **augment,
    }


def _tensor(x: Tensor) -> dict[str, Any]:
    return {"shape": [dim if isinstance(dim, int) else str(dim) for dim in x.shape[1:]], "dtype": x.dtype}


def _entry(entry: Entry, before: str, names: Names) -> dict[str, Any]:
    sources = _sources(entry.sources, before)
    beside = {key: node.plain() for key, node in (("when", entry.when), ("repeat", entry.repeat)) if node}
    if entry.share:
        beside["share"] = entry.share.text
    beside |= {key: node.plain() for key in ("tie", "freeze", "init") if (node := entry.node.get(key))}
    layer = _layer(entry, names) if entry.kind else {}
    return {**layer, "name": entry.name, "from": sources, **beside}


def _layer(entry: Entry, names: Names) -> dict[str, Any]:
    """The layer with every argument; as it is written where that depends on the shape that reaches it."""
    found = Findings()
    here = names.with_values({}, OF_PLACE)
    written = {entry.kind: entry.arguments.plain() if entry.arguments else {}}
    kind = here.fill_in(Node(entry.kind, entry.type_span), found)
    arguments = here.fill_in(entry.arguments or Node({}, entry.type_span), found)
    chosen = find(str(kind.value)) if kind else None
    layer = instantiate(chosen, arguments, "", entry.type_span, found) if chosen and arguments else None
    return _choice(layer) if layer else written


def _output(output: Output, last: str) -> dict[str, Any]:
    document: dict[str, Any] = {"from": _reference(output.source, last)}
    if output.loss and not output.loss.compares:
        return {**document, "loss": _choice(output.loss), "weight": output.weight, "export": output.exported}
    document |= _learnt_from(output)
    if output.loss:
        document["loss"] = _choice(output.loss)
    document["metrics"] = _choices(output.metrics)
    if output.classes:
        counted = output.classes == tuple(range(len(output.classes)))
        document["classes"] = len(output.classes) if counted else _escaped(output.classes)
    if output.balance:
        document["balance"] = output.balance
    if not output.target:
        document["prepare"] = _choices(output.steps)
    return {**document, "weight": output.weight, "export": output.exported}


def _learnt_from(output: Output) -> dict[str, Any]:
    if output.target:
        return {"target": output.target}
    if output.columns:
        return {"columns": _escaped(output.columns)}
    separator = {"separator": _escaped(output.separator)} if output.separator else {}
    return {"column": _escaped(output.column), **separator}


def _sources(sources: Sequence[Reference], before: str) -> list[str] | dict[str, str]:
    """What an entry takes, in order or by name."""
    by_name = {str(source.slot.value): _reference(source, before) for source in sources if source.slot}
    return by_name or [_reference(source, before) for source in sources]


def _reference(reference: Reference, before: str) -> str:
    return before if reference.text == "_" else reference.text
