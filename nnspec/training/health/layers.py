"""What a look at the layers tells: gradients that vanish or explode, units that are dead, activations that are flat."""

from collections import Counter
from collections.abc import Callable, Iterator

from nnspec.diagnostics import Diagnostic, Note, some
from nnspec.graph import Graph, Vertex
from nnspec.spec.spec import Spec
from nnspec.training.health.look import ENDS, LayerHealth, Look
from nnspec.training.health.words import number, times, title

APART = 1e3  # between the first layers' gradients and the last ones'; healthy deep networks stay within 100
THROUGH_TIME = 100.0  # the same, between a sequence's first step and its last
TOO_LONG = 3.0  # a gradient whose norm is more times the weights' moves them out of place in a few steps
MOST_DEAD = 0.8  # share of units; in a healthy ReLU layer up to half are 0 for all of a small batch
MOST_FLAT = 0.8  # share of numbers
SLOPES = {"Sigmoid": "1/4", "Tanh": "1, and 0.61 on average"}
TABLES = frozenset({"Embedding", "EmbeddingBag"})  # only the rows that a batch looks up have a gradient

Diagnose = Callable[[Spec, Graph, Look], Iterator[Diagnostic]]


def found(code: str, message: str, vertex: Vertex, *notes: Note, help: str) -> Diagnostic:
    """A finding at a layer."""
    return Diagnostic(code, message, vertex.span, notes, help, "warning")


def vanishing(spec: Spec, graph: Graph, look: Look) -> Iterator[Diagnostic]:
    """The first layers' gradients are far smaller than the last ones', and no dead layer is why.

    Hochreiter 1991; Glorot & Bengio 2010. Numbers are compared by their root mean square, so that sizes don't count.
    """
    layers = _weighted(look)
    if len(layers) < 3 or any(_all_dead(layer) for layer in look.layers):
        return
    first, strongest = layers[0], max(layers[1:], key=lambda layer: layer.typical or 0.0)
    ratio = _over(strongest.typical, first.typical)
    if ratio < APART or strongest.typical == 0:
        return
    flat = Counter(v.kind for v in _between(graph, first.name, strongest.name) if v.kind in ENDS)
    sizes = [(layer, f"{number(layer.typical or 0.0)} for a weight of {layer.name}") for layer in (first, strongest)]
    notes = [Note("gradient", size, graph.vertices[layer.name].span) for layer, size in sizes]
    whys = [f"{kind} ×{count}: each multiplies by at most {SLOPES[kind]}" for kind, count in flat.items()]
    notes += [Note("why", why) for why in whys]
    yield found(
        "vanishing",
        f"{first.name} gets gradients {times(ratio)} smaller than {strongest.name}: vanishing",
        graph.vertices[first.name],
        *notes,
        help="ReLU with `init: {weight: kaiming_normal_}`, a BatchNorm after each layer, or Residual around them",
    )


def exploding(spec: Spec, graph: Graph, look: Look) -> Iterator[Diagnostic]:
    """Gradients grow on their way back, through layers or through a sequence, and nothing limits them.

    Pascanu, Mikolov & Bengio, On the difficulty of training recurrent neural networks, 2013.
    """
    if spec.train.clip_grad_norm is not None or spec.train.clip_grad_value is not None:
        return
    for layer in look.layers:
        if (layer.through_time or 0) >= THROUGH_TIME and (layer.gradient_to_weight or 0) >= TOO_LONG:
            assert layer.through_time
            message = (
                f"the gradient at the first step of a sequence is {times(layer.through_time)} that at the last: "
                f"exploding through {layer.name}"
            )
            yield found(
                "exploding",
                message,
                graph.vertices[layer.name],
                *_strength(layer),
                Note("why", "every step back multiplies by the recurrent weights once more"),
                help="`train: {clip_grad_norm: 1}`; LSTM or GRU, whose gates keep the gradient's size",
            )
            return
    layers = _weighted(look)
    if len(layers) < 3:
        return
    first, last = layers[0], layers[-1]
    ratio = _over(first.typical, last.typical)
    if ratio >= APART and last.typical and (first.gradient_to_weight or 0) >= TOO_LONG:
        yield found(
            "exploding",
            f"{first.name} gets gradients {times(ratio)} larger than {last.name}: exploding",
            graph.vertices[first.name],
            *_strength(first),
            help="smaller weights at the start (`init: {weight: kaiming_normal_}`), a BatchNorm after each layer, "
            "or `train: {clip_grad_norm: 1}`",
        )


