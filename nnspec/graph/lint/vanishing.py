"""The lint of deep stacks of saturating activations."""

from collections.abc import Iterator
from dataclasses import dataclass

from nnspec.diagnostics import Diagnostic, Note
from nnspec.graph.graph import Graph, Vertex
from nnspec.graph.lint.walk import title, warning
from nnspec.spec import Spec

SIGMOID_SLOPE = 0.25  # the largest there is, at 0
TANH_SLOPE = 0.61  # the mean over a standard normal input; the largest is 1
SHORTEST = 4  # activations
VANISHED = 0.005  # what four sigmoids leave of a gradient, and eleven tanhs
# Behind these the gradient is of its own size again, or has a way round.
FRESH = frozenset({"BatchNorm1d", "BatchNorm2d", "LayerNorm", "Add", "RNN", "LSTM", "GRU"})


@dataclass(frozen=True, slots=True)
class Stack:
    """Saturating activations on the way from here back to the last fresh start."""

    sigmoids: int = 0
    tanhs: int = 0
    first: Vertex | None = None
    last: Vertex | None = None

    @property
    def factor(self) -> float:
        """What their slopes leave of a gradient."""
        return float(SIGMOID_SLOPE**self.sigmoids * TANH_SLOPE**self.tanhs)

    @property
    def vanished(self) -> bool:
        return self.sigmoids + self.tanhs >= SHORTEST and self.factor <= VANISHED

    def plus(self, vertex: Vertex) -> "Stack":
        sigmoid = vertex.kind == "Sigmoid"
        return Stack(self.sigmoids + sigmoid, self.tanhs + (not sigmoid), self.first or vertex, vertex)

    def __str__(self) -> str:
        """`0.25^6 = 2.4e-4`."""
        counts = ((SIGMOID_SLOPE, self.sigmoids), (TANH_SLOPE, self.tanhs))
        powers = [f"{slope}^{count}" if count > 1 else f"{slope}" for slope, count in counts if count]
        mantissa, exponent = f"{self.factor:.1e}".split("e")
        return f"{' * '.join(powers)} = {mantissa}e{int(exponent)}"


def vanishing(spec: Spec, graph: Graph) -> Iterator[Diagnostic]:
    """Sigmoids and tanhs in a row, with nothing between them that keeps the gradient alive.

    The gradient is multiplied by each activation's slope on its way back: at most 1/4 for a sigmoid, and for a tanh
    0.61 on average over a standard normal input. Hochreiter 1991; Glorot & Bengio, Understanding the difficulty of
    training deep feedforward neural networks, 2010. Where several paths meet, the one that shrinks it least counts.
    """
    stacks = _stacks(graph)
    followed = {port.vertex for vertex in graph if stacks[vertex.name].vanished for port in vertex.inputs}
    for vertex in graph:
        stack = stacks[vertex.name]
        if not stack.vanished or vertex.name in followed:
            continue  # told once, where the stack ends
        assert stack.first and stack.last
        yield warning(
            "vanishing",
            f"{stack.sigmoids + stack.tanhs} saturating activations in a row up to {title(stack.last)}: "
            f"their slopes leave {stack} of the gradient",
            stack.last.span,
            notes=(Note("first", title(stack.first), stack.first.span), *_slopes(stack)),
            help="ReLU or GELU in their place; or a BatchNorm, a LayerNorm or an Add between",
        )


def _stacks(graph: Graph) -> dict[str, Stack]:
    """For each layer the stack that ends in it."""
    found: dict[str, Stack] = {}
    for vertex in graph:
        before = [found.get(port.vertex, Stack()) for port in vertex.inputs]
        shortest = max(before, key=lambda stack: stack.factor)
        if vertex.kind in FRESH:
            found[vertex.name] = Stack()
        else:
            found[vertex.name] = shortest.plus(vertex) if vertex.kind in ("Sigmoid", "Tanh") else shortest
    return found


def _slopes(stack: Stack) -> tuple[Note, ...]:
    sigmoid = (Note("slope", f"a sigmoid's is at most {SIGMOID_SLOPE}"),) * bool(stack.sigmoids)
    tanh = (Note("slope", f"a tanh's is {TANH_SLOPE} on average over a standard normal input"),) * bool(stack.tanhs)
    return sigmoid + tanh
