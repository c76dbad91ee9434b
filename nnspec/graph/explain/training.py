"""What the network learns and how: why the loss fits, what a step of the optimizer does."""

import inspect
from collections.abc import Iterator

from nnspec.graph.explain.lines import Row, paragraph, rows
from nnspec.graph.graph import Graph
from nnspec.graph.label import port_name, shape
from nnspec.graph.network import Network
from nnspec.layers.layer import summary
from nnspec.spec.spec import Output


def training(network: Network) -> Iterator[list[str]]:
    """A part of the text for each loss, then for optimizer, schedule and length."""
    spec = network.spec
    for output in spec.outputs.values():
        if output.loss and output.name in network.graph.outputs:
            yield _loss(output, network.graph)
    lr = spec.optimizer.lr if spec.optimizer else 0.0
    if spec.optimizer:
        yield _chosen(spec.optimizer, spec.optimizer.in_words())
    if spec.scheduler:
        yield _chosen(spec.scheduler, spec.scheduler.in_words(lr, spec.train.epochs))
    if spec.optimizer and spec.data:
        size = spec.train.batch_size
        each = "all examples at once" if size == "full" else "one example" if size == 1 else f"{size} examples"
        yield paragraph(f"training: {spec.train.epochs} times through the training examples, {each} a step.", "")


def _loss(output: Output, graph: Graph) -> list[str]:
    assert output.loss
    port = graph.outputs[output.name]
    x = graph.tensor(port)
    given = f"{port_name(graph, port)} ({shape(x)})"
    facts: list[Row] = [("makes small", given)]
    if output.loss.compares:
        facts = [("compares", f"{given} with the column {output.column}")]
    if output.loss.takes:
        facts.append(("takes", output.loss.takes))
    if chance := output.loss.chance(x):
        facts.append(("knowing nothing", f"{chance}; training has to get below it"))
    title = f"loss of {output.name}: {type(output.loss).__name__}"
    return [title, *paragraph(_definition(type(output.loss))), *rows(facts)]


def _definition(loss: type) -> str:
    """The first two paragraphs of its documentation: what it measures, and the formula."""
    return " ".join(" ".join(inspect.cleandoc(loss.__doc__ or "").split("\n\n")[:2]).split())


def _chosen(chosen: object, words: str) -> list[str]:
    kind = type(chosen)
    return [f"{kind.__name__}: {summary(kind)}", *(paragraph(f"{words[0].upper()}{words[1:]}.") if words else [])]
