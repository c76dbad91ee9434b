"""What the network learns and how: why the loss fits, what a step of the optimizer does."""

import inspect
from collections.abc import Iterator
from dataclasses import replace

from nnspec.graph.explain.lines import Row, paragraph, rows
from nnspec.graph.graph import Graph
from nnspec.graph.label import port_name, shape
from nnspec.graph.network import Network
from nnspec.layers.layer import summary
from nnspec.objectives import Optimizer, Scheduler
from nnspec.objectives.optimizers.groups import Groups
from nnspec.spec.spec import Output, Spec


def training(network: Network) -> Iterator[list[str]]:
    """A part of the text for each loss, then for optimizer, schedule and length."""
    spec = network.spec
    for output in spec.outputs.values():
        if output.loss and output.name in network.graph.outputs:
            yield _loss(output, network.graph)
    for whose, optimizer in _movers(spec):
        yield _chosen(optimizer, optimizer.in_words(), f"{whose}: " if whose else "")
    if spec.lr_auto and spec.optimizer:
        lr = f"{spec.optimizer.lr:g} stands for it here"
        yield paragraph(f"Its learning rate is found by a range test before the training; {lr}.")
    if spec.scheduler:
        yield _chosen(spec.scheduler, "; ".join(_scheduled(spec, spec.scheduler)))
    if spec.optimizer and spec.data:
        size = spec.train.batch_size
        words = {"full": "all examples at once", "auto": "as many examples as still speed it up", 1: "one example"}
        several = f"{spec.train.accumulate} times " if spec.train.accumulate > 1 else ""
        each = several + words.get(size, f"{size} examples")
        length = spec.train.length
        whole = f"{length.epochs} times through the training examples" if length.epochs else str(length)
        limits = str(replace(length, epochs=None)) if length.epochs else ""
        told = f"{whole}, or {limits}, whichever comes first" if limits else whole
        yield paragraph(f"training: {told}, {each} a step.", "")


def _scheduled(spec: Spec, scheduler: Scheduler) -> Iterator[str]:
    """What becomes of each learning rate."""
    rates: dict[float, list[str]] = {}
    for whose, optimizer in _movers(spec):
        rates.setdefault(optimizer.lr, []).append(whose)
    for lr, owners in rates.items():
        words = scheduler.in_words(lr, spec.train.epochs) if spec.train.epochs else ""
        yield f"for {' and '.join(owners)}, {words}" if words and len(rates) > 1 else words


def _movers(spec: Spec) -> list[tuple[str, Optimizer]]:
    """Each optimizer, and which parameters it moves; nothing where it moves all."""
    if not isinstance(spec.optimizer, Groups):
        return [("", spec.optimizer)] if spec.optimizer else []
    groups = spec.optimizer.groups
    return [("all other parameters" if group.match == "*" else group.match, group.optimizer) for group in groups]


def _loss(output: Output, graph: Graph) -> list[str]:
    assert output.loss
    port = graph.outputs[output.name]
    x = graph.tensor(port)
    given = f"{port_name(graph, port)} ({shape(x)})"
    facts: list[Row] = [("makes small", given)]
    if output.loss.compares:
        wanted = (
            f"input {output.target}, as it is prepared" if output.target else f"column {', '.join(output.every_column)}"
        )
        facts = [("compares", f"{given} with the {wanted}")]
    if output.balance:
        how = "weights in the loss" if output.balance == "weights" else "rows that are drawn by their class"
        facts.append(("balances", f"seldom classes count as much as frequent ones, by {how}"))
    if output.loss.takes:
        facts.append(("takes", output.loss.takes))
    if chance := output.loss.chance(x):
        facts.append(("knowing nothing", f"{chance}; training has to get below it"))
    title = f"loss of {output.name}: {type(output.loss).__name__}"
    return [title, *paragraph(_definition(type(output.loss))), *rows(facts)]


def _definition(loss: type) -> str:
    """The first two paragraphs of its documentation: what it measures, and the formula."""
    return " ".join(" ".join(inspect.cleandoc(loss.__doc__ or "").split("\n\n")[:2]).split())


def _chosen(chosen: object, words: str, whose: str = "") -> list[str]:
    kind = type(chosen)
    return [
        f"{whose}{kind.__name__}: {summary(kind)}",
        *(paragraph(f"{words[0].upper()}{words[1:]}.") if words else []),
    ]
