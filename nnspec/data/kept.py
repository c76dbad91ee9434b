"""What a run keeps of its test part: for the proof, and for evaluation."""

from nnspec.data.examples import Part, prepared_inputs
from nnspec.data.streamed import StreamedPart
from nnspec.prepare import Preparation
from nnspec.runs import ROW_WEIGHTS
from nnspec.spec.spec import Spec
from nnspec.tables import Array


def kept_rows(spec: Spec, preparation: Preparation, part: Part | StreamedPart, most: int) -> dict[str, Array]:
    """The first examples: inputs as the exported file takes them, and targets in their own units, by name."""
    raw = part.head(most)
    again = {output.target for output in spec.outputs.values() if output.target}
    given = prepared_inputs(preparation, {name: raw[name] for name in again})
    targets = {name: given[output.target] for name, output in spec.outputs.items() if output.target}
    weights = {} if part.weights is None else {ROW_WEIGHTS: part.weights[:most]}
    return {**raw, **{name: rows[:most] for name, rows in part.targets.items()}, **targets, **weights}
