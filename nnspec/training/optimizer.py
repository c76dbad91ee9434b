"""The spec's optimizer, as torch's own; and its state, parameter by parameter, under the parameters' names."""

import copy
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn
from torch.optim import SGD, Optimizer

from nnspec.codegen.load import evaluate
from nnspec.diagnostics import SpecError
from nnspec.graph import Graph
from nnspec.graph.moved import moved
from nnspec.objectives import Optimizer as Described
from nnspec.pycode import name
from nnspec.spec.spec import Spec
from nnspec.training.sharded import is_parted, parted_like
from nnspec.training.together import Together
from nnspec.training.unguarded import unguarded

OWN = ("params", "param_names")  # of a group, beside its numbers


def make_optimizer(spec: Spec, graph: Graph, net: nn.Module) -> Optimizer:
    """The spec's optimizer for the parameters that are learnt; several where it has a partner or groups.

    Those of one type are one, with parameter groups. Each group knows its parameters' names, as `param_names`.
    """
    assert spec.optimizer
    named = dict(net.named_parameters())
    kinds: dict[str, list[Optimizer]] = {}
    for mover, names in moved(graph, spec.optimizer):
        if names:
            made = make_one(mover, {known: named[known] for known in names})
            kinds.setdefault(mover.title, []).append(made)
    movers = [_as_groups(alike) for alike in kinds.values()]
    return movers[0] if len(movers) == 1 else Together(movers)


def make_one(described: Described, parameters: dict[str, nn.Parameter]) -> Optimizer:
    """torch's own, with its fused kernel where there is one."""
    kind = type(described).__name__
    if not hasattr(torch.optim, kind):
        message = f"the installed torch {torch.__version__} has no optimizer {kind}"
        raise SpecError.of("not-trainable", message, help="install a newer torch, or take another optimizer")
    parted = any(map(is_parted, parameters.values()))  # for which torch has few fused kernels
    fused = {"fused": True} if described.fused and not parted else {}
    library = SimpleNamespace(optim=SimpleNamespace(**{kind: unguarded(getattr(torch.optim, kind))}))
    made = described.code(name("parameters"), **fused)
    optimizer: Optimizer = evaluate(made, {"torch": library, "parameters": list(parameters.values())})
    (group,) = optimizer.param_groups
    group["param_names"] = list(parameters)
    return optimizer


def _as_groups(alike: list[Optimizer]) -> Optimizer:
    """Optimizers of one type as one."""
    first, *others = alike
    return type(first)([group for one in alike for group in one.param_groups]) if others else first  # type: ignore[call-arg]


def state_of(optimizer: Optimizer) -> dict[str, Any]:
    """A copy of what moves in an optimizer: `groups` with their numbers, `parameters` with their state by name."""
    groups = [{key: value for key, value in group.items() if key not in OWN} for group in optimizer.param_groups]
    return copy.deepcopy({"groups": groups, "parameters": _states(optimizer)})


def put_back(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Go on from such a state. Tensors that are there keep their place in memory."""
    for group, saved in zip(optimizer.param_groups, state["groups"], strict=True):
        group.update(copy.deepcopy(saved))
    for member in members(optimizer):
        for group in member.param_groups:
            for parameter, known in zip(group["params"], group["param_names"], strict=True):
                saved = state["parameters"].get(known, {})
                saved = {key: parted_like(parameter, value) for key, value in saved.items()}
                here = member.state[parameter]
                kept = {key: here[key].copy_(value) for key, value in saved.items() if _fits(here.get(key), value)}
                member.state[parameter] = {**copy.deepcopy(saved), **kept}


def join(optimizer: Optimizer, parameters: Iterable[nn.Parameter]) -> None:
    """Let parameters that had no gradient so far be moved beside others that had.

    torch's fused SGD takes momentum from all of its parameters or from none. Without dampening a first step from zeros
    is the same as one from nothing.
    """
    joining = set(parameters)
    for member in members(optimizer):
        for group in member.param_groups if isinstance(member, SGD) else ():
            for parameter in joining.intersection(group["params"]) if group["momentum"] else ():
                if member.state[parameter].get("momentum_buffer") is None:
                    member.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)


def members(optimizer: Optimizer) -> tuple[Optimizer, ...]:
    """The optimizers that step as one."""
    return optimizer.members if isinstance(optimizer, Together) else (optimizer,)


def _states(optimizer: Optimizer) -> dict[str, dict[str, Any]]:
    return {
        known: member.state[parameter]
        for member in members(optimizer)
        for group in member.param_groups
        for parameter, known in zip(group["params"], group["param_names"], strict=True)
        if parameter in member.state
    }


def _fits(here: Any, saved: Any) -> bool:
    return isinstance(here, torch.Tensor) and isinstance(saved, torch.Tensor) and here.shape == saved.shape