def dead_units(spec: Spec, graph: Graph, look: Look) -> Iterator[Diagnostic]:
    """A ReLU that gives 0 for every example passes no gradient back, so the weights before it never move again."""
    dead = [layer for layer in look.layers if (layer.dead or 0.0) >= MOST_DEAD]
    if not dead:
        return
    worst = dead[0]
    others = [f"{layer.name} ({layer.dead:.0%})" for layer in dead[1:] if layer.dead]
    yield found(
        "dead-units",
        f"{worst.dead:.0%} of the units of {worst.kind} {worst.name} are 0 for every example: dead",
        graph.vertices[worst.name],
        *((Note("also", some(others)),) if others else ()),
        Note("why", "below 0 a ReLU is flat: no gradient comes back, and the weights before it do not move again"),
        help="a smaller learning rate, biases that start at 0, prepared inputs; or LeakyReLU, which is flat nowhere",
    )


def saturated(spec: Spec, graph: Graph, look: Look) -> Iterator[Diagnostic]:
    """Sigmoids or tanhs at their flat ends, where the slope is nearly 0; the network's own answers may be there."""
    answers = {port.vertex for port in graph.outputs.values()}
    flat = [x for x in look.layers if (x.saturated or 0.0) >= MOST_FLAT and x.name not in answers]
    if not flat:
        return
    worst = flat[0]
    yield found(
        "saturated",
        f"{worst.saturated:.0%} of what {worst.kind} {worst.name} gives is at its flat ends: saturated",
        graph.vertices[worst.name],
        Note("input", f"numbers of about ±{number(worst.scale or 0.0)}; its slope lives within ±4"),
        *((Note("also", some(layer.name for layer in flat[1:])),) if flat[1:] else ()),
        help="prepare the inputs (Standardize), start with smaller weights (`init: {weight: xavier_uniform_}`), "
        "or a BatchNorm before it",
    )


def no_gradient(spec: Spec, graph: Graph, look: Look) -> Iterator[Diagnostic]:
    """Parameters that the loss does not depend on: they stay as they began."""
    for layer in look.layers:
        if layer.idle:
            vertex = graph.vertices[layer.name]
            yield found(
                "no-gradient",
                f"{some(layer.idle)} of {title(vertex)} gets no gradient: the loss does not depend on it",
                vertex,
                help="lead the layer's output to one that has a loss, or freeze it: `weights: {freeze: [...]}`",
            )
            return


LAYER_DIAGNOSES: tuple[Diagnose, ...] = (no_gradient, dead_units, saturated, vanishing, exploding)

AT_START: tuple[Diagnose, ...] = (no_gradient, dead_units, exploding)


def diagnose_layers(spec: Spec, graph: Graph, look: Look) -> Iterator[Diagnostic]:
    """All that one look tells. Before the first step a last layer may be 0 on purpose, and all before it then are."""
    for diagnose in LAYER_DIAGNOSES if look.step else AT_START:
        yield from diagnose(spec, graph, look)


def typical_update(look: Look) -> float | None:
    """The middle of the layers' update-to-weight ratios."""
    ratios = sorted(layer.update_to_weight for layer in _weighted(look) if layer.update_to_weight is not None)
    return ratios[len(ratios) // 2] if ratios else None


def _weighted(look: Look) -> list[LayerHealth]:
    """Layers with matrices of weights and a gradient, in the network's order."""
    return [x for x in look.layers if x.gradient is not None and x.kind not in TABLES and "Norm" not in x.kind]


def _all_dead(layer: LayerHealth) -> bool:
    return (layer.dead or 0.0) >= MOST_DEAD


def _over(large: float | None, small: float | None) -> float:
    if not large:
        return 0.0
    return large / small if small else float("inf")


def _between(graph: Graph, first: str, last: str) -> list[Vertex]:
    names = list(graph.vertices)
    return [graph.vertices[name] for name in names[names.index(first) : names.index(last)]]


def _strength(layer: LayerHealth) -> list[Note]:
    if layer.gradient is None or not layer.weight:
        return []
    text = f"norm {number(layer.gradient)}, and that of the weights is {number(layer.weight)}"
    return [Note("gradient", text)]
