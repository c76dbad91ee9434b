"""The long form of a spec: every short form written out, every default and every name in sight."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from nnspec.shapes import Tensor
from nnspec.spec.spec import Entry, Input, Output, Reference, Spec


def resolve(spec: Spec) -> dict[str, Any]:
    """The spec as JSON values. Reading it again gives the same network."""
    previous = [*list(spec.inputs)[:1], *(entry.name for entry in spec.entries)]
    last = previous[-1]
    document: dict[str, Any] = {"nnspec": 1, "name": spec.name}
    if spec.description:
        document["description"] = spec.description
    if spec.data:
        document["data"] = spec.data.model_dump(mode="json", exclude_none=True)
    document["inputs"] = {name: _input(given) for name, given in spec.inputs.items()}
    document["layers"] = [_entry(entry, before) for entry, before in zip(spec.entries, previous, strict=False)]
    document["outputs"] = {name: _output(output, last) for name, output in spec.outputs.items()}
    if spec.optimizer:
        document["optimizer"] = _choice(spec.optimizer)
    if spec.scheduler:
        document["scheduler"] = _choice(spec.scheduler)
    document["train"] = spec.train.model_dump(mode="json", exclude_none=True)
    document["export"] = spec.export.model_dump(mode="json")
    return document


def _choice(chosen: BaseModel) -> dict[str, Any]:
    return {type(chosen).__name__: chosen.model_dump(mode="json")}


def _choices(chosen: Iterable[BaseModel]) -> list[dict[str, Any]]:
    return [_choice(item) for item in chosen]


def _input(given: Input) -> dict[str, Any]:
    columns: Mapping[str, Any] = {"column": given.columns[0]} if given.single else {"columns": list(given.columns)}
    return {**_tensor(given.raw), **columns, "prepare": _choices(given.steps)}


def _tensor(x: Tensor) -> dict[str, Any]:
    return {"shape": [dim if isinstance(dim, int) else str(dim) for dim in x.shape[1:]], "dtype": x.dtype}


def _entry(entry: Entry, before: str) -> dict[str, Any]:
    assert entry.layer
    sources = [_reference(source, before) for source in entry.sources]
    return {**_choice(entry.layer), "name": entry.name, "from": sources}


def _output(output: Output, last: str) -> dict[str, Any]:
    document: dict[str, Any] = {"from": _reference(output.source, last), "column": output.column}
    if output.loss:
        document["loss"] = _choice(output.loss)
    document["metrics"] = _choices(output.metrics)
    if output.classes:
        document["classes"] = list(output.classes)
    return {**document, "prepare": _choices(output.steps), "weight": output.weight}


def _reference(reference: Reference, before: str) -> str:
    return before if reference.text == "_" else reference.text
