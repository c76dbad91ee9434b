"""What a spec needs before it can be trained."""

from nnspec.diagnostics import Note, Span, SpecError
from nnspec.graph import Graph, Vertex
from nnspec.spec.spec import Spec
from nnspec.training.batches import batch_size_of, batch_sizes

LINES = {
    "data": "data: {source: rows.csv}",
    "loss": "loss: CrossEntropyLoss",
    "optimizer": "optimizer: {Adam: {lr: 1e-3}}",
}


def check_trainable(spec: Spec, graph: Graph) -> None:
    """Refuse a spec without data, loss, optimizer or weights."""
    present = {
        "data": spec.data is not None,
        "loss": any(output.loss for output in spec.outputs.values()),
        "optimizer": spec.optimizer is not None,
    }
    missing = [what for what, there in present.items() if not there]
    place = Span(spec.root.span.text)
    if missing:
        *most, last = (f"no {what}" for what in missing)
        message = f"the spec cannot be trained: it has {', '.join(most)}{' and ' * bool(most)}{last}"
        notes = [Note("add", LINES[what]) for what in missing]
        raise SpecError.of("not-trainable", message, place, notes=notes)
    if graph.frozen and graph.frozen >= graph.parameters.keys():
        message = "the spec cannot be trained: every parameter is frozen"
        raise SpecError.of("not-trainable", message, place, help="take `freeze` off what should learn")
    if not graph.parameters:
        message = "the spec cannot be trained: no layer that reaches an output has weights"
        raise SpecError.of("not-trainable", message, place, help="add a layer that learns, as in `- Linear: 10`")


def check_batches(spec: Spec, graph: Graph, rows: int, ranks: int = 1) -> None:
    """Refuse batches of one example for a BatchNorm that would see a single number per channel.

    Where `ranks` processes share a batch that holds for the least share.
    """
    least = min(batch_sizes(rows, batch_size_of(spec.train.batch_size, rows)), default=0)
    if least == 0 or least // ranks > 1:
        return
    for vertex in graph:
        if vertex.kind.startswith("BatchNorm") and vertex.name in graph.live and _single(vertex):
            note = Note("layer", f"{vertex.kind} {vertex.name}", vertex.span)
            raise SpecError.of(
                "wrong-value",
                f"{vertex.kind} learns from several examples at a time, and a batch has one",
                spec.span_of("train", "batch_size"),
                notes=[note],
                help="give `train: {batch_size: 32}`, or take LayerNorm" if rows > 1 else "give more training rows",
            )


def _single(vertex: Vertex) -> bool:
    return all(size == 1 for size in vertex.arrives[0].spatial)
