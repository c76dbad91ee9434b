"""Lints of a layer and its neighbour."""

from collections.abc import Iterator

from nnspec.diagnostics import Diagnostic, Note
from nnspec.graph.graph import Graph, Vertex
from nnspec.graph.lint.walk import ACTIVATIONS, BATCH_NORMS, CONVOLUTIONS, before, only_reader, title, warning
from nnspec.spec import Spec


def idle_bias(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """A bias whose only reader is a BatchNorm.

    BatchNorm subtracts the mean of each channel, and the bias with it; its own shift takes that part. Ioffe & Szegedy,
    Batch normalization, 2015, 3.2: "the bias b can be ignored since its effect will be canceled". A Linear over (t,
    features) has its bias on another axis than the one BatchNorm1d normalises, so there it stays.
    """
    for vertex in graph:
        if not getattr(vertex.layer, "bias", False) or not _biased_by_channel(vertex):
            continue
        norm = only_reader(graph, vertex)
        if norm and norm.kind in BATCH_NORMS:
            yield warning(
                "idle-bias",
                f"the bias of {title(vertex)} does nothing: {title(norm)} subtracts the mean of each channel",
                vertex.span,
                notes=(Note("after", title(norm), norm.span),),
                help="`bias: false` gives the same network with fewer parameters",
            )


def dropout_norm(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """Dropout directly before BatchNorm.

    Dropout with p makes the variance larger in training than in evaluation, by up to 1 / (1 - p); the statistics that
    BatchNorm keeps are then those of another distribution. Li, Chen, Hu & Yang, Understanding the disharmony between
    dropout and batch normalization by variance shift, 2018.
    """
    for vertex in graph:
        dropout = before(graph, vertex) if vertex.kind in BATCH_NORMS else None
        p = getattr(dropout.layer, "p", 0.0) if dropout and dropout.kind == "Dropout" else 0.0
        if dropout and 0 < p < 1:
            yield warning(
                "dropout-norm",
                f"{title(vertex)} comes right after {title(dropout)}: "
                f"it keeps a variance up to {1 / (1 - p):.3g} times that of evaluation",
                dropout.span,
                help="put the Dropout after the last BatchNorm (Li et al. 2018)",
            )


def activation_twice(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """An activation right after an activation.

    With no weights between them they are one function of each element: ReLU after ReLU changes nothing, a second
    sigmoid leaves 0.5 to 0.73 of the range.
    """
    for vertex in graph:
        first = before(graph, vertex) if vertex.kind in ACTIVATIONS else None
        if first and first.kind in ACTIVATIONS:
            idle = vertex.kind == "ReLU" and first.kind in ("ReLU", "Sigmoid")
            effect = "it changes nothing" if idle else "nothing is learnt between them"
            yield warning(
                "activation-twice",
                f"{title(vertex)} comes right after {title(first)}: {effect}",
                vertex.span,
                notes=(Note("before", title(first), first.span),),
                help="remove one of them, or put a layer with weights between",
            )


def linear_twice(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """Linear after Linear with no activation between.

    W2 (W1 x + b1) + b2 is one Linear map. Goodfellow, Bengio & Courville, Deep Learning, 2016, 6.1. A first layer that
    is narrower than both its ends is let be: it limits the rank with fewer weights, as in a linear autoencoder.
    """
    for vertex in graph:
        first = before(graph, vertex) if vertex.kind == "Linear" else None
        if not first or first.kind != "Linear" or only_reader(graph, first) is not vertex:
            continue
        if graph.shared & {first.home, vertex.home}:
            continue  # the one that they are together would not be what the other places have
        entering, hidden, leaving = first.arrives[0].features, first.gives[0].features, vertex.gives[0].features
        if hidden >= min(entering, leaving):
            yield warning(
                "linear-twice",
                f"{title(vertex)} comes right after {title(first)}: together they are one Linear, "
                f"{entering} to {leaving}",
                vertex.span,
                notes=(Note("before", title(first), first.span),),
                help="put an activation such as ReLU between them, or remove the first",
            )


def idle_dropout(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """The dropout of a recurrent layer of one layer.

    It acts between stacked layers only. torch.nn.LSTM: "a Dropout layer on the outputs of each LSTM layer except the
    last layer"; with one layer torch warns and ignores it.
    """
    for vertex in graph:
        dropout = getattr(vertex.layer, "dropout", 0.0)
        if vertex.kind in ("RNN", "LSTM", "GRU") and dropout and getattr(vertex.layer, "num_layers", 1) == 1:
            yield warning(
                "idle-dropout",
                f"dropout {dropout} of {title(vertex)} does nothing: it acts between layers, and there is one",
                vertex.span,
                help=f"put `- Dropout: {dropout}` after it, or give it `num_layers: 2`",
            )


def _biased_by_channel(vertex: Vertex) -> bool:
    """Whether the bias adds one number to each channel of axis 1."""
    return vertex.kind in CONVOLUTIONS or (vertex.kind == "Linear" and vertex.gives[0].rank == 2)
