"""Lints of the last layer and the loss that reads it."""

from collections.abc import Iterator
from math import e

from nnspec.diagnostics import Diagnostic, Note
from nnspec.graph.graph import Graph, Vertex
from nnspec.graph.lint.walk import (
    ACTIVATIONS,
    BATCH_NORMS,
    CONVOLUTIONS,
    PASSING,
    answers,
    givers,
    loss_span,
    title,
    warning,
)
from nnspec.spec import Spec
from nnspec.spec.spec import Output

REGRESSIONS = frozenset({"MSELoss", "L1Loss", "HuberLoss", "SmoothL1Loss"})
# Losses of log-probabilities, and what else takes raw scores.
OF_LOGARITHMS = {"NLLLoss": "; or CrossEntropyLoss, which takes raw scores", "KLDivLoss": ""}
PROBABLE = {"Sigmoid", "Softmax", "Hardsigmoid"}
RESHAPING = PASSING | {"Flatten"}  # an elementwise function is the same before them
# Layers whose numbers are no log-probabilities for certain; of others, such as a plugin's, nothing is said.
RAW = (ACTIVATIONS | BATCH_NORMS | CONVOLUTIONS | {"Linear", "Softmax", "LayerNorm", "RNN", "LSTM", "GRU"}) - {
    "LogSigmoid"
}


def softmax_loss(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """Softmax before CrossEntropyLoss, which takes the softmax itself.

    The second softmax sees numbers from 0 to 1 only, so with k classes no probability exceeds e / (e + k - 1), the loss
    stays above its logarithm and the gradient is small. torch.nn.CrossEntropyLoss: "the input is expected to contain
    the unnormalized logits". A LogSoftmax there changes nothing, since the softmax of its output is the same again.
    """
    for output, loss, vertex in answers(spec, graph):
        if loss == "CrossEntropyLoss" and vertex.kind == "Softmax" and _over_classes(vertex, output):
            assert output.loss
            classes = output.loss.classes_of(vertex.gives[0])
            ceiling = e / (e + classes - 1)
            yield warning(
                "softmax-loss",
                f"CrossEntropyLoss takes the softmax itself: after {title(vertex)} "
                f"no probability of {classes} classes exceeds {ceiling:.2g}",
                vertex.span,
                help="remove it: the exported model gives probabilities all the same",
            )


def sigmoid_loss(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """Sigmoid before BCEWithLogitsLoss, which takes the sigmoid itself; none before BCELoss, which does not.

    The second sigmoid sees numbers from 0 to 1 only, so the probability lies between 0.5 and e / (e + 1) = 0.73: a "no"
    can never be learnt. torch.nn.BCEWithLogitsLoss "combines a Sigmoid layer and the BCELoss in one single class".
    """
    for output, loss, vertex in answers(spec, graph, RESHAPING):
        if loss == "BCELoss" and vertex.kind in RAW - PROBABLE:
            yield warning(
                "sigmoid-loss",
                f"BCELoss reads probabilities, and {title(vertex)} gives none",
                loss_span(spec, output),
                notes=(Note("input", f"{vertex.gives[0]} from {vertex.name}", vertex.span),),
                help="end with `- Sigmoid`; or BCEWithLogitsLoss, which takes raw scores",
            )
        elif loss == "BCEWithLogitsLoss" and vertex.kind == "Sigmoid":
            yield warning(
                "sigmoid-loss",
                f"BCEWithLogitsLoss takes the sigmoid itself: after {title(vertex)} "
                "every probability lies between 0.5 and 0.73",
                vertex.span,
                help="remove it: the exported model gives probabilities all the same",
            )


def log_softmax(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """NLLLoss or KLDivLoss on something other than log-probabilities.

    NLLLoss is -output[target], with nothing that holds the outputs together: on raw scores it falls for ever as they
    grow. torch.nn.NLLLoss: "obtaining log-probabilities is easily achieved by adding a LogSoftmax layer".
    """
    for output, loss, vertex in answers(spec, graph):
        if loss in OF_LOGARITHMS and vertex.kind in RAW:
            axis = output.loss.class_axis if output.loss else 1
            yield warning(
                "log-softmax",
                f"{loss} reads log-probabilities, and {title(vertex)} gives none",
                loss_span(spec, output),
                notes=(Note("input", f"{vertex.gives[0]} from {vertex.name}", vertex.span),),
                help="LogSoftmax in place of the Softmax"
                if vertex.kind == "Softmax"
                else f"end with `- LogSoftmax: {{dim: {axis}}}`{OF_LOGARITHMS[loss]}",
            )


def relu_output(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """ReLU as the last layer of a regression.

    Values below 0 are out of reach, and where the unit gives 0 no gradient comes back, so an example that starts there
    is not learnt from. Goodfellow, Bengio & Courville, Deep Learning, 2016, 6.2.2: linear units for real numbers.
    """
    for output, loss, vertex in answers(spec, graph, RESHAPING):
        steps = [type(step).__name__ for step in output.steps]
        if loss in REGRESSIONS and vertex.kind == "ReLU":
            notes: tuple[Note, ...] = ()
            if "Standardize" in steps:
                notes = (Note("target", "Standardize makes every value under the mean negative", output.span),)
            yield warning(
                "relu-output",
                f"{title(vertex)} keeps {output.name} from values below 0, and where it gives 0 nothing is learnt",
                vertex.span,
                notes=notes,
                help=f"remove it: {loss} compares any real numbers",
            )


def dropout_output(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """Dropout as the last layer.

    It zeroes parts of the answer itself, so the loss punishes the network for what was taken from it. Srivastava et
    al., Dropout, 2014, drop inputs and hidden units.
    """
    makers = givers(graph, frozenset({"Identity"}))
    for name, port in graph.outputs.items():
        vertex = makers.get(port.vertex)
        p = getattr(vertex.layer, "p", 0.0) if vertex and vertex.kind == "Dropout" else 0.0
        if vertex and p:
            yield warning(
                "dropout-output",
                f"{title(vertex)} is the last layer: in training it makes parts of {name} 0",
                vertex.span,
                help="move it before the layer that gives the answer, or remove it",
            )


def _over_classes(vertex: Vertex, output: Output) -> bool:
    """Whether a softmax runs over the axis where the loss has the classes."""
    x = vertex.arrives[0]
    assert output.loss
    return x.axis(getattr(vertex.layer, "dim", -1)) == x.axis(output.loss.class_axis)
